"""What readers remember of an agenda follows every change, from this process and from another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from callcenter.agenda.editing.setup import WeeklyHours, set_openings
from callcenter.agenda.finding.anybody import FreeWith, first_free_of_group
from callcenter.agenda.finding.free_times import find_free, list_starts
from callcenter.agenda.finding.kept import read_kept
from callcenter.agenda.models import DayException, Opening, Schedule, ServiceType
from callcenter.agenda.rules.opening_rules import ExceptionKind
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.holding import hold_time, prolong_hold, release_hold
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.core.scope import Practices
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls

SOON = timedelta(seconds=30)


@pytest.fixture
def cast(database: Database) -> Cast:
    return tilleuls(database)


@pytest.fixture(params=["the same process", "another process"])
def writer(request: pytest.FixtureRequest, database: Database) -> Iterator[Database]:
    """Who changes the agenda: the database as readers here know it, or as another process has opened it."""
    if request.param == "the same process":
        yield database
        return
    other = Database(database.url)
    yield other
    other.close()


def starts(
    database: Database, cast: Cast, *, at: datetime = NINE, staff_id: int | None = None, days: int = 1
) -> list[int]:
    """What Monday has free, as the list and as bare starts; both must agree."""
    last_day = MONDAY + timedelta(days=days - 1)
    with database.reading(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        asked = {"first_day": MONDAY, "last_day": last_day, "at": at, "staff_id": staff_id}
        found = [one.start for one in find_free(session, cast.practitioner_id, kind, **asked)]  # type: ignore[arg-type]
        assert list_starts(session, cast.practitioner_id, kind, **asked) == found  # type: ignore[arg-type]
    return found


def anew(database: Database, cast: Cast, *, at: datetime = NINE, staff_id: int | None = None) -> list[int]:
    """The same, by a process that remembers nothing."""
    with closing(Database(database.url)) as fresh, fresh.reading(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        found = find_free(
            session,
            cast.practitioner_id,
            kind,
            first_day=MONDAY,
            last_day=MONDAY,
            at=at,
            staff_id=staff_id,
        )
    return [one.start for one in found]


def first(database: Database, cast: Cast, *, at: datetime = NINE, staff_id: int | None = None) -> FreeWith | None:
    with database.reading(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        return first_free_of_group(session, [cast.practitioner_id], kind, at=at, staff_id=staff_id)


def first_start(database: Database, cast: Cast, *, at: datetime = NINE, staff_id: int | None = None) -> int | None:
    found = first(database, cast, at=at, staff_id=staff_id)
    return None if found is None else found.free.start


def hold(database: Database, cast: Cast, start: int, *, key: str = "hold") -> int:
    with database.unit_of_work(cast.scope) as session:
        return hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.consultation_id,
            start=start,
            staff_id=cast.camille_id,
            patient_id=None,
            call_id=None,
            request_key=key,
            at=NINE,
        ).id


def test_what_is_booked_moved_and_cancelled_is_seen_at_once(database: Database, cast: Cast, writer: Database) -> None:
    before = starts(database, cast)
    assert paris(10) in before
    assert first_start(database, cast) == paris(9)
    with writer.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(9)).id
    assert paris(9) not in starts(database, cast)
    assert first_start(database, cast) == paris(9, 15)
    with writer.unit_of_work(cast.scope) as session:
        move_appointment(
            session,
            booked,
            practitioner_id=cast.practitioner_id,
            start=paris(10),
            staff_id=cast.camille_id,
            request_key="move",
            at=NINE,
        )
    after = starts(database, cast)
    assert paris(9) in after
    assert paris(10) not in after
    assert first_start(database, cast) == paris(9)
    with writer.unit_of_work(cast.scope) as session:
        cancel_appointment(session, booked, staff_id=cast.camille_id, reason="", at=NINE)
    assert starts(database, cast) == before


def test_a_hold_is_taken_for_others_free_to_her_and_lapses_by_itself(
    database: Database, cast: Cast, writer: Database
) -> None:
    assert first_start(database, cast) == paris(9)
    held = hold(writer, cast, paris(9))
    assert first_start(database, cast) == paris(9, 15)
    assert first_start(database, cast, staff_id=cast.camille_id) == paris(9)
    assert paris(9) not in starts(database, cast, staff_id=cast.ines_id)
    assert paris(9) in starts(database, cast, staff_id=cast.camille_id)
    with writer.unit_of_work(cast.scope) as session:
        prolong_hold(session, held, staff_id=cast.camille_id, at=NINE + SOON)
    # Nobody has written since: what lapses is free at its second.
    late = NINE + timedelta(minutes=2) + SOON
    assert paris(9, 15) == first_start(database, cast, at=late - timedelta(seconds=1))
    assert starts(database, cast, at=late) == anew(database, cast, at=late)
    with writer.unit_of_work(cast.scope) as session:
        release_hold(session, held, staff_id=cast.camille_id, at=NINE)
    assert first_start(database, cast) == paris(9)


def test_a_change_of_the_rules_is_seen_at_once(database: Database, cast: Cast, writer: Database) -> None:
    assert paris(9) in starts(database, cast)
    assert first_start(database, cast) == paris(9)
    with writer.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        set_openings(session, schedule, [WeeklyHours(0, time(15), time(16))], at=NINE, staff_id=None)
    assert [starts(database, cast)[0], first_start(database, cast)] == [paris(15), paris(15)]
    with writer.unit_of_work(SEED) as session:
        day = {"first_on": MONDAY, "last_on": MONDAY, "noted_at": NINE}
        session.add(DayException(practice_id=cast.practice_id, kind=ExceptionKind.CLOSED, reason="", **day))
    assert starts(database, cast) == []
    assert first_start(database, cast) == paris(15, day=30)


def test_a_type_of_visit_that_lasts_longer_is_seen_at_once(database: Database, cast: Cast, writer: Database) -> None:
    assert first_start(database, cast, at=NINE + timedelta(hours=3, minutes=10)) == paris(12, 15)
    with writer.unit_of_work(cast.scope) as session:
        session.get_one(ServiceType, cast.consultation_id).duration_minutes = 60
    assert first_start(database, cast, at=NINE + timedelta(hours=3, minutes=10)) == paris(14)


def test_the_first_free_time_moves_on_with_the_clock(database: Database, cast: Cast) -> None:
    for minutes in (0, 1, 14, 15, 16, 200, 240, 600, 0):
        at = NINE + timedelta(minutes=minutes)
        with database.unit_of_work(cast.scope) as session:
            kind = session.get_one(ServiceType, cast.consultation_id)
            expected = first_free_of_group(session, [cast.practitioner_id], kind, at=at)
        assert first(database, cast, at=at) == expected


def test_a_booking_that_is_taken_back_changes_nothing(database: Database, cast: Cast) -> None:
    before = starts(database, cast)
    with database.reading(cast.scope) as session:
        book(session, cast, paris(9))
        session.flush()  # and is never committed
    assert starts(database, cast) == before


def test_whoever_writes_sees_her_own_changes(database: Database, cast: Cast) -> None:
    assert paris(9) in starts(database, cast)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9))
        kind = session.get_one(ServiceType, cast.consultation_id)
        found = find_free(session, cast.practitioner_id, kind, first_day=MONDAY, last_day=MONDAY, at=NINE)
        assert paris(9) not in [one.start for one in found]


def test_whoever_writes_keeps_to_the_rules_as_they_stand(database: Database, cast: Cast, writer: Database) -> None:
    assert paris(9) in starts(database, cast)
    with writer.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        set_openings(session, schedule, [WeeklyHours(0, time(15), time(16))], at=NINE, staff_id=None)
    with pytest.raises(TimeTaken), database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(15))
    # Rules that her own transaction has changed, and nobody else has seen yet, hold for her.
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        set_openings(session, schedule, [WeeklyHours(0, time(9), time(10))], at=NINE, staff_id=None)
        book(session, cast, paris(9))
        with pytest.raises(TimeTaken):
            book(session, cast, paris(15, 30))


def test_any_days_are_the_same_from_memory_and_anew(database: Database, cast: Cast) -> None:
    with database.unit_of_work(cast.scope) as session:
        for hour in (9, 11, 15):
            book(session, cast, paris(hour))
    looks: list[tuple[date, date]] = [
        (MONDAY, MONDAY),
        (MONDAY, MONDAY + timedelta(days=364)),
        (MONDAY + timedelta(days=30), MONDAY + timedelta(days=33)),
        (MONDAY - timedelta(days=400), MONDAY - timedelta(days=390)),
        (MONDAY + timedelta(days=1), MONDAY + timedelta(days=6)),
    ]
    for first_day, last_day in looks:
        ask: Callable[..., object] = find_free
        told = []
        for opened in (database.reading, database.unit_of_work, database.reading):
            with opened(cast.scope) as session:
                kind = session.get_one(ServiceType, cast.consultation_id)
                told.append(ask(session, cast.practitioner_id, kind, first_day=first_day, last_day=last_day, at=NINE))
        assert told[0] == told[1] == told[2]


def test_nothing_of_another_practice_is_remembered_for_her(database: Database, cast: Cast) -> None:
    assert starts(database, cast)
    other = tilleuls(database, code="lilas")
    with database.reading(Practices.of(other.practice_id)) as session:
        assert read_kept(session, [cast.practitioner_id], MONDAY, MONDAY) == {}


def test_two_databases_do_not_mix(sqlite_url: str, postgresql_url: str) -> None:
    one, two = Database(sqlite_url), Database(postgresql_url)
    try:
        casts = [tilleuls(each) for each in (one, two)]
        assert casts[0] == casts[1]  # the same ids
        with one.unit_of_work(casts[0].scope) as session:
            book(session, casts[0], paris(9))
        with two.unit_of_work(casts[1].scope) as session:
            session.delete(session.scalars(select(Opening).where(Opening.weekday == 0)).first())
        assert first_start(one, casts[0]) == paris(9, 15)
        assert first_start(two, casts[1]) == paris(14)
    finally:
        one.close()
        two.close()
