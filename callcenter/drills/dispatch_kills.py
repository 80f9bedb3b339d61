"""The due work of messages killed before every one of its steps: nobody is told twice, and nobody is forgotten."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, PracticeMode, Practitioner, Role, Site, Staff
from callcenter.dispatch.models import DispatchPreference, Notice, NoticeStatus, Urgency
from callcenter.dispatch.writing import TypedMessage, write_message
from callcenter.drills.dispatch_worker import Orders, work
from callcenter.drills.verdict import Verdict
from callcenter.local.processes import Process, free_port

KINDS = ("text", "email", "telephone", "batch", "key", "supervisor")
_ALL = Centre(CentreReason.SEED)
_NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)
_NOON = _NINE + timedelta(hours=3)  # in Paris
_ACCOUNT = "AC" + "d" * 32
# After a kill: at once, when a text may be looked up, and when a claim counts as abandoned.
_COMES_BACK_AFTER = (timedelta(seconds=5), timedelta(seconds=90), timedelta(seconds=180))
_MOST_STEPS = 2000  # more than any turn has: a fault of the drill


@dataclass
class _Try:
    """One message, or a batch, for one practitioner whom nobody else rings."""

    kind: str
    number: str
    email: str
    message_ids: list[int]
    at: datetime


class Kills:
    """A practice, the stand-in carrier with its post office, and a worker that dies."""

    def __init__(self, folder: Path, database_url: str, *, kinds: Sequence[str] = KINDS, every: int = 1) -> None:
        self._kinds = kinds
        self._every = every
        upgrade(database_url)
        self._database = Database(database_url)
        carrier, smtp = free_port("127.0.0.1"), free_port("127.0.0.1")
        self._settings: dict[str, Any] = {
            "database_url": database_url,
            "public_url": "http://127.0.0.1:9",  # nobody listens: what is reported back is not this drill's matter
            "secret_key": "drill" * 8,
            "twilio_account_sid": _ACCOUNT,
            "twilio_auth_token": "drill",
            "twilio_base_url": f"http://127.0.0.1:{carrier}",
            "smtp_url": f"smtp://127.0.0.1:{smtp}",
            "mail_from": "centre@example.org",
            "calls_per_second": 100,
            "calls_per_hour": 100_000,
            "calls_per_hour_practice": 100_000,
            "calls_per_hour_operator": 100_000,
        }
        environment = {f"CALLCENTER_{name.upper()}": str(value) for name, value in self._settings.items()}
        self._carrier = httpx.Client(base_url=f"http://127.0.0.1:{carrier}", timeout=20, auth=(_ACCOUNT, "drill"))
        self._process = Process(
            "stand-in carrier",
            ["carrier", "--port", str(carrier), "--smtp-port", str(smtp)],
            environment,
            folder / "carrier.log",
        )
        self._process.wait_answering(f"http://127.0.0.1:{carrier}/network/state")
        self._context = multiprocessing.get_context("forkserver")
        # Read once, by the process that the workers are forked from: each would take a second for it.
        self._context.set_forkserver_preload([work.__module__, "twilio.rest.api", "phonenumbers", "psycopg"])
        self._tries = 0
        self._practice_id, self._site_id, self._staff_id = self._furnish()

    def play(self, verdict: Verdict) -> None:
        """Kill every kind of work before each of its steps, one try for each."""
        for kind in self._kinds:
            kills = 0
            for step in range(1, _MOST_STEPS, self._every):
                attempt = self._begin(kind)
                verdict.operations += 1
                was_killed = not self._work(attempt, dies_at=step)
                if was_killed:
                    self._work(attempt, after=_COMES_BACK_AFTER)
                self._judge(attempt, step, verdict)
                if not was_killed:
                    break
                kills += 1
            verdict.faults += kills
            verdict.figures[f"steps_{kind}"] = kills
            verdict.expect(kills > 0, f"{kind}: nothing was killed")

    def close(self) -> None:
        """Stop everything."""
        self._process.stop()
        self._carrier.close()
        self._database.close()

    def _work(self, attempt: _Try, *, dies_at: int = 0, after: Sequence[timedelta] = (timedelta(0),)) -> bool:
        """The worker's turns at these times after the notice was due; False when it was killed."""
        pressed_for = attempt.number if attempt.kind == "key" else ""
        orders = Orders(self._settings, [attempt.at + one for one in after], dies_at, pressed_for)
        process = self._context.Process(target=work, args=(orders,))
        process.start()
        process.join()
        if process.exitcode not in {0, -9}:
            raise RuntimeError(f"The worker ended with {process.exitcode}")
        return process.exitcode == 0

    def _begin(self, kind: str) -> _Try:
        self._tries += 1
        # Each on a day of its own: the pace of the calls we place is no matter of this drill.
        day = timedelta(days=self._tries)
        number, email = f"+336399{80000 + self._tries:05d}", f"doctor{self._tries}@example.org"
        channel = {"email": "email", "telephone": "phone", "key": "phone", "supervisor": "phone"}.get(kind, "sms")
        with self._database.unit_of_work(_ALL) as session:
            doctor = Practitioner(
                practice_id=self._practice_id,
                code=f"d{self._tries}",
                site_id=self._site_id,
                name=f"Dr {self._tries}",
                family_name=str(self._tries),
            )
            session.add(doctor)
            session.flush()
            session.add(
                DispatchPreference(
                    practice_id=self._practice_id,
                    practitioner_id=doctor.id,
                    channel=channel,
                    timing="batch" if kind == "batch" else "now",
                    mobile="" if kind == "supervisor" else number,
                    email=email,
                )
            )
            session.flush()
            written = [
                write_message(
                    session,
                    self._practice_id,
                    TypedMessage(
                        request_key=f"{self._tries}-{nth}",
                        words="Rappeler.",
                        urgency=Urgency.ROUTINE,
                        practitioner_id=doctor.id,
                        number="06 39 98 14 72",
                        read_back=True,
                    ),
                    staff_id=self._staff_id,
                    at=_NINE + day,
                ).id
                for nth in range(3 if kind == "batch" else 1)
            ]
        attempt = _Try(kind, number, email, written, _NOON + day)
        if kind == "key":  # it rings already
            self._work(_Try("telephone", number, email, written, _NOON + day))
        return attempt

    def _judge(self, attempt: _Try, step: int, verdict: Verdict) -> None:
        told = self._told(attempt)
        expected = {"text": 0, "email": 0, "call": 0} | {
            "text": {"text": 1},
            "batch": {"text": 1},
            "email": {"email": 1},
            "telephone": {"call": 1},
            "key": {"call": 1, "text": 1},
            "supervisor": {},
        }[attempt.kind]
        for way, times in expected.items():
            verdict.lost += max(0, times - told[way])
            verdict.doubled += max(0, told[way] - times)
            verdict.expect(told[way] == times, f"{attempt.kind}, killed at step {step}: {told[way]} {way}, not {times}")
        with self._database.reading(_ALL) as session:
            statuses = session.scalars(select(Notice.status).where(Notice.message_id.in_(attempt.message_ids))).all()
        left = [one for one in statuses if one == NoticeStatus.DUE]
        verdict.expect(not left, f"{attempt.kind}, killed at step {step}: {len(left)} notices are still due")

    def _told(self, attempt: _Try) -> dict[str, int]:
        texts = self._carrier.get("/network/messages", params={"to": attempt.number, "status": "all"}).json()
        mails = self._carrier.get("/network/mails", params={"to": attempt.email}).json()
        calls = self._carrier.get(f"/2010-04-01/Accounts/{_ACCOUNT}/Calls.json", params={"To": attempt.number}).json()
        return {"text": len(texts), "email": len(mails), "call": len(calls["calls"])}

    def _furnish(self) -> tuple[int, int, int]:
        with self._database.unit_of_work(_ALL) as session:
            practice = Practice(
                code="drill", name="Cabinet", short_name="Cabinet", mode=PracticeMode.TRAINING, created_at=_NINE
            )
            operator = Staff(
                login="drill",
                name="Drill",
                role=Role.OPERATOR,
                password_hash="-",  # noqa: S106  # nobody signs in with it
                created_at=_NINE,
            )
            session.add_all([practice, operator])
            session.flush()
            site = Site(practice_id=practice.id, code="s", name="S")
            session.add_all([site, PracticeLine(practice_id=practice.id, number="+33199001000")])
            session.flush()
            return practice.id, site.id, operator.id
