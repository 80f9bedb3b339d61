"""Where the lines of a week stand on a common scale of five-minute rows; stretches closed for everybody are folded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callcenter.agenda.rows import AppointmentRow, ClosedRow, DayView, FreeRow, Row
from callcenter.agenda.wall_clock import join

_STEP = 5  # minutes a row
_SHORTEST_FOLD = 60  # minutes; a shorter pause is drawn to scale


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of a day on the grid; ``row`` counts from 1."""

    line: Row
    row: int
    span: int


@dataclass(frozen=True, slots=True)
class Column:
    """One day of the grid; ``closed`` are (row, span) where this day is closed and others are not."""

    view: DayView
    lines: tuple[Placed, ...]
    closed: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class WeekGrid:
    """A week drawn to scale. ``tracks`` is the value of CSS ``grid-template-rows``."""

    columns: tuple[Column, ...]
    hours: tuple[tuple[int, str], ...]  # row and "09:00"
    tracks: str
    folds: tuple[int, ...]  # rows that are a folded stretch
    now: tuple[int, int] | None = None  # index of today's column, row


@dataclass(slots=True)
class _Scale:
    """Wall-clock minutes of the day to rows."""

    stretches: list[tuple[int, int]]  # minutes shown to scale
    first_rows: list[int] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)
    rows: int = 0

    def __post_init__(self) -> None:
        for index, (begin, end) in enumerate(self.stretches):
            if index:
                self.rows += 1
                self.folds.append(self.rows)
            self.first_rows.append(self.rows + 1)
            self.rows += (end - begin) // _STEP

    def row(self, minute: int) -> int:
        """The row in which a minute begins; inside a fold, the row after it."""
        for (begin, end), first in zip(self.stretches, self.first_rows, strict=True):
            if minute < begin:
                return first
            if minute < end:
                return first + (minute - begin) // _STEP
        return self.rows + 1

    @property
    def tracks(self) -> str:
        """CSS: rows of equal height, folds of their own."""
        parts = [f"repeat({(end - begin) // _STEP}, minmax(0, 1fr))" for begin, end in self.stretches]
        return " 1.1rem ".join(parts)


def week_grid(days: Sequence[DayView], *, at: int) -> WeekGrid | None:
    """The week on its scale; None when nothing is open and nobody is booked. ``at`` in UTC seconds."""
    scale = _scale_of(days)
    if scale is None:
        return None
    hours = [
        (scale.row(minute), f"{minute // 60:02d}:{minute % 60:02d}")
        for begin, end in scale.stretches
        for minute in range(-(-begin // 30) * 30, end, 30)
    ]
    now = None
    for index, view in enumerate(days):
        line = next((one for one in view.rows if one.now_percent is not None), None)
        if line is not None:
            minute = min(_minute(line) + max(0, at - line.start) // 60, 24 * 60 - 1)
            now = (index, scale.row(minute))
    return WeekGrid(
        columns=tuple(_column(view, scale) for view in days),
        hours=tuple(hours),
        tracks=scale.tracks,
        folds=tuple(scale.folds),
        now=now,
    )


def _scale_of(days: Sequence[DayView]) -> _Scale | None:
    """What somebody sees on any day, to the half hour, with long common pauses left out."""
    shown = join(
        ((_minute(line) // 30) * 30, -(-(_minute(line) + line.minutes) // 30) * 30)
        for view in days
        for line in view.rows
        if not isinstance(line, ClosedRow)
    ) + [interval for view in days for interval in _opening_minutes(view)]
    merged = join(shown)
    if not merged:
        return None
    stretches = [merged[0]]
    for begin, end in merged[1:]:
        if begin - stretches[-1][1] < _SHORTEST_FOLD:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((begin, end))
    return _Scale([(begin, min(end, 24 * 60)) for begin, end in stretches])


def _opening_minutes(view: DayView) -> list[tuple[int, int]]:
    """The day's opening hours to the half hour, in minutes of the wall clock."""
    found = []
    for begin, end in view.open:
        first = begin.hour * 60 + begin.minute
        found.append((first // 30 * 30, -(-(first + int((end - begin).total_seconds()) // 60) // 30) * 30))
    return found


def _column(view: DayView, scale: _Scale) -> Column:
    lines = []
    used: set[int] = set()
    for line in view.rows:
        if isinstance(line, ClosedRow):
            continue
        row = scale.row(_minute(line))
        span = max(1, min(line.minutes // _STEP, scale.rows + 1 - row))
        lines.append(Placed(line, row, span))
    for begin, end in _opening_minutes(view):
        used |= set(range(scale.row(begin), scale.row(min(end, 24 * 60))))
    for one in lines:
        used |= set(range(one.row, one.row + one.span))
    return Column(view, tuple(lines), tuple(_runs(set(range(1, scale.rows + 1)) - used - set(scale.folds))))


def _runs(rows: set[int]) -> list[tuple[int, int]]:
    """Neighbouring rows joined: (first, how many)."""
    return [(begin, end - begin) for begin, end in join((row, row + 1) for row in rows)]


def _minute(line: AppointmentRow | FreeRow | ClosedRow) -> int:
    return line.starts_at.hour * 60 + line.starts_at.minute
