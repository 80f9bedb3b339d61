"""Whether the patient came: arrived, seen, or not (FHIR R4: arrived, fulfilled, noshow)."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.changing import changed_appointment
from callcenter.agenda.writing.history import Doing, record_event, snapshot
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_

_EARLY = timedelta(hours=12)  # who came in the morning for the afternoon has come
_FROM = {
    AppointmentStatus.ARRIVED: {AppointmentStatus.BOOKED, AppointmentStatus.NOSHOW},
    AppointmentStatus.FULFILLED: {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED},
    AppointmentStatus.NOSHOW: {AppointmentStatus.BOOKED},
}


def mark_arrived(session: Session, appointment_id: int, *, staff_id: int | None, at: datetime) -> Appointment:
    """The patient is there. Raises ``NotFound`` out of the scope, ``Conflict`` where it cannot be."""
    return _mark(session, appointment_id, AppointmentStatus.ARRIVED, Act.ARRIVED, staff_id=staff_id, at=at)


def mark_fulfilled(session: Session, appointment_id: int, *, staff_id: int | None, at: datetime) -> Appointment:
    """The visit has taken place. Raises as ``mark_arrived``."""
    return _mark(session, appointment_id, AppointmentStatus.FULFILLED, Act.FULFILLED, staff_id=staff_id, at=at)


def mark_no_show(session: Session, appointment_id: int, *, staff_id: int | None, at: datetime) -> Appointment:
    """The patient did not come: only once the visit should have begun. Raises as ``mark_arrived``."""
    return _mark(session, appointment_id, AppointmentStatus.NOSHOW, Act.NOSHOW, staff_id=staff_id, at=at)


def _mark(
    session: Session, appointment_id: int, status: AppointmentStatus, act: Act, *, staff_id: int | None, at: datetime
) -> Appointment:
    appointment = changed_appointment(session, appointment_id)
    if appointment.status == status:
        return appointment
    if appointment.status not in _FROM[status]:
        raise Conflict(N_("That does not fit what is noted of this visit."))
    if status is AppointmentStatus.NOSHOW and at.timestamp() < appointment.start:
        raise Conflict(N_("This visit has not begun yet."))
    if status is not AppointmentStatus.NOSHOW and (at + _EARLY).timestamp() < appointment.start:
        raise Conflict(N_("This visit is not today."))
    before = snapshot(session, appointment)
    appointment.status = status
    doing = Doing(at=at, staff_id=staff_id, key=f"{act.value}-{appointment_id}-{at.timestamp():.6f}")
    record_event(session, appointment, act, doing, before=before)
    touch_agenda(session, appointment.practice_id, appointment.practitioner_id)
    return appointment
