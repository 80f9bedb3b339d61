"""The stage of a drill: a small centre on this machine, with the stand-in carrier, a database and a static server."""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from callcenter.core.clock import SystemClock
from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Practice, PracticeLine, Role, Staff
from callcenter.drills.static_server import StaticServer
from callcenter.local.processes import Process, free_port
from callcenter.routing.models import Agent, AgentStatus, Reservation, ReservationStatus

ALL = Centre(CentreReason.SEED)
BACKUP = "+33199009876"
BACKUP_SAYS = "Cabinet, bonjour, ne quittez pas."
OVER = frozenset({"completed", "failed", "busy", "no-answer", "canceled"})
_PRACTICES = 10
_COOKIE = "callcenter_session"
_HEARTBEAT_EVERY = 4.0  # seconds


@dataclass
class Operator:
    """An operator of the drill, signed in."""

    staff_id: int
    login: str
    http: httpx.Client


@dataclass
class Stage:
    """Everything that runs; ``product_url`` is where the carrier finds the product."""

    folder: Path
    database_url: str  # the drill's own look at the database, never through a proxy
    product_database_url: str = ""
    ports: tuple[int, int] = field(default_factory=lambda: (free_port("127.0.0.1"), free_port("127.0.0.1")))
    account_sid: str = "AC" + "d" * 32
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    operators: list[Operator] = field(default_factory=list)
    product: Process | None = None

    def __post_init__(self) -> None:
        self.product_database_url = self.product_database_url or self.database_url
        upgrade(self.database_url)
        self.database = Database(self.database_url)
        self.clock = SystemClock()
        self.product_url = f"http://127.0.0.1:{self.ports[0]}"
        self.carrier = httpx.Client(base_url=f"http://127.0.0.1:{self.ports[1]}", timeout=20)
        self._fallback_folder = self.folder / "fallback"
        self._fallback_folder.mkdir(parents=True, exist_ok=True)
        self._static = StaticServer(self._fallback_folder)
        self._starts = 0
        self._closing = threading.Event()
        self.lines = self._furnish()
        self._carrier_process = self._start_carrier()
        self._provision()

    @property
    def environment(self) -> dict[str, str]:
        """The product's settings."""
        return {
            "CALLCENTER_DATABASE_URL": self.product_database_url,
            "CALLCENTER_PUBLIC_URL": self.product_url,
            "CALLCENTER_PORT": str(self.ports[0]),
            "CALLCENTER_SECRET_KEY": "drill" * 8,
            "CALLCENTER_TWILIO_ACCOUNT_SID": self.account_sid,
            "CALLCENTER_TWILIO_AUTH_TOKEN": self.auth_token,
            "CALLCENTER_TWILIO_BASE_URL": f"http://127.0.0.1:{self.ports[1]}",
            "CALLCENTER_FALLBACK_URL": self._static.url,
            "CALLCENTER_CALLS_PER_SECOND": "50",
            "CALLCENTER_LOG_LEVEL": "WARNING",
        }

    def start_product(self) -> None:
        """Start the product and wait until it answers."""
        self._starts += 1
        log_file = self.folder / f"product-{self._starts}.log"
        self.product = Process("product", ["serve"], self.environment, log_file)
        self.product.wait_answering(f"{self.product_url}/healthz")

    def kill_product(self) -> None:
        """Kill the product and every process of it, at once."""
        if self.product is not None:
            self.product.kill()
            self.product = None

    def hire(self, count: int) -> None:
        """Operators who are signed in, available, and whose browsers beat."""
        with self.database.unit_of_work(ALL) as session:
            for number in range(len(self.operators), count):
                login = f"op{number}"
                member = Staff(
                    login=login,
                    name=login,
                    first_name=login,
                    role=Role.OPERATOR,
                    password_hash="-",  # noqa: S106  # nobody signs in with it
                    endpoint=f"client:{login}",
                    created_at=self.clock.now(),
                )
                session.add(member)
                session.flush()
                token = open_session(session, member.id, at=self.clock.now())
                http = httpx.Client(
                    base_url=self.product_url, cookies={_COOKIE: token}, headers={"HX-Request": "true"}, timeout=20
                )
                self.operators.append(Operator(member.id, login, http))
        for operator in self.operators:
            operator.http.post("/agent/availability").raise_for_status()
        threading.Thread(target=self._beat, name="heartbeats", daemon=True).start()

    def ring(self, number: str, *, caller: int) -> str:
        """A patient dials a line; the SID of her call."""
        placed = self.carrier.post("/network/calls", json={"from": patient(caller), "to": number})
        placed.raise_for_status()
        sid: str = placed.json()["sid"]
        return sid

    def answer_offers(self) -> None:
        """Every operator takes what rings for her now."""
        offers = self._offers()
        for operator in self.operators:
            if operator.staff_id in offers:
                operator.http.post(f"/reservations/{offers[operator.staff_id]}/acceptance")

    def finish_wrap_ups(self) -> None:
        """Every operator whose call is over says how it ended, and whoever was sent on a break comes back."""
        with self.database.reading(ALL) as session:
            agents = {agent.staff_id: agent for agent in session.scalars(select(Agent))}
        for operator in self.operators:
            agent = agents.get(operator.staff_id)
            if agent is not None and agent.status == AgentStatus.WRAP_UP:
                operator.http.post(f"/calls/{agent.call_id}/disposition", data={"code": "information"})
            elif agent is not None and agent.status == AgentStatus.BREAK:
                operator.http.post("/agent/availability")

    def view(self, sid: str) -> dict[str, Any]:
        """A call as the carrier's network sees it."""
        answer = self.carrier.get(f"/network/calls/{sid}")
        answer.raise_for_status()
        view: dict[str, Any] = answer.json()
        return view

    def hang_up(self, sid: str) -> None:
        """The patient puts her receiver down."""
        self.carrier.post(f"/network/calls/{sid}/hangup").raise_for_status()

    def run(self, *arguments: str) -> str:
        """One of the product's own commands; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "callcenter", *arguments],
            env={**_inherited(), **self.environment, "CALLCENTER_DATABASE_URL": self.database_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"callcenter {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def close(self) -> None:
        """Stop everything."""
        self._closing.set()
        if self.product is not None:
            self.product.stop()
        self._carrier_process.stop()
        self._static.close()
        for operator in self.operators:
            operator.http.close()
        self.carrier.close()
        self.database.close()

    def _offers(self) -> dict[int, int]:
        with self.database.reading(ALL) as session:
            rows = session.execute(
                select(Reservation.staff_id, Reservation.id).where(Reservation.status == ReservationStatus.PENDING)
            )
            return {row.staff_id: row.id for row in rows}

    def _beat(self) -> None:
        while not self._closing.wait(_HEARTBEAT_EVERY):
            for operator in self.operators:
                try:
                    operator.http.post("/agent/heartbeat", timeout=2)
                except (httpx.HTTPError, RuntimeError):
                    break  # the product is down: the next beat tries again

    def _furnish(self) -> list[str]:
        numbers = [f"+3319900{1000 + number}" for number in range(_PRACTICES)]
        with self.database.unit_of_work(ALL) as session:
            for number, line in enumerate(numbers):
                practice = Practice(
                    code=f"cabinet-{number}",
                    name=f"Cabinet {number}",
                    short_name=f"Cabinet {number}",
                    backup_number=BACKUP,
                    created_at=self.clock.now(),
                )
                session.add(practice)
                session.flush()
                # No key before the queue: what a drill counts must not depend on the hour at which it runs.
                rules = {"gate_per_minute": 0, "callback_after": 0}
                session.add(PracticeLine(practice_id=practice.id, number=line, label="Accueil", **rules))
        return numbers

    def _start_carrier(self) -> Process:
        process = Process(
            "stand-in carrier",
            ["carrier", "--port", str(self.ports[1]), "--voice-url", f"{self.product_url}/twilio/voice"],
            self.environment,
            self.folder / "carrier.log",
        )
        process.wait_answering(f"http://127.0.0.1:{self.ports[1]}/network/state")
        for line in self.lines:
            self.carrier.put(f"/network/numbers/{line}", json={"label": "Accueil"}).raise_for_status()
        answering = {"answers": "auto", "after_seconds": 0.5, "says": [BACKUP_SAYS], "name": "secours"}
        self.carrier.put(f"/network/phones/{BACKUP}", json=answering).raise_for_status()
        return process

    def _provision(self) -> None:
        """As a real centre does it: static documents first, then the numbers at the carrier."""
        self.run("telephony", "fallback", "--out", str(self._fallback_folder))
        json.loads(self.run("telephony", "provision", "--yes", "--json"))


def patient(number: int) -> str:
    """The telephone of one imaginary patient (Arcep keeps 06 39 98 xx xx for fiction)."""
    return f"+336399{80000 + number:05d}"


def wait_until(holds: Callable[[], bool], *, within: float, every: float = 0.3) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(every)
    return holds()


def talks(view: dict[str, Any]) -> bool:
    """Whether this caller is with an operator, as the network sees it."""
    return view["status"] not in OVER and any(str(label).startswith("operator") for label in view["with"])


def talk(stage: Stage, sids: Sequence[str], *, within: float) -> bool:
    """Let the operators take these calls; whether each caller came to speak with one in time."""

    def everybody_talks() -> bool:
        stage.answer_offers()
        return all(talks(stage.view(sid)) for sid in sids)

    return wait_until(everybody_talks, within=within)


def heard(view: dict[str, Any]) -> str:
    """Everything a caller has heard, as one text."""
    lines: Sequence[dict[str, str]] = view["heard"]
    return " ".join(line["text"] for line in lines)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
