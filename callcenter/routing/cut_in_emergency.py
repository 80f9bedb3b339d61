"""An operator is cut off from a patient in an emergency: nobody waits for her, and she may still be the first back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.routing.agents import move_agent, release, take_off, was_changed, whole_floor
from callcenter.routing.company import Telephone, has_company, is_cut_off
from callcenter.routing.events import CallAccepted
from callcenter.routing.models import (
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationRule,
    ReservationStatus,
)
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.places import give_answered_place, return_to_queue
from callcenter.routing.telephones import on_call_in, telephones_of
from callcenter.telephony.models import Call, LegRole, LegStatus


def look_after_emergency(session: Session, call: Call, telephones: Sequence[Telephone], *, at: datetime) -> bool:
    """Whether nothing more is to be done: with no operator in it, the patient waits for the next one from now on.

    The regulator, or a doctor, stays with her meanwhile. The operator who was cut off keeps her key to come back and
    the card with its lines until a colleague has taken the patient.
    """
    operators = [one for one in telephones if one.role is LegRole.OPERATOR]
    if has_company(operators):
        take_out_of_queue(session, call, telephones, at=at)
        return True
    give_answered_place(session, call, at=at)
    return_to_queue(session, call, at=at)
    for staff_id in on_call_in(session, call.id):
        if is_cut_off(telephones, staff_id):
            # Her browser is silent as well: she cannot come back by her key.
            move_agent(
                session,
                staff_id,
                from_=[AgentStatus.ON_CALL],
                to=AgentStatus.OFFLINE,
                on_call_id=call.id,
                silent_at=at,
                at=at,
            )
    return True


def take_out_of_queue(session: Session, call: Call, telephones: Sequence[Telephone], *, at: datetime) -> None:
    """Once she is back before anybody else was, the patient is not offered any more."""
    there = {one.staff_id for one in telephones if one.role is LegRole.OPERATOR and one.status is LegStatus.JOINED}
    if not there.intersection(on_call_in(session, call.id)):
        return
    place = update(QueueEntry).where(QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.WAITING)
    if not was_changed(session, place.values(status=QueueEntryStatus.ANSWERED, left_at=at)):
        return
    pending = select(Reservation).where(Reservation.call_id == call.id, Reservation.status == ReservationStatus.PENDING)
    for offer in session.scalars(pending.execution_options(populate_existing=True)).all():
        release(session, offer, ReservationStatus.CANCELED, at=at)
    touch(session, "queue", f"call-{call.id}")
    offer_waiting_calls(session, at=at)


def relieve_cut_off(session: Session, event: CallAccepted) -> None:
    """A colleague has taken the patient out of the queue: whoever was cut off from her is out of it, and wraps up.

    A colleague who was asked in beside her is none who takes the patient from her.
    """
    with whole_floor(session):
        others = [staff_id for staff_id in on_call_in(session, event.call_id) if staff_id != event.staff_id]
        if not others or _was_asked_in(session, event):
            return
        telephones = telephones_of(session, event.call_id)
        for staff_id in others:
            if is_cut_off(telephones, staff_id):
                take_off(session, event.call_id, staff_id, at=event.at)


def _was_asked_in(session: Session, event: CallAccepted) -> bool:
    taken = select(Reservation.rule).where(
        Reservation.call_id == event.call_id,
        Reservation.staff_id == event.staff_id,
        Reservation.status == ReservationStatus.ACCEPTED,
    )
    return session.scalar(taken.order_by(Reservation.id.desc()).limit(1)) == ReservationRule.TRANSFER
