"""What the distributor decided, told upwards."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallQueued:
    """A caller waits: newly come, or back because the operator's telephone was lost."""

    call_id: int
    practice_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallOffered:
    """A waiting call rings for one operator."""

    call_id: int
    practice_id: int
    staff_id: int
    reservation_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """An operator took the call."""

    call_id: int
    practice_id: int
    staff_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """The caller left before anybody had answered, or while she waited anew because her operator was lost."""

    call_id: int
    practice_id: int
    at: datetime
