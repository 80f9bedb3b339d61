"""Several agendas side by side, and nights in which the clocks change, drawn to scale."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlalchemy import delete, select

from callcenter.agenda.models import Opening, Schedule, ServiceType
from callcenter.agenda.resource_models import OverbookingRule
from callcenter.agenda.views.day import week_view
from callcenter.agenda.views.days import read_days
from callcenter.agenda.views.grid import WeekGrid, week_grid
from callcenter.agenda.views.rows import AppointmentRow
from callcenter.agenda.writing.booking import book_appointment
from callcenter.core.db import Database
from callcenter.directory.models import Practitioner
from tests.agenda.cast import MONDAY, NINE, Cast, book, paris, tilleuls

EVENING = datetime(2026, 10, 20, 18, 0, tzinfo=UTC)
NIGHT_BEFORE_SPRING = datetime(2026, 3, 24, 18, 0, tzinfo=UTC)


def test_two_agendas_of_one_day_share_a_scale_and_each_says_where_it_is_closed(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(10), ends=time(11))
    with database.reading(cast.scope) as session:
        people = session.scalars(select(Practitioner).order_by(Practitioner.id)).all()
        kind = session.get_one(ServiceType, cast.consultation_id)
        views = read_days(session, people, kind, first_day=MONDAY, last_day=MONDAY, at=NINE)
    assert [view.practitioner_id for view in views] == [cast.practitioner_id, arnaud]
    grid = week_grid(views, at=int(NINE.timestamp()))
    assert grid is not None
    assert grid.tracks == "repeat(48, minmax(0, 1fr)) 1.1rem repeat(48, minmax(0, 1fr))"
    assert grid.now_row == 7
    # 08:30 to 10:00, 11:00 to 12:30, and the afternoon behind the fold.
    assert [column.closed for column in grid.columns] == [(), ((1, 18), (31, 18), (50, 48))]
    assert [one.line.start for one in grid.columns[1].lines] == [paris(10, minute) for minute in (0, 15, 30, 45)]


def test_the_night_of_twenty_five_hours_shows_both_passes_of_two_o_clock(database: Database) -> None:
    cast = night_duty(database)
    grid = week_of(database, cast, date(2026, 10, 25), at=EVENING)
    again = [hour for hour in grid.hours if hour.is_again]
    assert [hour.text for hour in again] == ["02:00", "02:30"]
    sunday, saturday = grid.columns[-1], grid.columns[-2]
    starts = [(f"{one.line.starts_at:%H:%M}", one.row) for one in sunday.lines if one.line.starts_at.hour == 2]
    assert [text for text, _row in starts] == ["02:00", "02:15", "02:30", "02:45"] * 2
    rows = [row for _text, row in starts]
    assert rows == list(range(rows[0], rows[0] + 24, 3))
    assert sunday.missing == ()
    assert saturday.missing == ((rows[4], 12),)  # that day has the hour once
    assert [row for row, _span in saturday.missing] == [again[0].row]


def test_the_night_of_twenty_three_hours_has_no_two_o_clock(database: Database) -> None:
    cast = night_duty(database)
    grid = week_of(database, cast, date(2026, 3, 29), at=NIGHT_BEFORE_SPRING)
    sunday = grid.columns[-1]
    hours = {hour.text: hour.row for hour in grid.hours}
    assert sunday.missing == ((hours["02:00"], 12),)
    assert not [one for one in sunday.lines if one.line.starts_at.hour == 2]
    before, after = (
        next(one for one in sunday.lines if f"{one.line.starts_at:%H:%M}" == text) for text in ("01:45", "03:00")
    )
    assert after.line.start - before.line.start == 15 * 60
    assert after.row == hours["03:00"]


def test_a_night_is_shown_on_both_days_that_it_touches(database: Database) -> None:
    cast = night_duty(database)
    with database.reading(cast.scope) as session:
        week = week_view(session, practitioner_id=cast.practitioner_id, day=MONDAY, at=NINE)
    saturday, sunday = week.days[-2:]
    assert [(f"{begin:%H:%M}", f"{end:%a %H:%M}") for begin, end in saturday.open] == [("22:00", "Sun 00:00")]
    assert [(f"{begin:%H:%M}", f"{end:%H:%M}") for begin, end in sunday.open] == [("00:00", "06:00")]


def test_a_week_without_a_night_on_duty_has_no_hour_twice(database: Database) -> None:
    grid = week_of(database, tilleuls(database), date(2026, 10, 25), at=EVENING)
    assert not [hour for hour in grid.hours if hour.is_again]
    assert all(column.missing == () for column in grid.columns)


def test_patients_of_a_group_stand_beside_each_other_and_with_the_place_that_is_left(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        session.get_one(ServiceType, cast.consultation_id).capacity = 3
        session.flush()
        book(session, cast, paris(10), key="first-form")
        book(session, cast, paris(10), key="second-form", patient_id=cast.landline_id)
    grid = week_of(database, cast, MONDAY, at=NINE)
    monday = [one for one in grid.columns[0].lines if paris(10) <= one.line.start < paris(10, 30)]
    assert [(one.line.kind, one.part, one.parts) for one in monday] == [
        ("appointment", 0, 3),
        ("appointment", 1, 3),
        ("free", 2, 3),
        ("free", 0, 1),
    ]


def test_what_is_added_beside_the_plan_takes_no_room_from_it(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        rule = OverbookingRule(practice_id=cast.practice_id, schedule_id=cast.schedule_id, name="Du jour", per_day=2)
        session.add(rule)
        session.flush()
        book(session, cast, paris(10), key="first-form")
        book_appointment(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            patient_id=cast.landline_id,
            service_type_id=cast.consultation_id,
            start=paris(10),
            call_id=None,
            staff_id=cast.ines_id,
            request_key="second-form",
            at=NINE,
            overbooking_rule_id=rule.id,
        )
    column = week_of(database, cast, MONDAY, at=NINE).columns[0]
    assert column.overbooked == 1
    at_ten = [one for one in column.lines if one.line.start == paris(10)]
    assert [(one.line.lane, one.parts) for one in at_ten if isinstance(one.line, AppointmentRow)] == [(0, 1), (1, 1)]


def week_of(database: Database, cast: Cast, day: date, *, at: datetime) -> WeekGrid:
    with database.reading(cast.scope) as session:
        week = week_view(session, practitioner_id=cast.practitioner_id, day=day, at=at)
    grid = week_grid(week.days, at=int(at.timestamp()))
    assert grid is not None
    return grid


def night_duty(database: Database) -> Cast:
    """Dr Lemoine is on duty in the night from Saturday to Sunday, from ten to six, and at no other time."""
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        session.execute(delete(Opening).where(Opening.schedule_id == cast.schedule_id))
        session.add(
            Opening(
                practice_id=cast.practice_id, schedule_id=cast.schedule_id, weekday=5, starts=time(22), ends=time(6)
            )
        )
    return cast


def colleague(database: Database, cast: Cast, *, starts: time, ends: time) -> int:
    """Dr Arnaud of the same practice, there on Mondays."""
    with database.unit_of_work(cast.scope) as session:
        site_id = session.scalars(select(Schedule.site_id)).one()
        arnaud = Practitioner(
            practice_id=cast.practice_id,
            code="arnaud",
            site_id=site_id,
            name="Dr Arnaud",
            family_name="Arnaud",
            position=1,
        )
        session.add(arnaud)
        session.flush()
        schedule = Schedule(
            practice_id=cast.practice_id, practitioner_id=arnaud.id, site_id=site_id, zone="Europe/Paris"
        )
        session.add(schedule)
        session.flush()
        session.add(Opening(practice_id=cast.practice_id, schedule_id=schedule.id, weekday=0, starts=starts, ends=ends))
        return arnaud.id
