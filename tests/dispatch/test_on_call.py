"""Who is on call at the Tilleuls: in one line, stretch by stretch, and for which times nobody is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import event

from callcenter.core.db import Database
from callcenter.dispatch.on_call import find_gaps, on_call_line, read_whole_stretches, who_is_on_call
from callcenter.dispatch.on_call_models import OnCallShift, ShiftSource
from callcenter.dispatch.rotations import RotationParticulars, add_rotation, end_rotation
from callcenter.dispatch.shifts import NOBODY, OverrideParticulars, add_override
from tests.dispatch.on_call_cast import EVERYTHING, NOW, Cast, cast, paris

__all__ = ["cast"]


def test_a_practice_without_a_roster_says_nothing_and_lacks_nobody(cast: Cast) -> None:
    with cast.database.reading(cast.scope) as session:
        assert on_call_line(session, cast.tilleuls, at=NOW) is None
        assert who_is_on_call(session, cast.tilleuls, at=NOW) is None
        assert find_gaps(session, cast.tilleuls, at=NOW) == ()


def test_the_line_names_who_is_on_call_until_when_and_who_is_next(cast: Cast) -> None:
    cast.weeks()
    with cast.database.reading(cast.scope) as session:
        line = on_call_line(session, cast.tilleuls, at=paris("2026-11-24 10:00"))
        shift = who_is_on_call(session, cast.tilleuls, at=paris("2026-11-24 10:00"))
    assert line is not None
    assert (line.name, line.until, line.next_name, line.next_at) == (
        "Dr Lemoine",
        paris("2026-11-30 18:00"),
        "Dr Arnaud",
        paris("2026-11-30 18:00"),
    )
    assert shift is not None
    assert shift.practitioner_id == cast.lemoine


def test_before_the_first_turn_the_line_says_nobody_and_who_begins_when(cast: Cast) -> None:
    cast.weeks()
    with cast.database.reading(cast.scope) as session:
        line = on_call_line(session, cast.tilleuls, at=NOW)
    assert line is not None
    assert (line.name, line.until, line.next_name) == ("", paris("2026-11-23 18:00"), "Dr Lemoine")


def test_two_turns_of_one_person_are_one_answer_and_two_stretches(cast: Cast) -> None:
    typed = RotationParticulars("", (cast.lemoine, cast.lemoine, cast.arnaud), "1", "08:00", "2026-11-23")
    with cast.database.unit_of_work(cast.scope) as session:
        add_rotation(session, cast.tilleuls, typed, at=NOW, staff_id=None)
    at = paris("2026-11-23 12:00")
    with cast.database.reading(cast.scope) as session:
        line = on_call_line(session, cast.tilleuls, at=at)
        stretches = read_whole_stretches(session, cast.tilleuls, starts_at=at, ends_at=at + timedelta(days=2))
    assert line is not None
    assert (line.until, line.next_name) == (paris("2026-11-25 08:00"), "Dr Arnaud")
    assert [one.starts_at for one in stretches] == [paris(f"2026-11-{day} 08:00") for day in (23, 24, 25)], (
        "each whole, from where it really begins"
    )


def test_who_is_always_on_call_is_so_without_an_end(cast: Cast) -> None:
    typed = RotationParticulars("", (cast.lemoine,), "7", "08:00", "2026-11-23")
    with cast.database.unit_of_work(cast.scope) as session:
        add_rotation(session, cast.tilleuls, typed, at=NOW, staff_id=None)
    with cast.database.reading(cast.scope) as session:
        line = on_call_line(session, cast.tilleuls, at=NOW)
    assert line is not None
    assert (line.name, line.until, line.next_name) == ("Dr Lemoine", None, "")


def test_thirty_days_ahead_each_time_without_anybody_is_a_gap(cast: Cast) -> None:
    rotation_id = cast.weeks()
    closed = OverrideParticulars(NOBODY, "2026-11-28T08:00", "2026-11-28T20:00")
    with cast.database.unit_of_work(cast.scope) as session:
        add_override(session, cast.tilleuls, closed, at=NOW, staff_id=cast.staff["sofia"])
        end_rotation(session, cast.tilleuls, rotation_id, ends_on="2026-12-01", at=NOW, staff_id=None)
    with cast.database.reading(cast.scope) as session:
        found = find_gaps(session, cast.tilleuls, at=NOW)
    assert [(one.starts_at, one.ends_at) for one in found] == [
        (NOW, paris("2026-11-23 18:00")),
        (paris("2026-11-28 08:00"), paris("2026-11-28 20:00")),
        (paris("2026-12-07 18:00"), NOW + timedelta(days=30)),
    ]


def test_a_roster_that_ran_out_is_missed_for_a_month_and_then_forgotten(cast: Cast) -> None:
    rotation_id = cast.weeks()
    with cast.database.unit_of_work(cast.scope) as session:
        end_rotation(session, cast.tilleuls, rotation_id, ends_on="2026-11-23", at=NOW, staff_id=None)
    with cast.database.reading(cast.scope) as session:
        soon, late = (
            (on_call_line(session, cast.tilleuls, at=at), find_gaps(session, cast.tilleuls, at=at))
            for at in (paris("2026-12-15 12:00"), paris("2027-01-15 12:00"))
        )
    assert soon[0] is not None
    assert (soon[0].name, soon[0].next_name, len(soon[1])) == ("", "", 1)
    assert late == (None, ())


def test_an_imported_calendar_lies_below_what_was_arranged_here_even_before_it(cast: Cast) -> None:
    by_hand = OverrideParticulars(str(cast.arnaud), "2026-11-28T08:00", "2026-11-29T08:00")
    with cast.database.unit_of_work(cast.scope) as session:
        add_override(session, cast.tilleuls, by_hand, at=NOW, staff_id=cast.staff["sofia"])
        session.add(
            OnCallShift(
                practice_id=cast.tilleuls,
                practitioner_id=cast.nguyen,
                starts_at=paris("2026-11-28 00:00"),
                ends_at=paris("2026-11-30 00:00"),
                source=ShiftSource.IMPORTED,
                arranged_by=cast.staff["sofia"],
                arranged_at=NOW,
            )
        )
    assert (cast.who("2026-11-28 12:00"), cast.who("2026-11-29 12:00")) == ("Dr Arnaud", "Dr Nguyen")


def test_another_practice_s_roster_is_not_ours(cast: Cast) -> None:
    cast.weeks_since(date(2026, 1, 5))
    with cast.database.reading(EVERYTHING) as session:
        assert on_call_line(session, cast.tilleuls, at=NOW) is not None
        assert on_call_line(session, cast.kaplan, at=NOW) is None


def test_three_rotations_cost_as_many_queries_as_one(cast: Cast) -> None:
    cast.weeks()
    counts = []
    for _one in range(2):
        with _counting(cast.database) as statements, cast.database.reading(cast.scope) as session:
            on_call_line(session, cast.tilleuls, at=NOW)
        counts.append(len(statements))
        for turn_days in (2, 3):
            cast.weeks_since(date(2026, 1, 5), turn_days=turn_days)
    assert counts == [3, 3]


@contextmanager
def _counting(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)
