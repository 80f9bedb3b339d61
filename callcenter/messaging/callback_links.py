"""A caller who has waited for a minute gets a text with the address by which she asks to be rung back."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.messaging.wording import callback_link_text
from callcenter.routing.callback_link import open_link
from callcenter.routing.callback_rules import LINK_AFTER, may_be_sent_link
from callcenter.routing.choice import PriorityReason
from callcenter.routing.models import OWED, Callback, CallbackLink, CallbackReason, QueueEntry, QueueEntryStatus
from callcenter.telephony.models import Call, CallDirection, CallStatus

CALLBACK_LINK = "callback_link"

_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 20
_Due = Select[int, str | None, Practice]


def send_due_links(database: Database, clock: Clock, *, settings: Settings) -> int:
    """Put the texts into the outbox that are due, each with its address in one transaction; how many."""
    at = clock.now()
    with database.reading(_SCOPE) as session:
        due = [
            call_id
            for call_id, number, practice in session.execute(_waiting(at=at))
            if may_be_sent_link(number, zone=practice.zone, countries=settings.countries, at=at)
        ]
    sent = 0
    for call_id in due[:_AT_ONCE]:
        with guarded(f"link of call {call_id}"), database.unit_of_work(_SCOPE) as session:
            sent += _send(session, call_id, public_url=settings.public_url, at=at)
    return sent


def link_serves(*, at: datetime) -> ColumnElement[bool]:
    """Whether the address in a text of this kind still serves: its caller waits, and its time is not over."""
    return exists().where(
        QueueEntry.call_id == OutboxMessage.call_id,
        QueueEntry.status == QueueEntryStatus.WAITING,
        CallbackLink.call_id == QueueEntry.call_id,
        CallbackLink.expires_at > at,
    )


def _waiting(*, at: datetime) -> _Due:
    """Who has waited long enough on the line and has no address yet, longest first."""
    has_one = exists().where(CallbackLink.call_id == QueueEntry.call_id)
    has_asked = exists().where(
        Callback.practice_id == Call.practice_id,
        Callback.number == Call.from_number,
        Callback.reason == CallbackReason.ASKED,
        Callback.status.in_(OWED),
    )
    return (
        select(Call.id, Call.from_number, Practice)
        .join(QueueEntry, QueueEntry.call_id == Call.id)
        .join(PracticeLine, PracticeLine.id == Call.line_id)
        .join(Practice, Practice.id == Call.practice_id)
        .where(
            QueueEntry.status == QueueEntryStatus.WAITING,
            QueueEntry.joined_at <= at - LINK_AFTER,
            # An emergency is the next to be answered, and so is she whom somebody spoke with already.
            ~QueueEntry.urgent,
            QueueEntry.priority_reason != PriorityReason.RETURNED,
            Call.direction == CallDirection.INBOUND,
            Call.status == CallStatus.WAITING,
            Call.from_number.is_not(None),
            PracticeLine.callback_after > 0,  # a line that offers no call-back sends no address either
            ~has_one,
            ~has_asked,
        )
        .order_by(QueueEntry.joined_at, QueueEntry.id)
    )


def _send(session: Session, call_id: int, *, public_url: str, at: datetime) -> bool:
    """Send it, unless somebody has taken her since; one address a call, whoever else looks at this moment."""
    row = session.execute(_waiting(at=at).where(Call.id == call_id)).one_or_none()
    if row is None:
        return False
    _, number, practice = row
    token = open_link(session, call_id=call_id, practice_id=practice.id, at=at)
    if token is None:
        return False
    address = f"{public_url}/r/{token}"
    session.add(
        OutboxMessage(
            practice_id=practice.id,
            dedupe_key=f"callback-link-{call_id}",
            kind=CALLBACK_LINK,
            to_number=number,
            body=callback_link_text(address, practice=practice.short_name, language=practice.language),
            status=OutboxStatus.PENDING,
            created_at=at,
            due_at=at,
            attempts=0,
            error="",
            call_id=call_id,
        )
    )
    touch(session, "outbox", f"call-{call_id}")
    return True
