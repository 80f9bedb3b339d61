"""The product as a service manager sees it: real processes, real signals, on SQLite."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ACCOUNT, TOKEN = "AC" + "0" * 32, "token"


@dataclass
class Service:
    """A running ``callcenter serve`` and what it has said."""

    parent: subprocess.Popen[bytes]
    url: str
    log: Path
    file: Path

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def children(self) -> list[int]:
        """The serving processes, oldest first."""
        listed = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        return sorted(int(pid) for pid in listed if is_alive(int(pid)))

    @property
    def said(self) -> str:
        """Everything on its standard output and error."""
        return self.log.read_text()

    def send(self, name: signal.Signals) -> None:
        """Signal the parent."""
        self.parent.send_signal(name)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something to come true."""
        until = time.monotonic() + 45  # two cores may be shared by much else
        while not holds():
            assert time.monotonic() < until, f"{what}; it said:\n{self.said}"
            time.sleep(0.02)

    def is_up(self) -> bool:
        """Whether it answers on a new connection."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def is_alive(pid: int) -> bool:
    """Whether the process runs: one that has ended and was not waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


Start = Callable[..., Service]


@pytest.fixture(scope="module")
def start(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start the command; ``arguments`` and ``pass_fds`` hand a socket over as systemd does."""
    started: list[Service] = []

    def start(
        *,
        port: int | None = None,
        arguments: tuple[str, ...] = (),
        pass_fds: tuple[int, ...] = (),
        file: Path | None = None,
    ) -> Service:
        folder = tmp_path_factory.mktemp("service")
        if file is None:
            file = folder / "callcenter.db"
            shutil.copyfile(_sqlite_template, file)
        port = port or _free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "CALLCENTER_DATABASE_URL": f"sqlite:///{file}",
            "CALLCENTER_PUBLIC_URL": url,
            "CALLCENTER_PORT": str(port),
            "CALLCENTER_SECRET_KEY": "s" * 32,
            "CALLCENTER_TWILIO_ACCOUNT_SID": ACCOUNT,
            "CALLCENTER_TWILIO_AUTH_TOKEN": TOKEN,
            "CALLCENTER_TWILIO_BASE_URL": "http://127.0.0.1:9",
            "CALLCENTER_LOG_LEVEL": "ERROR",
        }
        log = folder / "service.log"
        with log.open("w") as written:
            parent = subprocess.Popen(
                arguments or (sys.executable, "-m", "callcenter", "serve"),
                env=environment,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        service = Service(parent, url, log, file)
        started.append(service)
        return service

    yield start
    for service in started:
        if service.parent.poll() is None:
            service.parent.kill()
        service.parent.wait()


@pytest.fixture(scope="module")
def running(start: Start) -> Service:
    """One that answers; the tests of a file share it, for each start costs seconds."""
    service = start()
    service.until(service.is_up, "it does not answer")
    return service


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
