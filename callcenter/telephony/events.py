"""What happens on the telephone, told upwards."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.telephony.models import LegRole, LegStatus


@dataclass(frozen=True, slots=True)
class CallReceived:
    """A patient dialled a practice's line."""

    call_id: int
    practice_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LegChanged:
    """One telephone of a call has moved on; ``staff_id`` is the operator whose telephone it is."""

    call_id: int
    practice_id: int
    leg_id: int
    role: LegRole
    status: LegStatus
    staff_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The patient has left; told once per call."""

    call_id: int
    practice_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallLost:
    """The patient's line dropped while a doctor or the emergency line is, or was to be, in her call."""

    call_id: int
    practice_id: int
    at: datetime
