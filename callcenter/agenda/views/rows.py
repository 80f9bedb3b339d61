"""One day of one agenda as lines to read: appointments, free times, closed stretches, and where now is; no query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import ClassVar, Literal

from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Free
from callcenter.agenda.models import AppointmentStatus
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import OpeningKind
from callcenter.agenda.rules.wall_clock import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What every line has: its stretch in UTC seconds and in wall-clock time."""

    start: int
    end: int
    zone: str
    now_percent: int | None = None  # how far now is through this line; None when now is elsewhere

    @property
    def starts_at(self) -> datetime:
        """The start as wall-clock time."""
        return local_time(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The end as wall-clock time."""
        return local_time(self.end, self.zone)

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return (self.end - self.start) // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRow(_Line):
    """A patient's time."""

    kind: ClassVar[Literal["appointment"]] = "appointment"
    appointment_id: int
    patient_id: int
    patient: str  # "Vasseur H."
    service: str
    service_short: str
    colour: int  # visit colour 1..8
    status: AppointmentStatus
    booked_at: datetime
    is_over: bool = False
    lane: int = 0  # 0 is the plan; others stand beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistRow(_Line):
    """A colleague's visit at which this practitioner is needed, for as long as that takes her: preparing included."""

    kind: ClassVar[Literal["assist"]] = "assist"
    colleague: str  # "Dr Lemoine"
    visit_start: int  # UTC seconds
    appointment_id: int | None  # None for a group, which has several patients
    patient: str  # empty for a group
    service: str
    service_short: str
    colour: int
    status: AppointmentStatus
    is_over: bool = False

    @property
    def visit_starts_at(self) -> datetime:
        """When the visit itself begins, as wall-clock time."""
        return local_time(self.visit_start, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRow(_Line):
    """A time that can be booked."""

    kind: ClassVar[Literal["free"]] = "free"
    schedule_id: int
    is_first: bool = False  # the first free time of all, not only of this day


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldRow(_Line):
    """A stretch that is open, not taken, and that cannot be had: ``why``, and when everybody may have it."""

    kind: ClassVar[Literal["withheld"]] = "withheld"
    why: Refusal
    kept_for: OpeningKind
    service_type_ids: frozenset[int]  # those it is for; empty is all
    opens_at: int | None = None  # UTC seconds

    @property
    def opens(self) -> datetime | None:
        """When everybody may have it, as wall-clock time."""
        return None if self.opens_at is None else local_time(self.opens_at, self.zone)

    @property
    def opens_within_days(self) -> bool:
        """Whether the name of the weekday says on which day it opens."""
        return self.opens is not None and (self.starts_at.date() - self.opens.date()).days < 7


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow(_Line):
    """A time that somebody else holds while she speaks with a patient."""

    kind: ClassVar[Literal["hold"]] = "hold"
    hold_id: int
    who: str  # her first name
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRow(_Line):
    """A stretch between two openings; ``ends_at`` is when it opens again."""

    kind: ClassVar[Literal["closed"]] = "closed"


Row = AppointmentRow | AssistRow | FreeRow | WithheldRow | HoldRow | ClosedRow


@dataclass(frozen=True, slots=True)
class ShareLeft:
    """Of the free times between these two, wall-clock, no more than this may be given by telephone."""

    visits: int
    starts_at: datetime
    ends_at: datetime
    is_all: bool  # all free times of the day lie there


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """One practitioner's day. ``rows`` is empty when the day is closed and nobody is booked."""

    practice_id: int
    practitioner_id: int
    practitioner: str  # "Dr Lemoine"
    family_name: str  # "Lemoine"
    day: date
    zone: str
    is_today: bool
    open: tuple[tuple[datetime, datetime], ...]  # opening hours, wall-clock
    rows: tuple[Row, ...]
    cancelled: tuple[AppointmentRow, ...]
    first_free: Free | None  # the first from now on, whichever day; None when there is none within sixty days
    next_free: tuple[Free, ...]  # the two after it
    share_left: tuple[ShareLeft, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be seen on this day."""
        return not self.rows

    @property
    def appointments(self) -> tuple[AppointmentRow, ...]:
        """The appointments that stand."""
        return tuple(row for row in self.rows if isinstance(row, AppointmentRow))

    @property
    def coming(self) -> AppointmentRow | None:
        """The appointment going on now, else the next one of today."""
        expected = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
        ahead = (row for row in self.appointments if not row.is_over and row.status in expected)
        return next(ahead, None) if self.is_today else None

    @property
    def waiting(self) -> tuple[AppointmentRow, ...]:
        """Who has arrived today and whose time has passed: still to be seen."""
        there = (row for row in self.appointments if row.is_over and row.status is AppointmentStatus.ARRIVED)
        return tuple(there) if self.is_today else ()


def day_rows(
    booked: Sequence[AppointmentRow | AssistRow],
    offered: Iterable[FreeRow | WithheldRow],
    open_: Sequence[Interval],
    *,
    zone: str,
    at: int,
) -> tuple[Row, ...]:
    """The lines of one day in order, now marked on the line it falls in, else at the top of the next."""
    closed = [ClosedRow(start=end, end=begin, zone=zone) for (_, end), (begin, _) in pairwise(open_)]
    # Somebody may be booked in a stretch that was closed afterwards: the person is what counts.
    closed = [row for row in closed if not any(one.start < row.end and row.start < one.end for one in booked)]
    lines: list[Row] = sorted([*booked, *offered, *closed], key=lambda row: (row.start, row.end))
    if not lines or not lines[0].start <= at < lines[-1].end:
        return tuple(lines)
    for index, line in enumerate(lines):
        if at < line.end:
            percent = max(0, (at - line.start) * 100 // (line.end - line.start))
            lines[index] = replace(line, now_percent=percent)
            break
    return tuple(lines)


def short_name(family_name: str, given_name: str) -> str:
    """A patient as short as a line of the agenda: "Vasseur H.", "Nguyen T.-L."."""
    initials = "-".join(f"{part[0]}." for part in given_name.strip().split("-") if part)
    return f"{family_name} {initials}".strip()
