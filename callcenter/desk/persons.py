"""Who the caller may be, and what was booked for them in this call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, ServiceType
from callcenter.core.phone import is_mobile
from callcenter.desk.queue_view import person_name
from callcenter.directory.models import Patient, Practitioner
from callcenter.directory.patients import persons_on_number
from callcenter.messaging.models import OutboxMessage, OutboxStatus


@dataclass(frozen=True, slots=True)
class NextAppointment:
    """When a person comes next, and to whom."""

    start: datetime
    practitioner: str


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A patient of the called practice. ``age`` in whole years at the instant of reading."""

    id: int
    name: str
    is_woman: bool
    birth_on: date | None
    age: int | None
    phone: str | None
    note: str
    next_appointment: NextAppointment | None

    @property
    def can_be_texted(self) -> bool:
        """Whether a confirmation can reach this person."""
        return self.phone is not None and is_mobile(self.phone)


@dataclass(frozen=True, slots=True)
class TextState:
    """What became of a confirmation."""

    status: OutboxStatus
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class BookedHere:
    """An appointment made in this call; ``text`` is None when no confirmation could be sent."""

    appointment_id: int
    start: datetime
    practitioner: str
    service_type: str
    patient_name: str
    is_cancelled: bool
    text: TextState | None


def known_persons(
    session: Session, number: str | None, about: Patient | None, *, practice_id: int, at: datetime
) -> tuple[list[KnownPerson], KnownPerson | None]:
    """The practice's persons on that number, and the one the call is about. Two queries, however many they are."""
    found = list(persons_on_number(session, practice_id, number)) if number else []
    wanted = found if about is None or any(one.id == about.id for one in found) else [*found, about]
    described = {one.id: one for one in describe_persons(session, wanted, at=at)}
    return [described[one.id] for one in found], described[about.id] if about is not None else None


def numbered(found: Sequence[KnownPerson], *, known: Sequence[KnownPerson]) -> list[tuple[int, KnownPerson]]:
    """Those found, each with the digit that chooses them: who stands on the card already keeps the digit from there.

    Left out, somebody on the card would be told to be unknown, and be entered a second time.
    """
    digits = {one.id: digit for digit, one in enumerate(known, 1)}
    for one in found:
        digits.setdefault(one.id, len(digits) + 1)
    return [(digits[one.id], one) for one in found]


def describe_persons(session: Session, patients: Sequence[Patient], *, at: datetime) -> list[KnownPerson]:
    """Patients with their age and next appointment. One query."""
    coming = _next_appointments(session, [one.id for one in patients], at=at)
    return [
        KnownPerson(
            id=one.id,
            name=person_name(one),
            is_woman=one.title.rstrip(".").lower() in {"mme", "mlle", "mrs", "ms", "miss"},
            birth_on=one.birth_on,
            age=age_on(one.birth_on, at.date()),
            phone=one.phone,
            note=one.note,
            next_appointment=coming.get(one.id),
        )
        for one in patients
    ]


def age_on(birth_on: date | None, day: date) -> int | None:
    """Whole years lived on that day."""
    if birth_on is None:
        return None
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def _next_appointments(session: Session, patient_ids: Sequence[int], *, at: datetime) -> dict[int, NextAppointment]:
    first = (
        select(Appointment.patient_id, func.min(Appointment.start).label("start"))
        .where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.start >= int(at.timestamp()),
            Appointment.status == AppointmentStatus.BOOKED,
        )
        .group_by(Appointment.patient_id)
        .subquery()
    )
    rows = session.execute(
        select(Appointment.patient_id, Appointment.start, Practitioner.name)
        .join(first, (first.c.patient_id == Appointment.patient_id) & (first.c.start == Appointment.start))
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.status == AppointmentStatus.BOOKED)
    )
    return {
        patient_id: NextAppointment(start=datetime.fromtimestamp(start, tz=UTC), practitioner=name)
        for patient_id, start, name in rows
    }


def read_booked_here(session: Session, call_id: int) -> list[BookedHere]:
    """The appointments made in this call with the state of each confirmation, in their order. One query."""
    rows = session.execute(
        select(Appointment, Practitioner.name, ServiceType.name, Patient, OutboxMessage)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(ServiceType, ServiceType.id == Appointment.service_type_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(
            OutboxMessage,
            (OutboxMessage.appointment_id == Appointment.id) & (OutboxMessage.kind == "appointment_booked"),
        )
        .where(Appointment.call_id == call_id)
        .order_by(Appointment.id)
    )
    return [
        BookedHere(
            appointment_id=appointment.id,
            start=datetime.fromtimestamp(appointment.start, tz=UTC),
            practitioner=practitioner,
            service_type=service_type,
            patient_name=person_name(patient),
            is_cancelled=appointment.status == AppointmentStatus.CANCELLED,
            text=None if message is None else TextState(OutboxStatus(message.status), message.settled_at),
        )
        for appointment, practitioner, service_type, patient, message in rows
    ]
