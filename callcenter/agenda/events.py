"""What happened in the agenda, told to those above."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AppointmentBooked:
    """A patient was given a time; ``start`` in UTC seconds."""

    appointment_id: int
    practice_id: int
    patient_id: int
    practitioner_id: int
    call_id: int | None
    start: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AppointmentCancelled:
    """A time was given back; ``start`` in UTC seconds."""

    appointment_id: int
    practice_id: int
    patient_id: int
    practitioner_id: int
    call_id: int | None
    start: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AppointmentMoved:
    """A visit was given another time; ``start`` and ``was_start`` in UTC seconds. ``tell``: the patient is told."""

    appointment_id: int
    practice_id: int
    patient_id: int
    practitioner_id: int
    call_id: int | None
    start: int
    was_start: int
    event_id: int
    at: datetime
    tell: bool


@dataclass(frozen=True, slots=True)
class AppointmentRestored:
    """A cancellation was taken back: the visit takes place after all."""

    appointment_id: int
    practice_id: int
    call_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class SeriesBooked:
    """A patient was given several times at once; ``starts`` in UTC seconds, sorted."""

    series_id: int
    practice_id: int
    patient_id: int
    practitioner_id: int
    call_id: int | None
    first_appointment_id: int
    starts: tuple[int, ...]
    at: datetime
