"""The columns of the wide agenda: days side by side, each with its practitioners, on one scale."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from callcenter.agenda.rules.opening_rules import ExceptionKind
from callcenter.agenda.views.day_notes import DayNote, DayNotes
from callcenter.agenda.views.grid import Column, WeekGrid, week_grid
from callcenter.agenda.views.rows import DayView
from callcenter.desk.wide_agenda import ClosedPart, WideColumn, WideDay
from callcenter.desk.wide_query import View, WideAsked


def side_by_side(
    views: Sequence[DayView], notes: DayNotes, asked: WideAsked, *, at: datetime
) -> tuple[list[WideDay], WeekGrid | None]:
    """The days side by side; of a weekend only what there is something on."""
    by_day: dict[date, list[DayView]] = {}
    for view in views:
        by_day.setdefault(view.day, []).append(view)
    kept = {
        day: own
        for day, own in sorted(by_day.items())
        if asked.view is not View.WEEK or day.weekday() < 5 or any(one.rows or one.open for one in own)
    }
    grid = week_grid([view for own in kept.values() for view in own], at=int(at.timestamp()))
    columns = iter(grid.columns if grid else ())
    days = []
    for day, own in kept.items():
        days.append(
            WideDay(
                day=day,
                is_today=any(one.is_today for one in own),
                notes=notes.of_practice.get(day, ()),
                columns=[_column(next(columns, None), view, notes, grid) for view in own],
                query=asked.but(
                    day=day,
                    start=None,
                    with_id=None,
                    view=View.TEAM if len(own) > 1 else View.DAY,
                ).query,
            )
        )
    return days, grid


def _column(column: Column | None, view: DayView, notes: DayNotes, grid: WeekGrid | None) -> WideColumn:
    own = notes.of_practitioner.get((view.practitioner_id, view.day), ())
    if column is None or grid is None:
        return WideColumn(Column(view, (), ()), own, ())
    if not view.open:
        why = notes.why_closed(view.practitioner_id, view.day)
        return WideColumn(column, own, tuple(ClosedPart(row, span, why) for row, span in column.closed))
    reasons = _reasons((*notes.of_practice.get(view.day, ()), *own), view.day, grid)
    parts = []
    for first, span in column.closed:
        for why, rows in groupby(range(first, first + span), key=lambda row: reasons.get(row, "")):
            each = list(rows)
            parts.append(ClosedPart(each[0], len(each), why))
    return WideColumn(column, own, tuple(parts))


def _reasons(notes: Sequence[DayNote], day: date, grid: WeekGrid) -> dict[int, str]:
    """Why a row is closed, where a part of the day is; what is said of the practitioner goes before the practice's."""
    return {
        row: one.text
        for one in notes
        if one.kind is ExceptionKind.CLOSED and one.text and one.starts is not None and one.ends is not None
        for row in grid.rows_between(day, one.starts, one.ends)
    }
