"""A practice with three doctors, one of them on call, as the messages' tests know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import Select, select

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.directory.models import Practitioner, Role, Site, Staff
from callcenter.dispatch.models import DispatchPreference, Message, Notice, Urgency
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation
from callcenter.dispatch.writing import TypedMessage, write_message
from callcenter.messaging.models import OutboxMessage
from callcenter.messaging.notices import send_due_notices
from callcenter.telephony.models import Leg
from tests.agenda.cast import NINE, SEED, Cast, tilleuls
from tests.fakes import FakeProvider

T = TypeVar("T")
MOBILE, SECOND, ALTERNATE = "+33639980040", "+33639980041", "+33639980042"
PATIENT = "06 39 98 14 72"


@dataclass
class Centre:
    """Everything runs as in production but for the clock and the carrier."""

    database: Database
    cast: Cast
    settings: Settings
    lemoine_id: int
    marchand_id: int
    berger_id: int
    doctor_account_id: int
    clock: ManualClock = field(default_factory=lambda: ManualClock(NINE))
    provider: FakeProvider = field(default_factory=FakeProvider)

    def write(self, key: str = "m1", *, free_at: datetime | None = None, **otherwise: object) -> int:
        typed: dict[str, object] = {
            "request_key": key,
            "words": "Elle a une douleur dans la poitrine depuis ce matin.",
            "caller": "Hélène Vasseur",
            "number": PATIENT,
            "read_back": True,
            "practitioner_id": self.lemoine_id,
        }
        with self.database.unit_of_work(self.cast.scope) as session:
            return write_message(
                session,
                self.cast.practice_id,
                TypedMessage(**(typed | otherwise)),  # type: ignore[arg-type]
                staff_id=self.cast.camille_id,
                at=self.clock.now(),
                free_at=free_at,
            ).id

    def urgent(self, key: str = "m1", **otherwise: object) -> int:
        return self.write(key, urgency=Urgency.URGENT, **otherwise)

    def prefer(self, practitioner_id: int, **wishes: object) -> None:
        with self.database.unit_of_work(SEED) as session:
            row = session.get(DispatchPreference, practitioner_id)
            if row is None:
                row = DispatchPreference(practice_id=self.cast.practice_id, practitioner_id=practitioner_id)
                session.add(row)
            for name, value in wishes.items():
                setattr(row, name, value)

    def tick(self, minutes: float = 0) -> int:
        """Let time pass, then let the job run once."""
        self.clock.advance(timedelta(minutes=minutes))
        return send_due_notices(self.database, self.provider, self.clock, settings=self.settings)  # type: ignore[arg-type]

    def message(self, message_id: int) -> Message:
        return self._rows(select(Message).where(Message.id == message_id))[0]

    def notices(self, message_id: int) -> list[Notice]:
        return self._rows(select(Notice).where(Notice.message_id == message_id).order_by(Notice.due_at, Notice.id))

    def outbox(self) -> list[OutboxMessage]:
        return self._rows(select(OutboxMessage).order_by(OutboxMessage.id))

    def legs(self) -> list[Leg]:
        return self._rows(select(Leg).order_by(Leg.id))

    def _rows(self, statement: Select[tuple[T]]) -> list[T]:
        with self.database.reading(SEED) as session:
            rows = list(session.scalars(statement))
            session.expunge_all()
            return rows


def centre_of(database: Database) -> Centre:
    """Dr Lemoine wants a text and has a second number; Dr Marchand is the alternate; Dr Berger is on call this week."""
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        site_id = session.scalars(select(Site.id).where(Site.practice_id == cast.practice_id)).one()
        account = Staff(login="lemoine", name="Dr Lemoine", role=Role.PRACTITIONER, password_hash="x", created_at=NINE)
        own = {"practice_id": cast.practice_id, "site_id": site_id}
        marchand = Practitioner(code="marchand", name="Dr Marchand", family_name="Marchand", phone=ALTERNATE, **own)
        berger = Practitioner(code="berger", name="Dr Berger", family_name="Berger", phone="+33639980043", **own)
        session.add_all([account, marchand, berger])
        session.flush()
        session.get_one(Practitioner, cast.practitioner_id).staff_id = account.id
        rotation = OnCallRotation(
            practice_id=cast.practice_id,
            name="Semaine",
            starts_on=date(2026, 11, 23),
            turn_days=7,
            changes_at=time(8),
        )
        session.add(rotation)
        session.flush()
        for position, one in enumerate((berger, marchand)):
            session.add(
                OnCallMember(
                    practice_id=cast.practice_id, rotation_id=rotation.id, position=position, practitioner_id=one.id
                )
            )
        ids = (cast.practitioner_id, marchand.id, berger.id, account.id)
    settings = Settings(
        secret_key="x" * 32,  # type: ignore[arg-type]
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",  # type: ignore[arg-type]
        sms_sender="+33199000000",
        public_url="https://centre.example.org",
        calls_per_second=100,
    )
    centre = Centre(database, cast, settings, *ids)
    centre.prefer(
        centre.lemoine_id, channel="sms", mobile=MOBILE, second_number=SECOND, alternate_id=centre.marchand_id
    )
    return centre
