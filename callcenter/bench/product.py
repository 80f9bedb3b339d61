"""The product in a process of its own, to be measured: started on a free port, asked as the carrier asks it."""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from callcenter.bench.routes import CPU
from callcenter.core.errors import StartRefused
from callcenter.local.cluster import Cluster

HOST = "127.0.0.1"
DATABASES = ("sqlite", "postgresql")
_START_WITHIN = 30.0  # seconds
_PUBLIC_URL = "https://bench.example.org"


class Product:
    """As `callcenter serve` runs it, but without its jobs, which would spend CPU beside what is measured."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.account = "AC" + secrets.token_hex(16)
        self.token = secrets.token_hex(16)
        self._log = (folder / "server.log").open("w")
        with socket.create_server((HOST, 0), backlog=256) as listening:
            self.port: int = listening.getsockname()[1]
            self._server = subprocess.Popen(
                [sys.executable, "-m", "callcenter.bench.server", str(listening.fileno())],
                env={**_without_settings(), **self._settings(database_url)},
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
            )
        self._wait(folder)

    def close(self) -> None:
        """Stop the product."""
        self._server.terminate()
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def cpu(self) -> int:
        """Nanoseconds of user and system time that it has spent."""
        return int(httpx.get(f"http://{HOST}:{self.port}{CPU}", timeout=10).json()["ns"])

    def call_request(self, path: str, sid: str, line: str, *, status: str = "ringing") -> bytes:
        """The whole signed HTTP request by which the carrier tells of a call to ``line`` (E.164)."""
        form = _voice_form(self.account, sid, line) | {"CallStatus": status}
        body = urlencode(form).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
            f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
            f"I-Twilio-Idempotency-Token: {sid[2:]}\r\nX-Twilio-Signature: {self._sign(path, form)}\r\n\r\n"
        )
        return head.encode() + body

    def _sign(self, path: str, form: dict[str, str]) -> str:
        """As the carrier signs: the address, then every parameter's name and value in the names' order."""
        signed = _PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
        return base64.b64encode(hmac.new(self.token.encode(), signed.encode(), hashlib.sha1).digest()).decode()

    def _settings(self, database_url: str) -> dict[str, str]:
        return {
            "CALLCENTER_DATABASE_URL": database_url,
            "CALLCENTER_PUBLIC_URL": _PUBLIC_URL,
            "CALLCENTER_SECRET_KEY": secrets.token_hex(32),
            "CALLCENTER_TWILIO_ACCOUNT_SID": self.account,
            "CALLCENTER_TWILIO_AUTH_TOKEN": self.token,
            "CALLCENTER_JOBS": "false",
            "CALLCENTER_LOG_LEVEL": "WARNING",
        }

    def _wait(self, folder: Path) -> None:
        until = time.monotonic() + _START_WITHIN
        while time.monotonic() < until and self._server.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                self.cpu()
                return
        said = (folder / "server.log").read_text()[-2000:]
        self.close()
        raise StartRefused(f"The product did not start:\n{said}")


@contextlib.contextmanager
def empty_database(kind: str, about: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """A folder, and the address of an empty database of this kind; what serves it is noted in ``about``."""
    with tempfile.TemporaryDirectory(prefix="callcenter-bench-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield folder, f"sqlite:///{folder / 'bench.db'}"
            return
        cluster = Cluster()
        try:
            cluster.execute("CREATE DATABASE bench")
            about["postgresql"] = cluster.ask("SHOW server_version")
            yield folder, cluster.url("bench")
        finally:
            cluster.stop()


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}


def _voice_form(account: str, sid: str, line: str) -> dict[str, str]:
    """What the carrier posts when a number is dialled (Twilio, "TwiML for Programmable Voice", request parameters)."""
    caller = f"+3363998{zlib.crc32(sid.encode()) % 10_000:04d}"
    places = {f"{who}{what}": "" for who in ("Called", "Caller", "From", "To") for what in ("City", "State", "Zip")}
    countries = {f"{who}Country": "FR" for who in ("Called", "Caller", "From", "To")}
    return {
        "AccountSid": account,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "ringing",
        "Called": line,
        "Caller": caller,
        "Direction": "inbound",
        "From": caller,
        "To": line,
        "StirVerstat": "TN-Validation-Passed-A",
        **countries,
        **places,
    }
