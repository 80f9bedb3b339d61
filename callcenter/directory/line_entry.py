"""A line as its rules see it, apart from its tables: what decides from it knows no database."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Forwarding(StrEnum):
    """When the practice sends its calls to the centre, as its contract says."""

    PERMANENT = "permanent"  # every call
    OVERFLOW = "overflow"  # those that the practice does not pick up
    HOURS = "hours"  # every call within the line's hours
    HOLIDAYS = "holidays"  # while the practice's own secretary is away: the periods served
    A_LA_CARTE = "a_la_carte"  # on the days and hours ordered: the periods served


class PeriodKind(StrEnum):
    """What a period says of a line."""

    CLOSED = "closed"
    SERVED = "served"


@dataclass(frozen=True, slots=True)
class HoursRule:
    """Weekly hours in the practice's wall-clock time; an end at or before the start lies on the next day."""

    weekday: int  # 0: Monday
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which the line is closed or served; both included. Without hours of their own, the line's."""

    kind: PeriodKind
    starts_on: date
    ends_on: date
    starts: time | None = None
    ends: time | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class LineEntry:
    """One line and what its practice wants its callers to hear."""

    line_id: int
    practice_id: int
    practice_code: str
    practice_name: str
    number: str  # E.164
    language: str
    zone: str
    country: str
    mode: str
    forwarding: Forwarding = Forwarding.PERMANENT
    hours: tuple[HoursRule, ...] = ()
    periods: tuple[Period, ...] = ()
    outside_sentence: str = ""
    outside_number: str = ""
    overflow_number: str = ""
    callback_after: int = 0  # seconds of expected waiting; 0: no call-back is offered
    gate_per_minute: int = 0
    emergency_sentence: str = ""
    backup_number: str = ""
