"""The queue follows the telephone: callers come, leave, and come back when their operator's telephone is lost."""

from datetime import datetime

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.routing.agents import move_agent, release, was_changed, whole_floor
from callcenter.routing.choice import PriorityReason
from callcenter.routing.events import CallAbandoned
from callcenter.routing.models import (
    OWED,
    Agent,
    AgentStatus,
    Callback,
    CallbackReason,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationRule,
    ReservationStatus,
)
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.places import give_back_place, give_place, return_to_queue
from callcenter.routing.returning import look_after
from callcenter.routing.taking import leave_to_others
from callcenter.telephony.calls import SPOKE_ELSEWHERE
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.receipts import was_noted
from callcenter.telephony.statuses import CANCELED

__all__ = ["close_place", "follow_leg", "free_those_asked", "leave_queue", "return_to_queue"]

_OVER = (LegStatus.LEFT, LegStatus.FAILED)
_UNSETTLED = (QueueEntryStatus.WAITING, QueueEntryStatus.OVERFLOW)


def leave_queue(session: Session, event: CallEnded) -> None:
    """The patient has left: nobody is asked to take her any more, and whoever was on the call wraps up."""
    with whole_floor(session):
        # The place first: whoever is offering it at this moment is waited for here, and then found by the next.
        close_place(session, event)
        free_those_asked(session, event.call_id, at=event.at)
        on_it = session.scalars(select(Agent.staff_id).where(Agent.call_id == event.call_id)).all()
        for staff_id in on_it:
            move_agent(
                session,
                staff_id,
                from_=[AgentStatus.ON_CALL],
                to=AgentStatus.WRAP_UP,
                on_call_id=event.call_id,
                call_id=event.call_id,
                at=event.at,
            )
    touch(session, "queue")
    offer_waiting_calls(session, at=event.at)


def follow_leg(session: Session, event: LegChanged) -> None:
    """Who is with the patient decides where she stands, not what was heard last: told of any leg, in any order.

    An operator whose telephone leaves stays on the call for half a minute, or for as long as somebody else is with the
    patient (``routing.returning``); to leave by her own will is ``presence.enter_wrap_up``. One whose telephone never
    was in the conversation is out of it at once, and the patient is back at the head of the queue.
    """
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
        if event.role is LegRole.OPERATOR and event.status in _OVER:
            _take_off_unreached(session, call, event)
        if look_after(session, call, at=event.at):
            return
        if call.status == CallStatus.ENDED:
            _note_unanswered(session, call, at=event.at)
        elif call.status != CallStatus.LOST and (event.status in _OVER or event.role is LegRole.PATIENT):
            return_to_queue(session, call, at=event.at)
            if event.role is LegRole.PATIENT and event.status is LegStatus.JOINED:
                give_back_place(session, call, at=event.at)
                _give_place(session, call, at=event.at)


def _take_off_unreached(session: Session, call: Call, event: LegChanged) -> None:
    """Her telephone could not be reached at all: on a break, with a notice.

    A telephone that we stopped ringing was not unreachable: the patient had left, and she wraps up; or the call goes on
    without her, because she left it to others or was sent away, and she has heard nothing that she could wrap up.
    """
    if event.staff_id is None:
        return
    # Her own telephone: those that she had rung into the call carry her name too.
    own = session.scalars(
        select(Leg).where(Leg.call_id == event.call_id, Leg.role == LegRole.OPERATOR, Leg.staff_id == event.staff_id)
    ).all()
    if any(leg.joined_at is not None or leg.status not in _OVER for leg in own):
        return
    leg = next(leg for leg in own if leg.id == event.leg_id)
    if leg.failure == CANCELED and call.status != CallStatus.ENDED:
        leave_to_others(session, event.call_id, event.staff_id, at=event.at)
        return
    never_reached = event.status is LegStatus.FAILED and leg.failure != CANCELED
    move_agent(
        session,
        event.staff_id,
        # Wrapping up: the end of the call was heard first.
        from_=[AgentStatus.ON_CALL, AgentStatus.WRAP_UP] if never_reached else [AgentStatus.ON_CALL],
        to=AgentStatus.BREAK if never_reached else AgentStatus.WRAP_UP,
        on_call_id=event.call_id,
        call_id=None if never_reached else event.call_id,
        missed_call=never_reached,
        at=event.at,
    )


def _give_place(session: Session, call: Call, *, at: datetime) -> None:
    """Whoever waits in her room has a place, whatever she was taken for when she rang.

    One who was noted as answered by the static document may have been on her way here; nobody else would see her. At
    the gate it is her digits that give her the place, and how urgent it is.
    """
    if call.handling == CallHandling.GATED:
        return
    give_place(session, call, at=at)


