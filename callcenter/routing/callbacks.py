"""Callers who are owed a call: those who hung up after waiting, and those who asked to be rung back.

One per number and practice, however often she tried. Ringing her is a call of ours (``telephony.outbound``) with a
place in the queue: an operator takes it from her list, or is offered it when its turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.insertion import insert_new
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.callback_rules import LATE_AFTER, is_owed
from callcenter.routing.choice import PRIORITIES, PriorityReason
from callcenter.routing.events import CallAbandoned
from callcenter.routing.models import OWED, Callback, CallbackReason, CallbackStatus, QueueEntry, QueueEntryStatus
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.queue import free_those_asked
from callcenter.routing.redialling import patient_came, placed_for
from callcenter.telephony.events import LegChanged
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallDirection, Leg, LegRole, LegStatus
from callcenter.telephony.outbound import end_outbound_call, open_outbound_call
from callcenter.telephony.statuses import GOING_ON


@dataclass(frozen=True, slots=True)
class CallbacksOwed:
    """How many callers are owed a call, how many of them for more than 15 minutes, and since when the first is."""

    count: int
    late: int
    oldest_at: datetime | None


def callbacks_owed(session: Session, *, at: datetime) -> CallbacksOwed:
    """The call-backs owed now, those that are being rung included. Counts what the session may see."""
    late = func.coalesce(func.sum(case((Callback.opened_at <= at - LATE_AFTER, 1), else_=0)), 0)
    row = session.execute(
        select(func.count(Callback.id), late, func.min(Callback.opened_at)).where(Callback.status.in_(OWED))
    ).one()
    return CallbacksOwed(*row)


def owe_callback(session: Session, event: CallAbandoned) -> None:
    """A caller gave up before anybody had answered: she is owed a call, unless she hung up at once or hid her number.

    So is who had been answered, lost her operator and gave up before the next one came.

    Heard twice, or after she tried again, it is one call-back: the oldest loss counts for how late it is.
    """
    with whole_floor(session):
        row = session.execute(
            select(Call, QueueEntry).join(QueueEntry, QueueEntry.call_id == Call.id).where(Call.id == event.call_id)
        ).one()
        call, entry = row
        if call.from_number is None or (call.direction != CallDirection.INBOUND and call.answered_at is None):
            return  # a try of ours that nobody answered is no loss
        if entry.left_at is None or not is_owed(joined_at=entry.joined_at, left_at=entry.left_at):
            return
        if _got_through_since(session, call):
            return
        _open(session, call, CallbackReason.ABANDONED, urgent=entry.urgent, opened_at=entry.left_at)
        touch(session, "queue")


def owe_noted_caller(session: Session, call_id: int, *, opened_at: datetime) -> None:
    """A caller heard the announcement for failures only: she is owed a call, unless she hid her number."""
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        if call.from_number is None or _got_through_since(session, call):
            return
        _open(session, call, CallbackReason.ABANDONED, urgent=False, opened_at=opened_at)
        touch(session, "queue")


def promise_callback(session: Session, call_id: int, *, at: datetime) -> bool:
    """Let a caller who waits be rung back without losing her place; whether she is now. Asked twice, it is one promise.

    Her place goes on to a call of ours, as long as she had waited and as urgent; her own telephone is sent to hear so
    by ``routing.overflow.send_elsewhere``. A caller who hides her number, or whom somebody has taken, keeps her place.
    """
    with whole_floor(session):
        call = lock_call(session, call_id)
        entry = session.scalar(select(QueueEntry).where(QueueEntry.call_id == call_id))
        if entry is None or call.from_number is None or call.direction != CallDirection.INBOUND:
            return False
        placed = placed_for(session, call)
        if placed is not None and placed[1] != QueueEntryStatus.WAITING:
            return False  # somebody is ringing her at this moment: she is the sooner answered where she is
        left = was_changed(
            session,
            update(QueueEntry)
            .where(QueueEntry.id == entry.id, QueueEntry.status == QueueEntryStatus.WAITING)
            .values(status=QueueEntryStatus.CALLBACK, left_at=at, overflowed_at=at, sent_at=None),
        )
        if not left:
            return False
        free_those_asked(session, call_id, at=at)
        promise = _open(session, call, CallbackReason.ASKED, urgent=entry.urgent, opened_at=entry.joined_at)
        if placed is not None:
            touch(session, "queue", f"call-{call_id}")
            return True  # she had asked before: that place is the older one
        outbound = place_call(session, promise, call, joined_at=entry.joined_at, ahead=entry.ahead, at=at)
        touch(session, "queue", f"call-{call_id}", f"call-{outbound.id}")
        offer_waiting_calls(session, at=at)
        return True


def close_callback(session: Session, event: LegChanged) -> None:
    """Somebody speaks with a caller who was owed a call, whoever rang whom: it is done."""
    if event.status is not LegStatus.JOINED or event.role not in {LegRole.PATIENT, LegRole.OPERATOR}:
        return
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
        if call.from_number is None or not _speaks(session, call):
            return
        settle_callback(session, call, at=event.at)


def settle_callback(session: Session, call: Call, *, at: datetime) -> None:
    """Nothing is owed any more to the caller of this call; whoever was about to ring her does not. Needs the floor."""
    # Those calls before her call-back, as whoever accepts one does: the other way round they wait in a circle.
    for call_id in _to_withdraw(session, call):
        lock_call(session, call_id)
    done = (
        update(Callback)
        .where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Callback.status.in_(OWED),
        )
        .values(status=CallbackStatus.DONE, closed_at=at)
    )
    if was_changed(session, done):
        # Looked for anew: an operator who had her call-back until now has just placed one.
        for call_id in _to_withdraw(session, call):
            end_outbound_call(session, call_id, at=at)
        touch(session, "queue")
    # Nor is anything left to be decided of whoever could not be reached before.
    undecided = update(Callback).where(
        Callback.practice_id == call.practice_id,
        Callback.number == call.from_number,
        Callback.status == CallbackStatus.UNREACHED,
    )
    if session.scalars(undecided.values(status=CallbackStatus.DONE, closed_at=at).returning(Callback.id)).all():
        touch(session, "queue")


def _open(session: Session, call: Call, reason: CallbackReason, *, urgent: bool, opened_at: datetime) -> Callback:
    if urgent:
        # Before her call-back is held: whoever accepts that call holds its place first, then the call-back.
        _make_place_urgent(session, call)
    is_new = insert_new(
        session,
        Callback,
        practice_id=call.practice_id,
        number=call.from_number,
        reason=reason,
        status=CallbackStatus.OPEN,
        call_id=call.id,
        losses=int(reason is CallbackReason.ABANDONED),
        urgent=urgent,
        opened_at=opened_at,
        not_before=opened_at,
        attempts=0,
    )
    found = session.scalars(
        select(Callback).where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Callback.status.in_(OWED),
        )
    ).one()
    if urgent:
        found.urgent = True  # and stays so, whatever a later loss was
        session.flush()
    if is_new or found.call_id == call.id:
        return found
    # A later loss of the same caller; a promise is stronger than a loss.
    found.call_id = call.id
    found.losses += reason is CallbackReason.ABANDONED
    found.opened_at = min(found.opened_at, opened_at)
    if reason is CallbackReason.ASKED:
        found.reason = reason
    session.flush()
    return found


def _make_place_urgent(session: Session, call: Call) -> None:
    """The call of ours that is to ring this caller goes before everybody too, if there is one."""
    placed = select(Callback.outbound_call_id).where(
        Callback.practice_id == call.practice_id,
        Callback.number == call.from_number,
        Callback.status.in_(OWED),
    )
    waits = update(QueueEntry).where(
        QueueEntry.call_id == placed.scalar_subquery(), QueueEntry.status == QueueEntryStatus.WAITING
    )
    session.execute(waits.values(urgent=True))


def place_call(session: Session, owed: Callback, call: Call, *, joined_at: datetime, ahead: int, at: datetime) -> Call:
    """The call of ours that rings her, with its place in the queue, as urgent as what is owed."""
    outbound = open_outbound_call(
        session, practice_id=owed.practice_id, line_id=call.line_id, number=owed.number, at=at
    )
    session.add(
        QueueEntry(
            practice_id=owed.practice_id,
            call_id=outbound.id,
            status=QueueEntryStatus.WAITING,
            urgent=owed.urgent,
            priority=PRIORITIES[PriorityReason.PROMISED],
            priority_reason=PriorityReason.PROMISED,
            ahead=ahead,
            joined_at=joined_at,
        )
    )
    owed.outbound_call_id = outbound.id
    session.flush()
    return outbound


def _to_withdraw(session: Session, call: Call) -> Sequence[int]:
    """The other calls that were to ring her back, also one that somebody has taken: over once she is spoken with."""
    return session.scalars(
        select(Call.id)
        .where(
            Call.practice_id == call.practice_id,
            Call.from_number == call.from_number,
            Call.direction == CallDirection.OUTBOUND,
            Call.id != call.id,
            Call.status.in_(GOING_ON),
            # A household shares its number: a conversation that has begun is somebody's, perhaps with the regulator.
            ~patient_came(),
        )
        .order_by(Call.id)
    ).all()


def _got_through_since(session: Session, call: Call) -> bool:
    """Whether somebody spoke with this caller in a later call: the news of the loss comes after that of the success."""
    later = select(Call.id).where(
        Call.practice_id == call.practice_id,
        Call.from_number == call.from_number,
        Call.received_at > call.received_at,
        Call.answered_at.is_not(None),
        # A call of ours that only an operator was in, while the patient's telephone rang, is no success.
        patient_came(),
    )
    return session.scalar(later.limit(1)) is not None


def _speaks(session: Session, call: Call) -> bool:
    roles = session.scalars(select(Leg.role).where(Leg.call_id == call.id, Leg.status == LegStatus.JOINED)).all()
    return {LegRole.PATIENT, LegRole.OPERATOR} <= {LegRole(role) for role in roles}
