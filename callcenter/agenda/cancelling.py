"""Cancelling an appointment: its time is free again, the appointment stays on record."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentCancelled
from callcenter.agenda.models import Appointment, AppointmentStatus, Cancellation, Occupation
from callcenter.agenda.quotas import give_back_use
from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_


def cancel_appointment(
    session: Session, appointment_id: int, *, staff_id: int | None, reason: str = "", at: datetime
) -> Appointment:
    """Give the time back; a repeat changes nothing.

    Raises ``NotFound`` out of the scope and ``Conflict`` when the visit has begun or is over.
    """
    appointment = session.scalar(select(Appointment).where(Appointment.id == appointment_id))
    if appointment is None:
        raise NotFound(N_("There is no such appointment."))
    won = session.scalars(
        update(Appointment)
        .where(Appointment.id == appointment_id, Appointment.status == AppointmentStatus.BOOKED)
        .values(status=AppointmentStatus.CANCELLED)
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.refresh(appointment)
    if not won:
        if appointment.status == AppointmentStatus.CANCELLED:
            return appointment
        raise Conflict(N_("This visit has already begun. It can no longer be cancelled."))
    session.execute(
        delete(Occupation)
        .where(Occupation.appointment_id == appointment_id)
        .execution_options(synchronize_session="fetch")
    )
    give_back_use(session, appointment)
    session.add(
        Cancellation(
            appointment_id=appointment_id,
            practice_id=appointment.practice_id,
            cancelled_by=staff_id,
            cancelled_at=at,
            reason=reason,
        )
    )
    record_act(
        session,
        "appointment.cancelled",
        f"appointment {appointment_id}",
        at=at,
        staff_id=staff_id,
        practice_id=appointment.practice_id,
    )
    publish(
        session,
        AppointmentCancelled(
            appointment_id,
            appointment.practice_id,
            appointment.patient_id,
            appointment.practitioner_id,
            appointment.call_id,
            appointment.start,
            at,
        ),
    )
    touch(session, f"agenda-{appointment.practice_id}")
    return appointment
