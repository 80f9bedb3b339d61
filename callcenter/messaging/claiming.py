"""What is due of one channel: claimed by one process, sent outside any transaction, settled by whoever claimed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.dispatch.notices import note_link
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.messaging.withdrawing import withdraw_outdated

SCOPE = Centre(CentreReason.OUTBOX)
BATCH = 10
ABANDONED_AFTER = timedelta(seconds=60)  # a process that claimed and has not recorded by then is gone
# A claim this old is given back unsent: what takes up to 20 s to send must be over before others call it abandoned.
SEND_WITHIN = timedelta(seconds=30)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this process now holds."""

    id: int
    practice_id: int
    call_id: int | None
    link_id: int | None
    to_number: str
    to_email: str
    subject: str
    body: str
    attempts: int
    claimed_at: datetime


def send_claimed(
    database: Database,
    clock: Clock,
    *,
    claim: Callable[[], list[Claimed]],
    send: Callable[[Claimed], bool],
    is_stopping: Callable[[], bool],
) -> int:
    """Send batch after batch until nothing is due; how many messages left.

    Once ``is_stopping``, what is claimed and not yet sent is given back: a stop waits for one message, not for a
    backlog.
    """
    sent = 0
    while not is_stopping() and (batch := claim()):
        for message in batch:
            at = clock.now()
            if is_stopping() or at >= message.claimed_at + SEND_WITHIN:
                with database.unit_of_work(SCOPE) as session:
                    settle(session, message, status=OutboxStatus.PENDING, due_at=at)
            else:
                with guarded(f"message {message.id}"):
                    sent += send(message)
    return sent


def claim_due(session: Session, channel: OutboxChannel, *, at: datetime) -> list[Claimed]:
    """Hold some of what is due, after what serves no more was withdrawn."""
    withdraw_outdated(session, at=at)
    due = (OutboxMessage.status == OutboxStatus.PENDING) & (OutboxMessage.due_at <= at)
    return hold(
        session,
        channel,
        due,
        {"status": OutboxStatus.SENDING, "claimed_at": at, "attempts": OutboxMessage.attempts + 1},
        # What tells a practitioner of messages has a link, and waits behind no hundred confirmations.
        in_order_of=(OutboxMessage.link_id.is_(None), OutboxMessage.due_at, OutboxMessage.id),
    )


def is_abandoned(at: datetime) -> ColumnElement[bool]:
    """Whoever was sending it has not told what became of it, and never will."""
    return (OutboxMessage.status == OutboxStatus.SENDING) & (OutboxMessage.claimed_at <= at - ABANDONED_AFTER)


def hold(
    session: Session,
    channel: OutboxChannel,
    which: ColumnElement[bool],
    values: dict[str, object],
    *,
    in_order_of: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]] = (OutboxMessage.id,),
) -> list[Claimed]:
    """Change the first of the channel's messages of which this is true, and nobody else changes them meanwhile."""
    # SKIP LOCKED in a materialised CTE: as a plain sub-select PostgreSQL may run it again and claim too much.
    # SQLite has one writer and ignores the lock.
    chosen = (
        select(OutboxMessage.id)
        .where(OutboxMessage.channel == channel, which)
        .order_by(*in_order_of)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(chosen.c.id)), which)
        .values(values)
        .returning(
            OutboxMessage.id,
            OutboxMessage.practice_id,
            OutboxMessage.call_id,
            OutboxMessage.link_id,
            OutboxMessage.to_number,
            OutboxMessage.to_email,
            OutboxMessage.subject,
            OutboxMessage.body,
            OutboxMessage.attempts,
            OutboxMessage.claimed_at,
        ),
        execution_options={"synchronize_session": False},
    ).all()
    if rows:
        touch(session, "outbox")
    return [Claimed(**row._mapping) for row in sorted(rows, key=lambda row: (row.link_id is None, row.id))]


def settle(session: Session, message: Claimed, **values: object) -> bool:
    """Record the end of this claim; false when the row has moved on since (a receipt, another process)."""
    won = session.scalars(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.status.in_((OutboxStatus.SENDING, OutboxStatus.UNCERTAIN)),
            OutboxMessage.attempts == message.attempts,
        )
        .values(**values)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    touch(session, "outbox", *([f"call-{message.call_id}"] if message.call_id is not None else []))
    return bool(won)


def settle_failed(session: Session, message: Claimed, *, reason: str, at: datetime) -> None:
    """It never leaves: whoever was to be told of something by it is told otherwise."""
    won = settle(session, message, status=OutboxStatus.FAILED, error=reason, settled_at=at)
    if won and message.link_id is not None:
        note_link(session, message.link_id, arrived=False, at=at)


def pause_before(attempt: int) -> timedelta:
    """How long to wait after this failed attempt (1 is the first): doubled each time, five minutes at most."""
    doublings = min(attempt - 1, 16)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
