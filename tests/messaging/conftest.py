"""A centre whose outbox is wired as in production, at nine on a Monday."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from callcenter.agenda.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRestored,
    SeriesBooked,
)
from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.mail_delivery import deliver_due_mail
from callcenter.messaging.models import OutboxChannel, OutboxMessage
from callcenter.messaging.subscribers import (
    cancel_confirmation,
    confirm_booking,
    confirm_move,
    confirm_series,
    restore_confirmation,
)
from tests.agenda.cast import NINE, SEED, Cast, book, paris, tilleuls
from tests.messaging.carriers import MailServer, TextCarrier


@dataclass
class Centre:
    database: Database
    cast: Cast
    settings: Settings
    clock: ManualClock = field(default_factory=lambda: ManualClock(NINE))
    carrier: TextCarrier = field(default_factory=TextCarrier)
    mail_server: MailServer = field(default_factory=MailServer)

    def book(self, hour: int = 11, minute: int = 30, **otherwise: object) -> int:
        with self.database.unit_of_work(self.cast.scope) as session:
            return book(session, self.cast, paris(hour, minute), at=self.clock.now(), **otherwise).id  # type: ignore[arg-type]

    def deliver(self) -> int:
        return deliver_due(self.database, self.carrier, self.settings, self.clock)

    def deliver_mail(self) -> int:
        return deliver_due_mail(self.database, self.mail_server, self.clock)

    def write(self, key: str = "1", *, to: str = "lemoine@cabinet.example") -> int:
        """An e-mail to a practitioner, due now."""
        with self.database.unit_of_work(self.cast.scope) as session:
            message = OutboxMessage(
                practice_id=self.cast.practice_id,
                dedupe_key=f"notice-{key}",
                kind="message_notice",
                channel=OutboxChannel.EMAIL,
                to_email=to,
                subject=f"Message {key}",
                body="https://centre.example.org/m/abc",
                created_at=self.clock.now(),
                due_at=self.clock.now(),
            )
            session.add(message)
            session.flush()
            return message.id

    def messages(self) -> list[OutboxMessage]:
        with self.database.reading(SEED) as session:
            found = list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))
            session.expunge_all()
            return found

    def message(self) -> OutboxMessage:
        (only,) = self.messages()
        return only


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus.subscribe(AppointmentBooked, confirm_booking)
    database.bus.subscribe(AppointmentCancelled, cancel_confirmation)
    database.bus.subscribe(AppointmentMoved, confirm_move)
    database.bus.subscribe(AppointmentRestored, restore_confirmation)
    database.bus.subscribe(SeriesBooked, confirm_series)
    settings = Settings(
        secret_key="x" * 32,  # type: ignore[arg-type]
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",  # type: ignore[arg-type]
        sms_sender="+33199000000",
        public_url="https://centre.example.org",
    )
    return Centre(database, tilleuls(database), settings)
