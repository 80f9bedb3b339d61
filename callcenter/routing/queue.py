"""The queue follows the telephone: callers come, leave, and come back when their operator's telephone is lost."""

from datetime import datetime

from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.core.insertion import insert_new
from callcenter.routing.agents import move_agent, release, was_changed, whole_floor
from callcenter.routing.arrival_statements import ahead_of
from callcenter.routing.choice import PRIORITIES, PriorityReason
from callcenter.routing.events import CallAbandoned, CallQueued
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.routing.offers import offer_waiting_calls
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.statuses import CANCELED

_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def leave_queue(session: Session, event: CallEnded) -> None:
    """The patient has left: nobody is asked to take her any more, and whoever was on the call wraps up."""
    with whole_floor(session):
        # The place first: whoever is offering it at this moment is waited for here, and then found by the next.
        _close_entry(session, event)
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
    """An operator's telephone is lost: she leaves the call, and a patient whom nobody is with goes back to the head.

    Her place counts from when she first came, so she is the next to be answered. Told of any leg, in any order: who is
    in the call decides, not what was heard last.
    """
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
        others = session.scalars(
            select(Leg).where(Leg.call_id == call.id, Leg.role != LegRole.PATIENT, Leg.status.not_in(_OVER))
        ).all()
        if event.role is LegRole.OPERATOR and event.status in _OVER:
            # Her own telephone: those that she had rung into the call carry her name too.
            own = [leg for leg in others if leg.role == LegRole.OPERATOR and leg.staff_id == event.staff_id]
            _take_off(session, event, still_in=bool(own))
        if others:
            return
        if call.status == CallStatus.ENDED:
            _note_unanswered(session, call, at=event.at)
        elif call.status == CallStatus.WAITING and (event.status in _OVER or event.role is LegRole.PATIENT):
            return_to_queue(session, call, at=event.at)
            if event.role is LegRole.PATIENT and event.status is LegStatus.JOINED:
                _give_place(session, call, at=event.at)


def _take_off(session: Session, event: LegChanged, *, still_in: bool) -> None:
    """Out of the call: to wrap up what was said, or on a break when her telephone could not be reached at all.

    A telephone that we stopped ringing, because the patient had left, was not unreachable.
    """
    if still_in or event.staff_id is None:
        return
    leg = session.scalars(select(Leg).where(Leg.id == event.leg_id)).one()
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


def return_to_queue(session: Session, call: Call, *, at: datetime) -> None:
    """Put a patient who was answered back at the head: somebody spoke with her already. Needs the whole floor."""
    returned = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.ANSWERED)
        .values(
            status=QueueEntryStatus.WAITING,
            left_at=None,
            ahead=0,
            **_spoken_with(call),
        ),
    )
    if returned:
        touch(session, "queue", f"call-{call.id}")
        publish(session, CallQueued(call_id=call.id, practice_id=call.practice_id, at=at))
        offer_waiting_calls(session, at=at)


def _spoken_with(call: Call) -> dict[str, object]:
    """Whom somebody was lost to in mid-sentence comes first; one whose operator could not be reached only waited."""
    if call.answered_at is None:
        return {}
    return {"priority": PRIORITIES[PriorityReason.RETURNED], "priority_reason": PriorityReason.RETURNED}


def _give_place(session: Session, call: Call, *, at: datetime) -> None:
    """Whoever waits in her room has a place, whatever she was taken for when she rang.

    One who was noted as answered by the static document may have been on her way here; nobody else would see her. At
    the gate it is her digits that give her the place, and how urgent it is.
    """
    if call.handling == CallHandling.GATED:
        return
    ahead = session.connection().scalar(select(ahead_of(literal(call.practice_id))))
    is_new = insert_new(
        session,
        QueueEntry,
        call_id=call.id,
        practice_id=call.practice_id,
        status=QueueEntryStatus.WAITING,
        ahead=ahead,
        joined_at=at,
    )
    if is_new:
        touch(session, "queue", f"call-{call.id}")
        publish(session, CallQueued(call_id=call.id, practice_id=call.practice_id, at=at))
        offer_waiting_calls(session, at=at)


def free_those_asked(session: Session, call_id: int, *, at: datetime) -> None:
    """Take back the offer of a call that nobody can take any more; its place must be closed already."""
    pending = session.scalars(
        select(Reservation).where(Reservation.call_id == call_id, Reservation.status == ReservationStatus.PENDING)
    ).all()
    for reservation in pending:
        release(session, reservation, ReservationStatus.CANCELED, at=at)


def _close_entry(session: Session, event: CallEnded) -> None:
    answered = session.scalar(select(Call.answered_at).where(Call.id == event.call_id)) is not None
    # By whether anybody ever spoke with her, not by where she stood last: the order of the news must not matter.
    outcome = QueueEntryStatus.ANSWERED if answered else QueueEntryStatus.ABANDONED
    left = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.call_id == event.call_id, QueueEntry.status == QueueEntryStatus.WAITING)
        .values(status=outcome, left_at=event.at),
    )
    if left and not answered:
        publish(session, CallAbandoned(call_id=event.call_id, practice_id=event.practice_id, at=event.at))


def _note_unanswered(session: Session, call: Call, *, at: datetime) -> None:
    """She left, then the telephone of whoever had taken her call was not reached: nobody has answered her."""
    if call.answered_at is not None:
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
