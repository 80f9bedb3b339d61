"""``callcenter bench webhook``: the whole voice webhook beside the same server verifying a signature alone.

Real HTTP on the loopback: the product in one process, as `callcenter serve` runs it but without its jobs, the callers
in another. Every request is signed beforehand. Rounds of the webhook and of the floor alternate; each round begins with
an empty queue and idle operators for half of its calls. PostgreSQL's own CPU is not counted.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from callcenter.bench.centre import Centre
from callcenter.bench.figures import Round, machine, webhook_rows
from callcenter.bench.routes import CPU, EMPTY, FLOOR, VOICE
from callcenter.core.errors import StartRefused
from callcenter.local.cluster import Cluster

HOST = "127.0.0.1"
CALLERS = (1, 16, 64)
DATABASES = ("sqlite", "postgresql")
_IN_CONFERENCE = "</Conference>"
_START_WITHIN = 30.0  # seconds
_PUBLIC_URL = "https://bench.example.org"

Say = Callable[[str], None]


class Bench:
    """The product on one database, and callers."""

    def __init__(self, folder: Path, database_url: str, *, calls: int) -> None:
        self.centre = Centre(database_url, operators=calls // 2)
        self._calls = calls
        self._sids = (f"CA{number:032x}" for number in itertools.count(1))
        self._token = secrets.token_hex(16)
        self._account = "AC" + secrets.token_hex(16)
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
        self.centre.close()

    def measure(self, path: str, *, callers: int) -> Round:
        """One round of one route. Raises ``Refused`` by name when an answer is not what it must be."""
        self.centre.begin_round()
        sids = list(itertools.islice(self._sids, self._calls))
        expected = EMPTY if path == FLOOR else _IN_CONFERENCE
        requests = b"".join(b"%d\n" % len(request) + request for request in (self._request(path, sid) for sid in sids))
        before = self._cpu()
        load = subprocess.run(
            [sys.executable, "-m", "callcenter.bench.load", HOST, str(self.port), str(callers), expected],
            input=requests,
            capture_output=True,
            check=False,
        )
        after = self._cpu()
        if load.returncode != 0:
            raise StartRefused(load.stderr.decode(errors="replace").strip()[-2000:])
        if path == VOICE:
            self.centre.check_round(calls=self._calls)
        return Round(cpu=(after - before) / 1e9, took=json.loads(load.stdout)["seconds"])

    def _cpu(self) -> int:
        return int(httpx.get(f"http://{HOST}:{self.port}{CPU}", timeout=10).json()["ns"])

    def _request(self, path: str, sid: str) -> bytes:
        form = _voice_form(self._account, sid, next(self.centre.numbers))
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
        return base64.b64encode(hmac.new(self._token.encode(), signed.encode(), hashlib.sha1).digest()).decode()

    def _settings(self, database_url: str) -> dict[str, str]:
        return {
            "CALLCENTER_DATABASE_URL": database_url,
            "CALLCENTER_PUBLIC_URL": _PUBLIC_URL,
            "CALLCENTER_SECRET_KEY": secrets.token_hex(32),
            "CALLCENTER_TWILIO_ACCOUNT_SID": self._account,
            "CALLCENTER_TWILIO_AUTH_TOKEN": self._token,
            "CALLCENTER_JOBS": "false",
            "CALLCENTER_LOG_LEVEL": "WARNING",
        }

    def _wait(self, folder: Path) -> None:
        until = time.monotonic() + _START_WITHIN
        while time.monotonic() < until and self._server.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                self._cpu()
                return
        said = (folder / "server.log").read_text()[-2000:]
        self.close()
        raise StartRefused(f"The product did not start:\n{said}")


def run(
    *,
    databases: Sequence[str] = DATABASES,
    callers: Sequence[int] = CALLERS,
    rounds: int = 5,
    calls: int = 400,
    say: Say = lambda _line: None,
) -> dict[str, Any]:
    """Measure, and give the report: ``rounds`` of ``calls`` requests per route, number of callers and database."""
    rows = []
    about = machine()
    for database in databases:
        with _database(database, about) as (folder, url), contextlib.closing(Bench(folder, url, calls=calls)) as bench:
            for path in (FLOOR, VOICE):
                bench.measure(path, callers=max(callers))  # everything is imported, every connection open
            for count in callers:
                say(f"{database}, {count} at once")
                floor, webhook = [], []
                for _ in range(rounds):
                    floor.append(bench.measure(FLOOR, callers=count))
                    webhook.append(bench.measure(VOICE, callers=count))
                rows += webhook_rows(database, count, webhook, floor)
    return {"bench": "webhook", "machine": about, "rounds": rounds, "requests": calls, "rows": rows}


@contextlib.contextmanager
def _database(kind: str, about: dict[str, Any]) -> Iterator[tuple[Path, str]]:
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