def free_those_asked(session: Session, call_id: int, *, at: datetime) -> None:
    """Take back the offer of a call that nobody can take any more; its place must be closed already."""
    pending = session.scalars(
        select(Reservation).where(Reservation.call_id == call_id, Reservation.status == ReservationStatus.PENDING)
    ).all()
    for reservation in pending:
        release(session, reservation, ReservationStatus.CANCELED, at=at)


def close_place(session: Session, event: CallEnded) -> bool:
    """The place of a caller who has left, unless it is closed already; whether this did it. Needs the whole floor.

    One who was sent elsewhere and whom nobody has answered there is lost too, though her place was given up before.
    """
    outcome = _outcome(session, event.call_id)
    left = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.call_id == event.call_id, QueueEntry.status.in_(_UNSETTLED), QueueEntry.status != outcome)
        .values(status=outcome, left_at=event.at),
    )
    # Nobody is waited for any more, and nobody waits.
    waited = or_(QueueEntry.requeue_at.is_not(None), QueueEntry.returned_at.is_not(None))
    over = update(QueueEntry).where(QueueEntry.call_id == event.call_id, waited)
    session.execute(over.values(requeue_at=None, returned_at=None))
    if left and outcome is QueueEntryStatus.ABANDONED:
        publish(session, CallAbandoned(call_id=event.call_id, practice_id=event.practice_id, at=event.at))
    return left


def _outcome(session: Session, call_id: int) -> QueueEntryStatus:
    """How the waiting of a caller who has left ended.

    By whether anybody ever spoke with her, not by where she stood last: the order of the news must not matter. But who
    lost her operator, waited anew and gave up is lost: nobody else would know that she had something more to say. Not
    lost is who was promised a call and could not be sent to hear so, because she was hanging up.
    """
    sid, answered_at, status, reason = session.execute(
        select(Call.sid, Call.answered_at, QueueEntry.status, QueueEntry.priority_reason)
        .outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        .where(Call.id == call_id)
    ).one()
    if answered_at is not None:
        waits_anew = status == QueueEntryStatus.WAITING and reason == PriorityReason.RETURNED
        return QueueEntryStatus.ABANDONED if waits_anew else QueueEntryStatus.ANSWERED
    if session.scalar(_is_promised(call_id)) is not None:
        return QueueEntryStatus.CALLBACK
    spoke_elsewhere = was_noted(session, SPOKE_ELSEWHERE, sid)
    return QueueEntryStatus.OVERFLOW if spoke_elsewhere else QueueEntryStatus.ABANDONED


def _is_promised(call_id: int) -> Select[int]:
    # By practice and number, for there is an index.
    return (
        select(Callback.id)
        .join(Call, and_(Call.practice_id == Callback.practice_id, Call.from_number == Callback.number))
        .where(
            Call.id == call_id,
            Callback.call_id == Call.id,
            Callback.reason == CallbackReason.ASKED,
            Callback.status.in_(OWED),
        )
    )


def _note_unanswered(session: Session, call: Call, *, at: datetime) -> None:
    """She left, then the telephone of whoever had taken her call was not reached: nobody has answered her.

    Or nobody has since she lost her operator and waited anew.
    """
    if call.answered_at is not None and not _lost_anew(session, call):
        return
    unanswered = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.ANSWERED)
        .values(status=QueueEntryStatus.ABANDONED, left_at=at),
    )
    if unanswered:
        touch(session, "queue")
        publish(session, CallAbandoned(call_id=call.id, practice_id=call.practice_id, at=at))


def _lost_anew(session: Session, call: Call) -> bool:
    """Whether the telephone of the operator who took her up after she had lost another never was in her room."""
    taken = session.execute(
        select(Reservation.staff_id, Reservation.settled_at)
        .join(QueueEntry, QueueEntry.id == Reservation.queue_entry_id)
        .where(
            QueueEntry.call_id == call.id,
            QueueEntry.priority_reason == PriorityReason.RETURNED,
            Reservation.status == ReservationStatus.ACCEPTED,
            # A colleague who was asked in joins somebody who is there.
            Reservation.rule != ReservationRule.TRANSFER,
        )
        .order_by(Reservation.id.desc())
        .limit(1)
    ).one_or_none()
    if taken is None:
        return False
    hers = select(Leg.id).where(
        Leg.call_id == call.id,
        Leg.role == LegRole.OPERATOR,
        Leg.staff_id == taken.staff_id,
        Leg.wanted_at >= taken.settled_at,
        Leg.joined_at.is_not(None),
    )
    return session.scalar(hers.limit(1)) is None
