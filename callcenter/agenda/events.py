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
