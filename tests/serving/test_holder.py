"""The socket outlives the process: whoever rings during a deploy or after a crash is answered."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from tests.serving.conftest import ACCOUNT, TOKEN, Service, Start, is_alive


class Callers:
    """Voice webhooks at a steady rate, each on a connection of its own, beside a proxy that keeps one open."""

    def __init__(self, service: Service, *, per_second: float) -> None:
        self.refused: list[str] = []
        self.sids: list[str] = []
        self._service = service
        self._pause = 1 / per_second
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ring), threading.Thread(target=self._ask_again_and_again)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _ring(self) -> None:
        at_once: list[threading.Thread] = []
        while not self._enough.wait(self._pause):
            sid = f"CA{len(self.sids):032x}"
            self.sids.append(sid)
            at_once.append(threading.Thread(target=self._post, args=(sid,)))
            at_once[-1].start()
        for one in at_once:
            one.join()

    def _post(self, sid: str) -> None:
        url = f"{self._service.url}/twilio/voice"
        told = {"CallSid": sid, "AccountSid": ACCOUNT, "From": "+33612345678", "To": "+33199001234"}
        headers = {
            "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, told),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection = http.client.HTTPConnection(self._service.url.removeprefix("http://"), timeout=15)
        with contextlib.closing(connection):
            try:
                connection.request("POST", "/twilio/voice", urlencode(told), headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.refused.append(f"{sid}: {answer.status}")
            except (OSError, http.client.HTTPException) as fault:
                self.refused.append(f"{sid}: {fault!r}")

    def _ask_again_and_again(self) -> None:
        """Without trying again: a kept connection may only end after an answer that said so."""
        connection = http.client.HTTPConnection(self._service.url.removeprefix("http://"), timeout=15)
        with contextlib.closing(connection):
            while not self._enough.wait(0.05):
                try:
                    connection.request("GET", "/healthz")
                    connection.getresponse().read()
                except (OSError, http.client.HTTPException) as fault:
                    self.refused.append(f"kept connection: {fault!r}")
                    connection.close()


def test_a_deploy_refuses_nobody(running: Service) -> None:
    [before] = running.children
    with Callers(running, per_second=40) as callers:
        running.send(signal.SIGHUP)
        running.until(lambda: len(running.children) == 2, "no second process came")
        running.until(lambda: before not in running.children, "the process before stays")
        time.sleep(0.3)
    [after] = running.children
    assert (callers.refused, after != before, running.is_up()) == ([], True, True)
    # A number of no practice: noted all the same, each of them.
    with contextlib.closing(sqlite3.connect(running.file)) as database:
        known = {sid for (sid,) in database.execute("SELECT sid FROM misdialled_call")}
    assert set(callers.sids) - known == set()
    assert len(callers.sids) > 20


def test_after_a_crash_connections_wait_for_the_next_process(running: Service) -> None:
    [before] = running.children
    os.kill(before, signal.SIGKILL)
    # Connected while nobody accepts: the answer comes, only later.
    assert httpx.get(f"{running.url}/healthz", timeout=15).status_code == 200
    assert before not in running.children
    assert "ended by itself (status -9); another takes its place" in running.said


def test_a_new_version_that_refuses_to_start_changes_nothing(running: Service) -> None:
    before = running.children
    with contextlib.closing(sqlite3.connect(running.file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    running.send(signal.SIGHUP)
    running.until(lambda: "goes on serving" in running.said, "nothing was said")
    assert "The database comes from a newer version" in running.said
    assert (running.children, running.is_up(), running.parent.poll()) == (before, True, None)


def test_a_killed_parent_leaves_no_orphan(running: Service) -> None:
    [child] = running.children
    running.parent.kill()
    running.parent.wait()
    running.until(lambda: not is_alive(child), "the child lives on")
    assert not running.is_up()


def test_systemd_hands_its_socket_over(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        # What systemd does: the socket is descriptor 3, and the variables name the very process.
        begin = (
            "import os, sys\n"
            f"os.dup2({held.fileno()}, 3)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"
            "os.execv(sys.executable, [sys.executable, '-m', 'callcenter', 'serve'])\n"
        )
        service = start(port=port, arguments=(sys.executable, "-c", begin), pass_fds=(held.fileno(),))
        service.until(service.is_up, "it does not answer")
        assert f"listening on 127.0.0.1:{port}" in service.said
        service.send(signal.SIGTERM)
        # Stopped, yet the port is not refused: the caller waits for the next start.
        assert service.parent.wait(10) == 0
        with socket.create_connection(("127.0.0.1", port), timeout=5) as waiting:
            waiting.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            start(port=port, arguments=(sys.executable, "-c", begin), pass_fds=(held.fileno(),))
            waiting.settimeout(20)
            assert waiting.recv(200).startswith(b"HTTP/1.1 200")
