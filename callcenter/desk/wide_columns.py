"""The columns of the wide agenda: days side by side, each with its practitioners, on one scale."""

from collections.abc import Sequence
from datetime import date, datetime

from callcenter.agenda.views.day_notes import DayNotes
from callcenter.agenda.views.grid import Column, WeekGrid, week_grid
from callcenter.agenda.views.rows import DayView
from callcenter.desk.wide_agenda import WideColumn, WideDay
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
                columns=[
                    WideColumn(
                        next(columns, None) or Column(view, (), ()),
                        notes.of_practitioner.get((view.practitioner_id, day), ()),
                        "" if view.open else notes.why_closed(view.practitioner_id, day),
                    )
                    for view in own
                ],
                query=asked.but(
                    day=day,
                    start=None,
                    with_id=None,
                    view=View.TEAM if len(own) > 1 else View.DAY,
                ).query,
            )
        )
    return days, grid
