"""Callers who are owed a call: those who hung up after waiting, and those who asked to be rung back.

One per number and practice, however often she tried. Ringing her is a call of ours (``telephony.outbound``) with a
place in the queue: an operator takes it from her list, or is offered it when its turn comes.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.directory.models import Practice, Staff
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.callback_rules import LATE_AFTER, is_decent, is_owed, next_try
from callcenter.routing.choice import PRIORITIES, PriorityReason
from callcenter.routing.events import CallAbandoned, CallAccepted
from callcenter.routing.models import Callback, CallbackReason, CallbackStatus, QueueEntry, QueueEntryStatus
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.queue import free_those_asked
from callcenter.routing.taking import pull_call
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallDirection, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.outbound import open_outbound_call, want_patient

_OWED = (CallbackStatus.OPEN, CallbackStatus.TAKEN)


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
        select(func.count(Callback.id), late, func.min(Callback.opened_at)).where(Callback.status.in_(_OWED))
    ).one()
    return CallbacksOwed(*row)


def owe_callback(session: Session, event: CallAbandoned) -> None:
    """A caller hung up before anybody had answered: she is owed a call, unless she hung up at once or hid her number.

    Heard twice, or after she tried again, it is one call-back: the oldest loss counts for how late it is.
    """
    with whole_floor(session):
        row = session.execute(
            select(Call, QueueEntry).join(QueueEntry, QueueEntry.call_id == Call.id).where(Call.id == event.call_id)
        ).one()
        call, entry = row
        if call.direction != CallDirection.INBOUND or call.from_number is None:
            return
        if entry.left_at is None or not is_owed(joined_at=entry.joined_at, left_at=entry.left_at):
            return
        if _got_through_since(session, call):
            return
        _open(session, call, CallbackReason.ABANDONED, opened_at=entry.left_at)
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
        left = was_changed(
            session,
            update(QueueEntry)
            .where(QueueEntry.id == entry.id, QueueEntry.status == QueueEntryStatus.WAITING)
            .values(status=QueueEntryStatus.CALLBACK, left_at=at, overflowed_at=at, sent_at=None),
        )
        if not left:
            return False
        free_those_asked(session, call_id, at=at)
        promise = _open(session, call, CallbackReason.ASKED, opened_at=entry.joined_at)
        outbound = _place(
            session, promise, call, joined_at=entry.joined_at, ahead=entry.ahead, urgent=entry.urgent, at=at
        )
        touch(session, "queue", f"call-{call_id}", f"call-{outbound.id}")
        offer_waiting_calls(session, at=at)
        return True


def take_callback(session: Session, callback_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Ring a caller back: the operator's own leg, to dial once this is committed; the patient's follows when she is in.

    Taken twice by the same operator, it is the same leg. Raises ``NotFound``; ``Conflict`` when a colleague was faster,
    when it is done, when it is night at the practice, when she is not available or not qualified; ``Invalid`` when she
    has no telephone.
    """
    with whole_floor(session):
        owed = session.scalar(select(Callback).where(Callback.id == callback_id).with_for_update())
        if owed is None:
            raise NotFound(N_("There is no such call-back."))
        # Asked for by compare-and-set: two operators may press at once, and each sees the row of before.
        entry_id = _entry_of(session, owed)
        if owed.status == CallbackStatus.TAKEN and owed.taken_by != staff_id:
            name = session.scalar(select(Staff.first_name).where(Staff.id == owed.taken_by))
            raise Conflict(N_("%(name)s is ringing this caller back."), name=name or N_("A colleague"))
        if owed.status not in _OWED:
            raise Conflict(N_("This caller was spoken with already. Nothing is left to do."))
        zone = session.scalars(select(Practice.zone).where(Practice.id == owed.practice_id)).one()
        if not is_decent(at, zone):
            raise Conflict(N_("People are rung back between 8 and 20 h. It stays on the list."))
        if entry_id is None:
            call = session.scalars(select(Call).where(Call.id == owed.call_id)).one()
            outbound = _place(session, owed, call, joined_at=owed.opened_at, ahead=0, urgent=False, at=at)
            entry_id = session.scalars(select(QueueEntry.id).where(QueueEntry.call_id == outbound.id)).one()
        return pull_call(session, entry_id, staff_id=staff_id, at=at)


def note_taken(session: Session, event: CallAccepted) -> None:
    """An operator has taken a call of ours: the others see that the caller is being rung back."""
    with whole_floor(session):
        taken = (
            update(Callback)
            .where(Callback.outbound_call_id == event.call_id, Callback.status.in_(_OWED))
            .values(status=CallbackStatus.TAKEN, taken_by=event.staff_id, taken_at=event.at)
        )
        if was_changed(session, taken):
            touch(session, "queue")


def bring_in_patient(session: Session, event: LegChanged) -> None:
    """The operator who rings somebody back is on the line: now the patient's telephone is wanted."""
    if event.role is LegRole.OPERATOR and event.status is LegStatus.JOINED:
        with whole_floor(session):
            want_patient(session, event.call_id, at=event.at)


