"""A day as lines, a week on its scale, and how many questions they ask the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from callcenter.agenda.finding.free_times import first_free_times
from callcenter.agenda.models import ServiceType
from callcenter.agenda.views.day import DayView, day_view, week_view
from callcenter.agenda.views.grid import Hour, week_grid
from callcenter.agenda.views.rows import AppointmentRow, short_name
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.db import Database
from callcenter.core.errors import NotFound
from tests.agenda.cast import MONDAY, NINE, Cast, book, paris, tilleuls


def look(database: Database, cast: Cast, day: date = MONDAY, service_type_id: int | None = None) -> DayView:
    with database.reading(cast.scope) as session:
        return day_view(
            session, practitioner_id=cast.practitioner_id, day=day, service_type_id=service_type_id, at=NINE
        )


def test_a_monday_morning_as_lines(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9, 15))
        book(session, cast, paris(9, 30), patient_id=cast.landline_id, service_type_id=cast.first_visit_id)
    view = look(database, cast)
    first = [
        (f"{row.starts_at:%H:%M}", row.kind, row.patient if isinstance(row, AppointmentRow) else "")
        for row in view.rows[:4]
    ]
    assert first == [
        ("09:00", "free", ""),
        ("09:15", "appointment", "Vasseur H."),
        ("09:30", "appointment", "Nguyen T.-L."),
        ("10:00", "free", ""),
    ]
    (lunch,) = [row for row in view.rows if row.kind == "closed"]
    assert f"{lunch.starts_at:%H:%M} {lunch.ends_at:%H:%M}" == "12:30 14:00"
    assert view.coming is not None
    assert (view.coming.patient, view.coming.colour, view.coming.service_short) == ("Vasseur H.", 1, "Cs")
    assert view.first_free is not None
    assert view.first_free.start == paris(9)
    assert [row.now_percent for row in view.rows[:2]] == [0, None]


def test_free_times_follow_the_type_of_visit(database: Database) -> None:
    cast = tilleuls(database)
    view = look(database, cast, service_type_id=cast.first_visit_id)
    assert [f"{row.starts_at:%H:%M}" for row in view.rows[:3]] == ["09:00", "09:30", "10:00"]
    with pytest.raises(NotFound):
        look(database, cast, service_type_id=tilleuls(database, code="port").consultation_id)


def test_a_cancelled_visit_is_told_apart_and_its_time_is_free(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, book(session, cast, paris(10)).id, staff_id=None, at=NINE)
    view = look(database, cast)
    assert [row.patient for row in view.cancelled] == ["Vasseur H."]
    assert view.appointments == ()
    assert paris(10) in [row.start for row in view.rows if row.kind == "free"]


def test_a_sunday_is_closed(database: Database) -> None:
    assert look(database, tilleuls(database), day=MONDAY + timedelta(days=6)).is_closed


def test_first_free_times_go_over_the_night_and_the_weekend(database: Database) -> None:
    cast = tilleuls(database)
    with database.reading(cast.scope) as session:
        consultation = session.scalar(select(ServiceType).where(ServiceType.id == cast.consultation_id))
        assert consultation is not None
        friday_evening = NINE + timedelta(days=4, hours=8, minutes=40)  # 17:40 in Paris
        found = first_free_times(session, cast.practitioner_id, consultation, at=friday_evening)
    assert [f"{one.starts_at:%a %d %H:%M}" for one in found] == ["Fri 27 17:45", "Mon 30 08:30", "Mon 30 08:45"]


def test_a_week_shows_its_five_days_and_folds_lunch(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(14, day=25))
    with database.reading(cast.scope) as session:
        week = week_view(session, practitioner_id=cast.practitioner_id, day=MONDAY + timedelta(days=3), at=NINE)
    assert (week.first_day, len(week.days), week.number) == (MONDAY, 5, 48)
    grid = week_grid(week.days, at=int(NINE.timestamp()))
    assert grid is not None
    assert grid.tracks == "repeat(48, minmax(0, 1fr)) 1.1rem repeat(48, minmax(0, 1fr))"
    assert (grid.folds, grid.hours[:2], grid.now_row) == ((49,), (Hour(1, "08:30"), Hour(7, "09:00")), 7)
    (visit,) = [one for one in grid.columns[2].lines if one.line.kind == "appointment"]
    assert (visit.row, visit.span) == (50, 3)


def test_short_names() -> None:
    assert [short_name("Vasseur", "Hélène"), short_name("Nguyen", "Thi-Lan"), short_name("Sow", "")] == [
        "Vasseur H.",
        "Nguyen T.-L.",
        "Sow",
    ]


def test_one_appointment_or_three_ask_as_many_questions(database: Database) -> None:
    cast = tilleuls(database)
    counts = []
    look(database, cast)  # the rules are read once
    for hours in ((10,), (11, 15)):
        with database.unit_of_work(cast.scope) as session:
            for hour in hours:
                book(session, cast, paris(hour), patient_id=cast.landline_id if hour > 10 else None)
        with counted(database) as asked:
            look(database, cast)
        with counted(database) as asked_for_week, database.reading(cast.scope) as session:
            week_view(session, practitioner_id=cast.practitioner_id, day=MONDAY, at=NINE)
        counts.append((len(asked), len(asked_for_week)))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
