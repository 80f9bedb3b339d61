"""An hour that is typed: chosen, refused with its reason, or asked about on the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from callcenter.core.db import Database
from callcenter.desk.wide_query import View, WideAsked
from tests.agenda.cast import MONDAY, book, paris, tilleuls
from tests.agenda.views.test_grid import colleague, night_duty
from tests.desk.test_wide_reading import look

OCTOBER = datetime(2026, 10, 20, 8, tzinfo=UTC)
MARCH = datetime(2027, 3, 20, 8, tzinfo=UTC)


def typed(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute))


def test_an_hour_on_the_wall_becomes_the_time_that_is_chosen(database: Database) -> None:
    cast = tilleuls(database)
    wide = look(database, cast, WideAsked(wall=typed(MONDAY, 11)))
    assert wide.unclear is None
    assert wide.wanted is not None
    assert (wide.wanted.epoch, wide.wanted.is_gone, wide.wanted.why) == (paris(11), False, "")
    assert (wide.asked.wall, wide.asked.start, wide.asked.day) == (None, paris(11), MONDAY)


def test_what_cannot_be_had_says_why_and_what_comes_next(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11))
    reasons = {}
    for hour, minute in ((11, 0), (13, 0), (9, 17), (8, 45)):
        wanted = look(database, cast, WideAsked(wall=typed(MONDAY, hour, minute))).wanted
        assert wanted is not None
        assert wanted.is_gone
        assert [one.start > wanted.start for one in wanted.instead] == [True, True, True]
        reasons[hour] = wanted.why
    assert reasons == {
        11: "This time is taken.",
        13: "This time is not open for this type of visit.",
        9: "Visits do not begin at this minute.",
        8: "This time has already passed.",
    }


def test_of_a_team_it_is_the_first_who_can_have_it(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(9), ends=time(14))
    for view in (View.TEAM, View.WEEK):
        wide = look(database, cast, WideAsked(view=view, wall=typed(MONDAY, 13)))
        assert wide.wanted is not None
        assert (wide.wanted.practitioner_id, wide.wanted.is_gone) == (arnaud, False)
        shown = {column.view.practitioner_id for day in wide.days for column in day.columns}
        assert arnaud in shown


def test_an_hour_that_comes_twice_is_asked_about(database: Database) -> None:
    cast = night_duty(database)
    sunday = date(2026, 10, 25)
    wide = look(database, cast, WideAsked(view=View.DAY, wall=typed(sunday, 2, 30)), at=OCTOBER)
    assert wide.wanted is None
    assert wide.unclear is not None
    assert wide.unclear.exists
    first, second = (int(one.start.timestamp()) for one in wide.unclear.choices)
    assert second - first == 3600
    assert datetime.fromtimestamp(first, UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # It is asked still when the screen is read again, and each of the two can be had.
    assert wide.asked.wall == typed(sunday, 2, 30)
    for start in (first, second):
        wanted = look(database, cast, WideAsked(view=View.DAY, start=start), at=OCTOBER).wanted
        assert wanted is not None
        assert (wanted.epoch, wanted.is_gone) == (start, False)


def test_an_hour_that_does_not_exist_is_refused_with_what_comes_after(database: Database) -> None:
    cast = night_duty(database)
    wide = look(database, cast, WideAsked(view=View.DAY, wall=typed(date(2027, 3, 28), 2, 30)), at=MARCH)
    assert wide.wanted is None
    assert wide.unclear is not None
    assert not wide.unclear.exists
    # From three o'clock of the summer on, which half past two would have been by the clock before.
    assert wide.unclear.choices[0].start >= datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert len(wide.unclear.choices) == 3
    assert all(one.start - wide.unclear.choices[0].start < timedelta(hours=2) for one in wide.unclear.choices)
