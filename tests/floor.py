"""A small centre for tests of calls: one practice, its line, operators with telephones, and a carrier in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings, load_settings
from callcenter.core.db import Base, Database
from callcenter.core.events import EventBus
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, Role, Staff
from callcenter.routing import presence
from callcenter.routing.arrival import receive_call
from callcenter.routing.callbacks import close_callback, owe_callback
from callcenter.routing.calling_back import bring_in_patient, note_taken, place_again, reopen_callback
from callcenter.routing.cut_in_emergency import relieve_cut_off
from callcenter.routing.events import CallAbandoned, CallAccepted
from callcenter.routing.models import Agent, QueueEntry, Reservation, ReservationStatus
from callcenter.routing.offers import accept_offer, pull_call
from callcenter.routing.queue import follow_leg, leave_queue
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.state import LegNews
from tests.fakes import FakeProvider

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ALL = Centre(CentreReason.SEED)
LINE = "+33199001234"
PATIENT = "+33639981472"
CALL = "CA" + "a" * 32


def wire(bus: EventBus) -> EventBus:
    """The routing half of the product's wiring."""
    bus.subscribe(LegChanged, follow_leg)
    bus.subscribe(LegChanged, bring_in_patient)
    bus.subscribe(LegChanged, close_callback)
    bus.subscribe(CallEnded, leave_queue)
    bus.subscribe(CallEnded, reopen_callback)
    bus.subscribe(CallAccepted, note_taken)
    bus.subscribe(CallAccepted, relieve_cut_off)
    bus.subscribe(CallAbandoned, owe_callback)
    bus.subscribe(CallAbandoned, place_again)
    return bus


@dataclass
class Floor:
    """The centre at work, on one database."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(MONDAY))
    provider: FakeProvider = field(default_factory=FakeProvider)
    staff: dict[str, int] = field(default_factory=dict)
    settings: Settings = field(
        default_factory=lambda: load_settings(
            public_url="https://centre.example.org",
            secret_key="s" * 32,
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token="token",
            twilio_old_auth_token="older",
            # No pace: a clock that stands still would let one telephone ring. Tests of the pace set their own.
        ).model_copy(update={"calls_per_second": 1e9})
    )

    def __post_init__(self) -> None:
        wire(self.database.bus)
        with self.database.unit_of_work(ALL) as session:
            practice = Practice(
                code="lilas", name="Cabinet des Lilas", short_name="Lilas", created_at=MONDAY, mode="training"
            )
            session.add(practice)
            session.flush()
            session.add(PracticeLine(practice_id=practice.id, number=LINE, label="Accueil"))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def hire(self, *names: str, endpoint: str = "client:{}") -> None:
        """Operators, each available since a second after the one before."""
        for name in names:
            with self.database.unit_of_work(ALL) as session:
                member = Staff(
                    login=name.lower(),
                    name=name,
                    first_name=name,
                    role=Role.OPERATOR,
                    password_hash="x",
                    endpoint=endpoint.format(name.lower()),
                    created_at=MONDAY,
                )
                session.add(member)
                session.flush()
                presence.set_available(session, member.id, at=self.now)
                self.staff[name] = member.id
            self.clock.advance(timedelta(seconds=1))

    def ring(self, sid: str = CALL, *, from_number: str = PATIENT) -> int:
        """A patient dials the practice; the id of the call."""
        with self.database.unit_of_work(ALL) as session:
            call = receive_call(session, sid=sid, to_number=LINE, from_number=from_number, at=self.now)
            assert call is not None
            return call.call_id

    def accept(self, name: str) -> Leg:
        """She takes what rings for her, and her telephone is dialled."""
        staff_id = self.staff[name]
        with self.database.unit_of_work(ALL) as session:
            offer = session.scalars(
                select(Reservation).where(
                    Reservation.staff_id == staff_id, Reservation.status == ReservationStatus.PENDING
                )
            ).one()
            leg = accept_offer(session, offer.id, staff_id=staff_id, at=self.now)
        self.dial(leg)
        return leg

    def pull(self, name: str, call_id: int) -> Leg:
        """She takes a waiting call from the queue, and her telephone is dialled."""
        with self.database.unit_of_work(ALL) as session:
            entry_id = session.scalars(select(QueueEntry.id).where(QueueEntry.call_id == call_id)).one()
            leg = pull_call(session, entry_id, staff_id=self.staff[name], at=self.now)
        self.dial(leg)
        return leg

    def dial(self, leg: Leg) -> None:
        dial_leg(self.database, self.provider, leg.id, self.clock, settings=self.settings)

    def hear(self, leg_id: int, *news: LegNews) -> None:
        """The carrier reports about a leg."""
        for one in news:
            with self.database.unit_of_work(ALL) as session:
                leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
                record_leg_event(session, leg, one, at=self.now)

    def patient_leg(self, call_id: int) -> int:
        with self.database.reading(ALL) as session:
            return session.scalars(select(Leg.id).where(Leg.call_id == call_id, Leg.label == "patient")).one()

    def status_of(self, name: str) -> str:
        with self.database.reading(ALL) as session:
            return session.scalars(select(Agent.status).where(Agent.staff_id == self.staff[name])).one()

    def agent(self, name: str) -> Agent:
        with self.database.reading(ALL) as session:
            return session.scalars(select(Agent).where(Agent.staff_id == self.staff[name])).one()

    def call(self, call_id: int) -> Call:
        with self.database.reading(ALL) as session:
            return session.scalars(select(Call).where(Call.id == call_id)).one()

    def entry(self, call_id: int) -> QueueEntry:
        with self.database.reading(ALL) as session:
            return session.scalars(select(QueueEntry).where(QueueEntry.call_id == call_id)).one()

    def rows(self, *tables: type[Base]) -> dict[str, list[dict[str, Any]]]:
        """Every row of these tables, to compare."""
        with self.database.reading(ALL) as session:
            return {table.__tablename__: _rows(session, table) for table in tables}


def _rows(session: Session, table: type[Base]) -> list[dict[str, Any]]:
    core = table.__table__
    found: Sequence[Any] = session.execute(select(core).order_by(*core.primary_key)).mappings().all()  # type: ignore[attr-defined]
    return [dict(row) for row in found]
