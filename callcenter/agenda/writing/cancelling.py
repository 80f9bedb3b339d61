"""Cancelling an appointment: its time is free again, the appointment stays on record."""

from datetime import datetime

from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentCancelled
from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.changing import changed_appointment
from callcenter.agenda.writing.history import Doing, record_event, snapshot
from callcenter.agenda.writing.vacating import vacate
from callcenter.core.errors import Conflict
from callcenter.core.events import publish
from callcenter.core.i18n import N_


def cancel_appointment(
    session: Session,
    appointment_id: int,
    *,
    staff_id: int | None,
    reason: str = "",
    at: datetime,
    call_id: int | None = None,
    doing: Doing | None = None,
) -> Appointment:
    """Give the time back; a repeat changes nothing. ``doing`` is given where it is part of something else.

    Raises ``NotFound`` out of the scope and ``Conflict`` when the visit has begun or is over.
    """
    appointment = changed_appointment(session, appointment_id)
    if appointment.status == AppointmentStatus.CANCELLED:
        return appointment
    if appointment.status != AppointmentStatus.BOOKED:
        raise Conflict(N_("This visit has already begun. It can no longer be cancelled."))
    before = snapshot(session, appointment)
    vacate(session, appointment)
    appointment.status = AppointmentStatus.CANCELLED
    record_event(
        session,
        appointment,
        Act.CANCELLED if doing is None else Act.UNDONE,
        doing
        or Doing(
            at=at,
            staff_id=staff_id,
            key=f"cancel-{appointment_id}-{at.timestamp():.6f}",
            call_id=call_id,
            reason=reason,
        ),
        before=before,
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
    touch_agenda(session, appointment.practice_id, appointment.practitioner_id)
    return appointment
