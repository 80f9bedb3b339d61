"""The carrier's stand-in as a post office: e-mail over real SMTP on the loopback, and what it made of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from callcenter.carrier.app import create_carrier
from callcenter.carrier.settings import CarrierSettings


@dataclass
class Postbox:
    """One that runs; ``url`` is the stand-in's own address."""

    url: str
    port: int

    def goes_wrong(self, fault: str, *, delay: float = 5.0, at_most: int | None = None) -> None:
        """From now on e-mails meet this fault."""
        asked = {"chances": {fault: 1}, "delay": delay, "at_most": at_most, "only": ["mail"]}
        httpx.put(f"{self.url}/network/faults", json=asked).raise_for_status()

    def goes_well(self) -> None:
        """No fault any more."""
        httpx.delete(f"{self.url}/network/faults").raise_for_status()

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """What arrived, oldest first."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/network/mails", params={"to": to}).json()
        return found


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """One of its own, empty."""
    bound, smtp = socket.socket(), socket.socket()
    for one in (bound, smtp):
        one.bind(("127.0.0.1", 0))
    app = create_carrier(CarrierSettings(), smtp=smtp)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    yield Postbox(f"http://127.0.0.1:{bound.getsockname()[1]}", smtp.getsockname()[1])
    server.should_exit = True
    thread.join(10)
    bound.close()
