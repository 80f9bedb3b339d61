"""What is about to be done to appointments of the wide agenda: one that is moved, two that change places."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule
from callcenter.agenda.occupation_models import AppointmentEvent
from callcenter.agenda.views.rows import short_name
from callcenter.core.phone import is_mobile
from callcenter.directory.models import Patient, Practitioner


@dataclass(frozen=True, slots=True)
class Picked:
    """An appointment that something is about to be done to. ``changes`` counts what has been done to it so far."""

    id: int
    patient_id: int
    patient: str
    can_be_texted: bool
    practitioner_id: int
    practitioner: str
    service_type_id: int
    start: datetime
    zone: str
    changes: int

    @property
    def epoch(self) -> int:
        """The start in seconds since 1970."""
        return int(self.start.timestamp())


@dataclass(frozen=True, slots=True)
class Swap:
    """Two visits that change places; ``second`` is None while it is being chosen."""

    first: Picked
    second: Picked | None
    request_key: str


def pick_appointment(session: Session, appointment_id: int | None) -> Picked | None:
    """An appointment that is still to come, of the practice that the session sees; None for any other."""
    if appointment_id is None:
        return None
    changes = select(func.count()).where(AppointmentEvent.appointment_id == Appointment.id).scalar_subquery()
    found = session.execute(
        select(Appointment, Patient, Practitioner.name, Schedule.zone, changes)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .where(Appointment.id == appointment_id, Appointment.status == AppointmentStatus.BOOKED)
    ).one_or_none()
    if found is None:
        return None
    appointment, patient, practitioner, zone, count = found
    return Picked(
        id=appointment.id,
        patient_id=patient.id,
        patient=short_name(patient.family_name, patient.given_name),
        can_be_texted=patient.phone is not None and is_mobile(patient.phone),
        practitioner_id=appointment.practitioner_id,
        practitioner=practitioner,
        service_type_id=appointment.service_type_id,
        start=datetime.fromtimestamp(appointment.start, tz=UTC),
        zone=zone,
        changes=count,
    )


def pick_swap(session: Session, first_id: int | None, second_id: int | None, *, staff_id: int) -> Swap | None:
    """The two that are to change places; the key is one for this intention, so that a second press changes nothing."""
    first = pick_appointment(session, first_id)
    if first is None:
        return None
    second = pick_appointment(session, second_id) if second_id != first.id else None
    changes = f"{first.changes}-{second.changes}" if second else ""
    return Swap(first, second, f"swap-{staff_id}-{first.id}-{second.id if second else 0}-{changes}")
