"""The wide agenda: a day, a week or the whole team of one practice, and the time about to be booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from callcenter.agenda.models import ServiceType
from callcenter.agenda.views.day_notes import DayNote
from callcenter.agenda.views.grid import Column, WeekGrid
from callcenter.agenda.views.rows import DayView
from callcenter.agenda.writing.overbooking import OpenRule
from callcenter.agenda.writing.undoing import Undoable
from callcenter.desk.current_call import CurrentCall
from callcenter.desk.wide_gestures import Picked, Swap
from callcenter.desk.wide_query import View, WideAsked
from callcenter.directory.models import Practice


@dataclass(frozen=True, slots=True)
class ClosedPart:
    """Rows in which a column is closed and others are not, and why as far as somebody has written it."""

    row: int
    span: int
    why: str


@dataclass(frozen=True, slots=True)
class WideColumn:
    """One practitioner's day in the grid."""

    column: Column
    notes: Sequence[DayNote]
    closed: tuple[ClosedPart, ...]

    @property
    def view(self) -> DayView:
        """The day itself."""
        return self.column.view


@dataclass(frozen=True, slots=True)
class WideDay:
    """One day with its columns side by side."""

    day: date
    is_today: bool
    notes: Sequence[DayNote]
    columns: Sequence[WideColumn]
    query: str  # this day alone


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to look: whose agenda, or which view."""

    label: str
    is_chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class FirstFree:
    """The first free time that there is, with whom, and how it is chosen."""

    start: datetime
    zone: str
    practitioner_id: int
    practitioner: str
    query: str

    def is_at(self, start: int, practitioner_id: int) -> bool:
        """Whether it is this one; ``start`` in UTC seconds."""
        return self.practitioner_id == practitioner_id and int(self.start.timestamp()) == start


@dataclass(frozen=True, slots=True)
class Wanted:
    """The time about to be booked. ``is_gone`` when it cannot be had any more; ``instead`` are the next that can."""

    start: datetime
    zone: str
    practitioner_id: int
    practitioner: str
    type_id: int
    type_name: str
    minutes: int
    request_key: str
    is_gone: bool
    why: str = ""  # it cannot be had: a sentence, a message id
    instead: Sequence[FirstFree] = ()
    rules: Sequence[OpenRule] = ()  # by which it can be had all the same, beside the plan

    @property
    def epoch(self) -> int:
        """The start in seconds since 1970."""
        return int(self.start.timestamp())

    @property
    def day(self) -> date:
        """On the practitioner's wall."""
        return self.start.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class UnclearTime:
    """An hour that was typed, on the wall of ``zone``, on a night on which the clocks change.

    Where it ``exists`` it does so twice, and ``choices`` are its two passes, the earlier first; else they are the next
    free times after the hour that is missing.
    """

    wall: datetime
    zone: str
    choices: Sequence[FirstFree]
    exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WideAgenda:
    """All that the page shows. Queries are of the address ``/agenda``."""

    asked: WideAsked
    practice: Practice
    practices: Sequence[Practice]
    practitioners: Sequence[Choice]
    everybody: Choice
    types: Sequence[ServiceType]
    views: Sequence[tuple[View, Choice]]
    days: Sequence[WideDay]
    grid: WeekGrid | None
    first_day: date
    last_day: date
    today: date
    zone: str
    earlier: str
    later: str
    present: str
    plain: str  # no time chosen
    unchosen: str  # nothing chosen, and nothing about to be done
    first: FirstFree | None  # of whom is shown
    first_of_all: FirstFree | None
    wanted: Wanted | None
    unclear: UnclearTime | None  # an hour that was typed and that must be asked about
    call: CurrentCall | None  # the call she is in, when it is this practice's
    moving: Picked | None  # the appointment that gets the chosen time
    swap: Swap | None
    undoable: Undoable | None  # her last change here
    versions: Mapping[int, int]  # of the agendas, as they stood before they were read (``agenda.versions``)

    @property
    def week(self) -> int:
        """The ISO number of the week."""
        return self.first_day.isocalendar().week

    @property
    def is_deciding(self) -> bool:
        """Whether something is chosen, asked about or about to be done, which Escape gives up first."""
        return bool(self.wanted or self.unclear or self.moving or self.swap)

    @property
    def shows_several(self) -> bool:
        """Whether one day has several columns."""
        return any(len(one.columns) > 1 for one in self.days)