def close_callback(session: Session, event: LegChanged) -> None:
    """Somebody speaks with a caller who was owed a call, whoever rang whom: it is done."""
    if event.status is not LegStatus.JOINED or event.role not in {LegRole.PATIENT, LegRole.OPERATOR}:
        return
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
        if call.from_number is None or not _speaks(session, call):
            return
        done = (
            update(Callback)
            .where(
                Callback.practice_id == call.practice_id,
                Callback.number == call.from_number,
                Callback.status.in_(_OWED),
            )
            .values(status=CallbackStatus.DONE, closed_at=event.at)
        )
        if was_changed(session, done):
            _withdraw(session, call, at=event.at)
            touch(session, "queue")


def reopen_callback(session: Session, event: CallEnded) -> None:
    """A call of ours is over and she was not spoken with: once more in ten minutes, three times in all.

    A try counts once her telephone was rung. After the third a supervisor decides: it stays to be seen.
    """
    with whole_floor(session):
        owed = session.scalar(
            select(Callback).where(Callback.outbound_call_id == event.call_id, Callback.status.in_(_OWED))
        )
        if owed is None:
            return
        rung = select(Leg.id).where(
            Leg.call_id == event.call_id, Leg.role == LegRole.PATIENT, Leg.dialled_at.is_not(None)
        )
        attempts = owed.attempts + (session.scalar(rung.limit(1)) is not None)
        following = next_try(attempts, at=event.at) if attempts > owed.attempts else owed.not_before
        values = {
            "attempts": attempts,
            "status": CallbackStatus.OPEN if following is not None else CallbackStatus.UNREACHED,
            "not_before": following or event.at,
            "closed_at": None if following is not None else event.at,
            "taken_by": None,
            "taken_at": None,
            "outbound_call_id": None,
        }
        session.execute(update(Callback).where(Callback.id == owed.id, Callback.status.in_(_OWED)).values(**values))
        touch(session, "queue")


def _open(session: Session, call: Call, reason: CallbackReason, *, opened_at: datetime) -> Callback:
    is_new = insert_new(
        session,
        Callback,
        practice_id=call.practice_id,
        number=call.from_number,
        reason=reason,
        status=CallbackStatus.OPEN,
        call_id=call.id,
        losses=int(reason is CallbackReason.ABANDONED),
        opened_at=opened_at,
        not_before=opened_at,
        attempts=0,
    )
    found = session.scalars(
        select(Callback).where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Callback.status.in_(_OWED),
        )
    ).one()
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


def _place(
    session: Session, owed: Callback, call: Call, *, joined_at: datetime, ahead: int, urgent: bool, at: datetime
) -> Call:
    """The call of ours that rings her, with its place in the queue."""
    outbound = open_outbound_call(
        session, practice_id=owed.practice_id, line_id=call.line_id, number=owed.number, at=at
    )
    session.add(
        QueueEntry(
            practice_id=owed.practice_id,
            call_id=outbound.id,
            status=QueueEntryStatus.WAITING,
            urgent=urgent,
            priority=PRIORITIES[PriorityReason.PROMISED],
            priority_reason=PriorityReason.PROMISED,
            ahead=ahead,
            joined_at=joined_at,
        )
    )
    owed.outbound_call_id = outbound.id
    session.flush()
    return outbound


def _entry_of(session: Session, owed: Callback) -> int | None:
    """The place of the call of ours that already rings, or is to ring, her."""
    if owed.outbound_call_id is None:
        return None
    return session.scalar(select(QueueEntry.id).where(QueueEntry.call_id == owed.outbound_call_id))


def _withdraw(session: Session, call: Call, *, at: datetime) -> None:
    """She was spoken with in another call: the one that was to ring her back leaves the queue."""
    others = session.scalars(
        select(Call.id)
        .join(Callback, Callback.outbound_call_id == Call.id)
        .where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Call.id != call.id,
            Call.status == CallStatus.WAITING,
        )
    ).all()
    for call_id in others:
        gone = (
            update(QueueEntry)
            .where(QueueEntry.call_id == call_id, QueueEntry.status == QueueEntryStatus.WAITING)
            .values(status=QueueEntryStatus.ANSWERED, left_at=at)
        )
        if was_changed(session, gone):
            free_those_asked(session, call_id, at=at)
            session.execute(
                update(Call).where(Call.id == call_id).values(status=CallStatus.ENDED, ended_at=at, closed_at=at)
            )


def _got_through_since(session: Session, call: Call) -> bool:
    """Whether somebody spoke with this caller in a later call: the news of the loss comes after that of the success."""
    later = select(Call.id).where(
        Call.practice_id == call.practice_id,
        Call.from_number == call.from_number,
        Call.received_at > call.received_at,
        Call.answered_at.is_not(None),
    )
    return session.scalar(later.limit(1)) is not None


def _speaks(session: Session, call: Call) -> bool:
    roles = session.scalars(select(Leg.role).where(Leg.call_id == call.id, Leg.status == LegStatus.JOINED)).all()
    return {LegRole.PATIENT, LegRole.OPERATOR} <= {LegRole(role) for role in roles}
