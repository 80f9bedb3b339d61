"""A place in the queue: given to a caller, and given back to one who was sent elsewhere, or whose operator is lost."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, literal, update
from sqlalchemy.orm import Session

from callcenter.core.db import Instant, touch
from callcenter.core.events import publish
from callcenter.core.insertion import insert_new
from callcenter.routing.agents import was_changed
from callcenter.routing.choice import PRIORITIES, PriorityReason
from callcenter.routing.events import CallQueued
from callcenter.routing.models import QueueEntry, QueueEntryStatus
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.redialling import take_promised_place
from callcenter.routing.standing import REPEATED_WITHIN, standing
from callcenter.telephony.models import Call


def give_place(session: Session, call: Call, *, urgent: bool = False, at: datetime) -> bool:
    """Let this caller wait from now on, and ask for her; whether she joined the queue now: a repeat changes nothing.

    ``urgent`` callers come before everybody else.
    """
    hers = standing(
        literal(call.id),
        literal(call.practice_id),
        literal(call.line_id),
        literal(call.from_number, Call.from_number.type),
        since=literal(at - REPEATED_WITHIN, Instant()),
    )
    _, _, ahead, reason = session.connection().execute(hers).one()
    joined = insert_new(
        session,
        QueueEntry,
        call_id=call.id,
        practice_id=call.practice_id,
        status=QueueEntryStatus.WAITING,
        urgent=urgent,
        priority=PRIORITIES[PriorityReason(reason)],
        priority_reason=reason,
        ahead=ahead,
        joined_at=at,
    )
    if joined:
        if reason == PriorityReason.PROMISED:
            take_promised_place(session, call.id, at=at)
        _tell(session, call, at=at)
    return joined


def give_back_place(session: Session, call: Call, *, at: datetime, was_sent_before: datetime | None = None) -> bool:
    """She was sent elsewhere and is in her room again: she waits where she stood before; whether it was so.

    As long as the carrier was not told, what is heard of her in her room is of before. With ``was_sent_before`` only if
    she was sent before that instant.
    """
    when = [QueueEntry.sent_at.is_not(None)] if was_sent_before is None else [QueueEntry.sent_at < was_sent_before]
    return wait_again(session, call, *when, from_=[QueueEntryStatus.OVERFLOW], at=at)


def return_to_queue(session: Session, call: Call, *, at: datetime) -> bool:
    """Put a patient who was answered back at the head of the queue; whether this did it. Needs the whole floor.

    Whoever spoke with somebody already goes before all but the urgent, and on screen her wait counts from now: what
    came before was no waiting. In an emergency she is urgent.
    """
    reason = PriorityReason.RETURNED if call.answered_at is not None else None
    priority = (
        {"priority": PRIORITIES[reason], "priority_reason": reason, "returned_at": at} if reason is not None else {}
    )
    if call.in_emergency:
        priority["urgent"] = True
    returned = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.ANSWERED)
        .values(status=QueueEntryStatus.WAITING, left_at=None, requeue_at=None, ahead=0, **priority),
    )
    if returned:
        touch(session, "queue", f"call-{call.id}")
        publish(session, CallQueued(call_id=call.id, practice_id=call.practice_id, at=at))
        offer_waiting_calls(session, at=at)
    return returned


def give_answered_place(session: Session, call: Call, *, at: datetime) -> None:
    """A place for whom we rang: she has none yet."""
    insert_new(
        session,
        QueueEntry,
        call_id=call.id,
        practice_id=call.practice_id,
        status=QueueEntryStatus.ANSWERED,
        joined_at=call.received_at,
        left_at=at,
    )


def wait_again(
    session: Session,
    call: Call,
    *when: ColumnElement[bool],
    from_: Collection[QueueEntryStatus],
    at: datetime,
) -> bool:
    """Open a place that was closed with one of these statuses; whether it was.

    How long she has waited counts from now for being sent elsewhere again: else one who came back from a telephone that
    rang for long would be gone before anybody could take her.
    """
    statement = update(QueueEntry).where(QueueEntry.call_id == call.id, QueueEntry.status.in_(from_), *when)
    is_back = was_changed(session, statement.values(status=QueueEntryStatus.WAITING, left_at=None, overflowed_at=at))
    if is_back:
        _tell(session, call, at=at)
    return is_back


def _tell(session: Session, call: Call, *, at: datetime) -> None:
    touch(session, "queue", f"call-{call.id}")
    publish(session, CallQueued(call_id=call.id, practice_id=call.practice_id, at=at))
    offer_waiting_calls(session, at=at)
