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
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Role, Staff
from callcenter.web.context import SESSION_COOKIE
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
        headers, body = _signed(self._service, sid)
        connection = http.client.HTTPConnection("127.0.0.1", self._service.port, timeout=15)
        with contextlib.closing(connection):
            try:
                connection.request("POST", "/twilio/voice", body, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.refused.append(f"{sid}: {answer.status}")
            except (OSError, http.client.HTTPException) as fault:
                self.refused.append(f"{sid}: {fault!r}")

    def _ask_again_and_again(self) -> None:
        """Without trying again: a kept connection may only end after an answer that said so."""
        connection = http.client.HTTPConnection("127.0.0.1", self._service.port, timeout=15)
        with contextlib.closing(connection):
            while not self._enough.wait(0.05):
                try:
                    connection.request("GET", "/healthz")
                    connection.getresponse().read()
                except (OSError, http.client.HTTPException) as fault:
                    self.refused.append(f"kept connection: {fault!r}")
                    connection.close()


class Screen:
    """A browser's event stream; it connects again as soon as it ends."""

    def __init__(self, service: Service) -> None:
        self.opened = 0
        self._service = service
        self._cookies = {SESSION_COOKIE: _sign_in(service)}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Screen:
        self._thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._closed.set()

    def _follow(self) -> None:
        try:
            self._listen_again_and_again()
        except httpx.TransportError:
            if not self._closed.is_set():  # a crash in a later test ends what is left of this one's stream
                raise

    def _listen_again_and_again(self) -> None:
        while not self._closed.is_set():
            with httpx.stream("GET", f"{self._service.url}/live", cookies=self._cookies, timeout=30) as stream:
                assert stream.status_code == 200
                self.opened += 1
                for _line in stream.iter_lines():
                    if self._closed.is_set():
                        return


def test_a_deploy_refuses_nobody(running: Service) -> None:
    [before] = running.children
    with Callers(running, per_second=40) as callers, Screen(running) as screen:
        running.until(lambda: screen.opened == 1, "no stream")
        slow, rest = _begin_a_request(running)
        running.send(signal.SIGHUP)
        running.until(lambda: screen.opened == 2, "the screen did not land on the new process")
        assert before in running.children  # it finishes what it began
        slow.sendall(rest)
        assert slow.recv(4000).startswith(b"HTTP/1.1 200")
        slow.close()
        running.until(lambda: before not in running.children, "the process before stays")
        # What it still changed was told to nobody: the screens read themselves anew.
        running.until(lambda: screen.opened == 3, "the screen heard nothing")
    assert "Another process serves now; the one before finishes what it began." in running.said
    [after] = running.children
    assert (callers.refused, after != before, running.is_up()) == ([], True, True)
    # A number of no practice: noted all the same, each of them.
    with contextlib.closing(sqlite3.connect(running.file)) as database:
        known = {sid for (sid,) in database.execute("SELECT sid FROM misdialled_call")}
    assert set(callers.sids) - known == set()
    assert len(callers.sids) > 20


def test_a_version_that_refuses_to_start_changes_nothing_and_a_crash_makes_callers_wait(running: Service) -> None:
    before = running.children
    with _database_of_a_newer_version(running):
        running.send(signal.SIGHUP)
        running.until(lambda: "goes on serving" in running.said, "nothing was said")
        assert "The database comes from a newer version" in running.said
        assert (running.children, running.is_up(), running.parent.poll()) == (before, True, None)

        os.kill(before[0], signal.SIGKILL)
        running.until(lambda: "The process did not start." in running.said, "no other took its place")
        # Connected while nobody can accept: the answer comes once the database is as it should be, only later.
        waiting = socket.create_connection(("127.0.0.1", running.port), timeout=45)
        waiting.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    with waiting:
        assert waiting.recv(200).startswith(b"HTTP/1.1 200")
    assert "ended by itself (status -9); another takes its place" in running.said
    assert running.parent.poll() is None


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
        assert service.parent.wait(20) == 0
        with socket.create_connection(("127.0.0.1", port), timeout=5) as waiting:
            waiting.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            start(port=port, arguments=(sys.executable, "-c", begin), pass_fds=(held.fileno(),))
            waiting.settimeout(45)
            assert waiting.recv(200).startswith(b"HTTP/1.1 200")


def _begin_a_request(service: Service) -> tuple[socket.socket, bytes]:
    """A webhook whose last bytes are not sent yet, and those bytes."""
    head, body = _signed(service, "CA" + "f" * 32)
    lines = [f"{name}: {value}" for name, value in head.items()]
    request = "\r\n".join(["POST /twilio/voice HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", body])
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=15)
    connection.sendall(request.encode()[:-5])
    time.sleep(0.1)  # until the process has it: one that waits in the backlog would go to the next
    return connection, request.encode()[-5:]


def _signed(service: Service, sid: str) -> tuple[dict[str, str], str]:
    """The headers and the body of a caller's webhook."""
    told = {"CallSid": sid, "AccountSid": ACCOUNT, "From": "+33612345678", "To": "+33199001234"}
    signature = RequestValidator(TOKEN).compute_signature(f"{service.url}/twilio/voice", told)
    return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}, urlencode(told)


def _sign_in(service: Service) -> str:
    """A supervisor's session."""
    at = datetime.now(UTC)
    database = Database(f"sqlite:///{service.file}")
    with database.unit_of_work(Centre(CentreReason.SEED)) as session:
        sofia = Staff(login="sofia", name="Sofia", role=Role.SUPERVISOR, password_hash="-", created_at=at)
        session.add(sofia)
        session.flush()
        token = open_session(session, sofia.id, at=at)
    database.close()
    return token


@contextlib.contextmanager
def _database_of_a_newer_version(service: Service) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(service.file, timeout=10)) as database:
        [(revision,)] = database.execute("SELECT version_num FROM alembic_version").fetchall()
        with database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        yield
        with database:
            database.execute("UPDATE alembic_version SET version_num = ?", [revision])
