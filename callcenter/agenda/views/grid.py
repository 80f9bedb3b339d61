"""Where the lines of several days or agendas stand beside each other on one scale; what is closed for all is folded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.rules.wall_clock import join
from callcenter.agenda.views.rows import AppointmentRow, ClosedRow, DayView, Row
from callcenter.agenda.views.scale import STEP, Axis, Minutes, Scale, clock_change

_SHORTEST_FOLD = 60  # minutes; a shorter pause is drawn to scale
_HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of a column on the grid; ``row`` counts from 1."""

    line: Row
    row: int
    span: int
    part: int = 0  # of several at one time, such as the patients of a group, which one from the left
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Column:
    """One day of one agenda; ``closed`` are (row, span) where this column is closed and others are not."""

    view: DayView
    lines: tuple[Placed, ...]
    closed: tuple[tuple[int, int], ...]
    missing: tuple[tuple[int, int], ...] = ()  # the hour that this day does not have, or has only once

    @property
    def overbooked(self) -> int:
        """How many visits stand beside the plan."""
        return sum(1 for one in self.lines if _is_added(one))


@dataclass(frozen=True, slots=True)
class Hour:
    """A label of the scale; ``is_again`` in the second pass of an hour that the clocks repeat."""

    row: int
    text: str  # "09:00"
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class WeekGrid:
    """Columns drawn to scale. ``tracks`` is the value of CSS ``grid-template-rows``."""

    columns: tuple[Column, ...]
    hours: tuple[Hour, ...]
    tracks: str
    rows: int
    folds: tuple[int, ...]  # rows that are a folded stretch
    now_row: int | None  # in the columns of today; None when now is not on the scale
    scale: Scale
    axis: Axis

    def rows_between(self, day: date, starts: time, ends: time) -> set[int]:
        """The rows of these hours of a day; an end that is not after the start is midnight."""
        begin = self.axis.of(datetime.combine(day, starts), day)
        end = self.axis.of(datetime.combine(day, ends), day) if ends > starts else self.axis.length
        return self.scale.rows_of([(begin, end)])


def week_grid(days: Sequence[DayView], *, at: int) -> WeekGrid | None:
    """Columns on their scale; None when nothing is open and nobody is booked. ``at`` in UTC seconds."""
    axis = _axis_of(days)
    scale = _scale_of(days, axis)
    if scale is None:
        return None
    hours = []
    for begin, end in scale.stretches:
        for minute in range(-(-begin // _HALF_HOUR) * _HALF_HOUR, end, _HALF_HOUR):
            shown, is_again = axis.wall(minute)
            hours.append(Hour(scale.row(minute), f"{shown // 60:02d}:{shown % 60:02d}", is_again))
    return WeekGrid(
        columns=tuple(_column(view, scale, axis) for view in days),
        hours=tuple(hours),
        tracks=scale.tracks,
        rows=scale.rows,
        folds=tuple(scale.folds),
        now_row=_now_row(days, scale, axis, at=at),
        scale=scale,
        axis=axis,
    )


def _axis_of(days: Sequence[DayView]) -> Axis:
    """With room for both passes where the clocks of a day shown go back, and somebody is there then."""
    for view in days:
        change = clock_change(view.day, view.zone)
        if change is None or not change.is_repeated:
            continue
        axis = Axis(change.minutes)
        begin, end = change.minutes[0], change.minutes[1] + change.minutes[1] - change.minutes[0]
        if any(first < end and begin < last for one in days for first, last in _shown_minutes(one, axis)):
            return axis
    return Axis()


def _scale_of(days: Sequence[DayView], axis: Axis) -> Scale | None:
    """What somebody sees in any column, to the half hour, with long common pauses left out."""
    merged = join(
        (begin // _HALF_HOUR * _HALF_HOUR, min(-(-end // _HALF_HOUR) * _HALF_HOUR, axis.length))
        for view in days
        for begin, end in _shown_minutes(view, axis)
    )
    if not merged:
        return None
    stretches = [merged[0]]
    for begin, end in merged[1:]:
        if begin - stretches[-1][1] < _SHORTEST_FOLD:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((begin, end))
    return Scale(stretches)


def _shown_minutes(view: DayView, axis: Axis) -> list[Minutes]:
    """Opening hours and lines of one column, on the axis."""
    return [
        (axis.of(begin, view.day), axis.of(end, view.day))
        for begin, end in (
            *view.open,
            *((line.starts_at, line.ends_at) for line in view.rows if not isinstance(line, ClosedRow)),
        )
    ]


def _column(view: DayView, scale: Scale, axis: Axis) -> Column:
    lines = []
    for line in view.rows:
        if isinstance(line, ClosedRow):
            continue
        row = scale.row(axis.of(line.starts_at, view.day))
        end = scale.row(max(axis.of(line.ends_at, view.day) - STEP, 0)) + 1
        lines.append(Placed(line, row, max(1, min(end, scale.rows + 1) - row)))
    missing = scale.rows_of(_missing(view, axis))
    opened = [(axis.of(begin, view.day), axis.of(end, view.day)) for begin, end in view.open]
    used = scale.rows_of((begin // STEP * STEP, -(-end // STEP) * STEP) for begin, end in opened)
    used |= {row for one in lines for row in range(one.row, one.row + one.span)}
    rows = set(range(1, scale.rows + 1)) - set(scale.folds)
    return Column(view, tuple(_beside(lines)), tuple(_runs(rows - used - missing)), tuple(_runs(missing & rows)))


def _beside(lines: Sequence[Placed]) -> list[Placed]:
    """Those of the plan that share a time stand beside each other; what is added beside the plan has its own place."""
    found: list[Placed] = []
    together: list[Placed] = []
    until = 0
    for one in [*lines, None]:
        if one is not None and _is_added(one):
            found.append(one)
            continue
        if one is None or one.row >= until:
            found += _in_parts(together)
            together = []
        if one is not None:
            together.append(one)
            until = max(until, one.row + one.span)
    return sorted(found, key=lambda one: (one.row, _is_added(one), one.part))


def _in_parts(together: Sequence[Placed]) -> list[Placed]:
    """Each in the first part that is free again when it begins."""
    free_from: list[int] = []
    parts = []
    for one in together:
        part = next((index for index, row in enumerate(free_from) if row <= one.row), len(free_from))
        free_from[part : part + 1] = [one.row + one.span]
        parts.append(part)
    return [replace(one, part=part, parts=len(free_from)) for one, part in zip(together, parts, strict=True)]


def _is_added(one: Placed) -> bool:
    return isinstance(one.line, AppointmentRow) and one.line.lane > 0


def _missing(view: DayView, axis: Axis) -> list[Minutes]:
    """Minutes of the axis that do not exist in this column's day."""
    change = clock_change(view.day, view.zone)
    found = [] if change is None or change.is_repeated else [change.minutes]
    if axis.second_pass is not None and (change is None or not change.is_repeated):
        found.append(axis.second_pass)
    return found


def _now_row(days: Sequence[DayView], scale: Scale, axis: Axis, *, at: int) -> int | None:
    for view in days:
        if view.is_today:
            minute = axis.of(local_time(at, view.zone), view.day)
            return scale.row(minute) if scale.holds(minute) else None
    return None


def _runs(rows: set[int]) -> list[tuple[int, int]]:
    """Neighbouring rows joined: (first, how many)."""
    return [(begin, end - begin) for begin, end in join((row, row + 1) for row in rows)]
