"""Wall-clock time and instants; Paris changes on 29 March and 25 October 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.agenda.rules.opening_rules import wall_span
from callcenter.agenda.rules.wall_clock import (
    Interval,
    instants_of,
    intervals_between,
    join,
    stretches_of,
    subtract,
    wall_day,
)

PARIS = "Europe/Paris"
MONDAY, SPRING, AUTUMN = date(2026, 11, 23), date(2026, 3, 29), date(2026, 10, 25)
# Whole, half and quarter hours; changes by half an hour, at midnight, southern, none; both sides of the date line.
ZONES = (
    "Europe/Paris Europe/London America/St_Johns America/Havana America/Santiago America/New_York Africa/Casablanca "
    "Australia/Lord_Howe Asia/Kathmandu Asia/Beirut Indian/Reunion Pacific/Kiritimati Pacific/Marquesas Pacific/Noumea "
    "America/Martinique"
).split()


def wall(instant: int, zone: str = PARIS) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%H:%M")


def hours(day: date, starts: time, ends: time, zone: str = PARIS) -> list[Interval]:
    return intervals_between(*wall_span(day, starts, ends), stretches_of(day, day + timedelta(days=1), zone))


def test_the_spring_day_has_no_half_past_two() -> None:
    assert hours(SPRING, time(2), time(3)) == []
    (night,) = hours(SPRING, time(1), time(4))
    assert night[1] - night[0] == 2 * 3600
    (late,) = hours(SPRING, time(2, 30), time(4))
    assert [wall(instant) for instant in late] == ["03:00", "04:00"]
    assert instants_of(datetime.combine(SPRING, time(2, 30)), PARIS) == ()


def test_the_autumn_day_has_two_o_clock_twice() -> None:
    (night,) = hours(AUTUMN, time(1), time(4))
    assert night[1] - night[0] == 4 * 3600
    # Half past two exists twice, and with it the half hour before: both passes are there, what lies between is not.
    passes = hours(AUTUMN, time(2), time(2, 30))
    assert [end - begin for begin, end in passes] == [1800, 1800]
    assert passes[1][0] - passes[0][0] == 3600
    assert instants_of(datetime.combine(AUTUMN, time(2)), PARIS) == (passes[0][0], passes[1][0])


def test_days_of_23_and_25_hours_are_counted_right() -> None:
    for day, length in ((SPRING, 23), (AUTUMN, 25), (MONDAY, 24)):
        begin, end = wall_day(day, PARIS)
        assert end - begin == length * 3600


def test_a_day_that_has_no_midnight_begins_when_it_begins() -> None:
    # Beirut goes from 23:59 to 01:00 on 29 March 2026.
    begin, end = wall_day(SPRING, "Asia/Beirut")
    assert (wall(begin, "Asia/Beirut"), wall(end, "Asia/Beirut"), end - begin) == ("01:00", "00:00", 23 * 3600)


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_of_six_years_is_where_the_zone_has_it(zone: str) -> None:
    """Each instant's wall time leads back to it, and to nothing that shows another time."""
    place = ZoneInfo(zone)
    first = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
    for instant in range(first, first + 6 * 366 * 86_400, 3 * 3600 + 900):
        shown = datetime.fromtimestamp(instant, place)
        found = instants_of(shown.replace(tzinfo=None, fold=0), zone)
        assert instant in found
        assert {datetime.fromtimestamp(one, place).replace(tzinfo=None, fold=0) for one in found} == {
            shown.replace(tzinfo=None, fold=0)
        }


@pytest.mark.parametrize("zone", ZONES)
def test_the_days_of_six_years_follow_one_another_without_a_gap(zone: str) -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(6 * 365)]
    bounds = [wall_day(day, zone) for day in days]
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    # Kiritimati's neighbours skipped a day once, none of these does in these years.
    assert {datetime.fromtimestamp(begin, ZoneInfo(zone)).date() for begin, _ in bounds} == set(days)


pieces = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1])), max_size=8
)


@given(pieces, pieces)
def test_what_is_left_is_what_the_one_has_and_the_other_has_not(one: list[Interval], other: list[Interval]) -> None:
    def seconds(intervals: list[Interval]) -> set[int]:
        return {second for begin, end in intervals for second in range(begin, end)}

    left = subtract(join(one), join(other))
    assert seconds(left) == seconds(one) - seconds(other)
    assert left == join(left)
