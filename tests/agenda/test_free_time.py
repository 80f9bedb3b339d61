"""Free time, computed from wall-clock rules; Paris changes on 29 March and 25 October 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from callcenter.agenda.free_time import GRID, WeeklyHours, fits, free_gaps, free_starts, open_intervals, wall_intervals

PARIS = "Europe/Paris"
MONDAY, SPRING, AUTUMN = date(2026, 11, 23), date(2026, 3, 29), date(2026, 10, 25)


def wall(instant: int, zone: str = PARIS) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%H:%M")


def at(day: date, hour: int, minute: int = 0, zone: str = PARIS) -> int:
    return int(datetime.combine(day, time(hour, minute), ZoneInfo(zone)).timestamp())


def test_a_rule_opens_its_weekday_at_wall_clock_time_in_winter_and_in_summer() -> None:
    rule = WeeklyHours(0, time(8, 30), time(12, 30))
    winter = open_intervals([rule], zone=PARIS, first_day=MONDAY, last_day=MONDAY + timedelta(days=6))
    summer = open_intervals([rule], zone=PARIS, first_day=date(2026, 7, 6), last_day=date(2026, 7, 6))
    assert winter == [(at(MONDAY, 8, 30), at(MONDAY, 12, 30))]
    assert [wall(instant) for instant in summer[0]] == ["08:30", "12:30"]
    assert datetime.fromtimestamp(summer[0][0], UTC).hour == 6


def test_a_rule_ends_on_its_last_day_included() -> None:
    rule = WeeklyHours(0, time(9), time(10), valid_from=MONDAY, valid_until=MONDAY + timedelta(days=7))
    opened = open_intervals([rule], zone=PARIS, first_day=date(2026, 11, 1), last_day=date(2026, 12, 31))
    assert [datetime.fromtimestamp(start, UTC).day for start, _ in opened] == [23, 30]


def test_the_spring_day_has_no_half_past_two() -> None:
    assert wall_intervals(SPRING, time(2), time(3), zone=PARIS) == []
    (night,) = wall_intervals(SPRING, time(1), time(4), zone=PARIS)
    assert night[1] - night[0] == 2 * 3600
    starts = free_starts([night], [], duration=1800, at=0)
    assert [wall(start) for start in starts] == ["01:00", "01:30", "03:00", "03:30"]
    (late,) = wall_intervals(SPRING, time(2, 30), time(4), zone=PARIS)
    assert [wall(instant) for instant in late] == ["03:00", "04:00"]


def test_the_autumn_day_has_two_o_clock_twice() -> None:
    (night,) = wall_intervals(AUTUMN, time(1), time(4), zone=PARIS)
    assert night[1] - night[0] == 4 * 3600
    starts = free_starts([night], [], duration=1800, at=0)
    assert [wall(start) for start in starts] == ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    # Half past two exists twice, and with it the half hour before: both passes are open, what lies between is not.
    passes = wall_intervals(AUTUMN, time(2), time(2, 30), zone=PARIS)
    assert [end - begin for begin, end in passes] == [1800, 1800]
    assert passes[1][0] - passes[0][0] == 3600


def test_days_of_23_and_25_hours_are_counted_right() -> None:
    for day, hours in ((SPRING, 23), (AUTUMN, 25), (MONDAY, 24)):
        whole = wall_intervals(day, time(0), time(23, 59), zone=PARIS)
        assert sum(end - begin for begin, end in whole) == hours * 3600 - 60


def test_places_far_from_greenwich_keep_their_day() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Noumea", "Pacific/Marquesas", "America/Havana", "Indian/Reunion"):
        (opened,) = wall_intervals(MONDAY, time(8), time(12), zone=zone)
        assert [wall(instant, zone) for instant in opened] == ["08:00", "12:00"]


def test_starts_follow_one_another_and_begin_anew_after_what_is_taken() -> None:
    morning = (at(MONDAY, 8, 30), at(MONDAY, 10))
    busy = [(at(MONDAY, 8, 45), at(MONDAY, 9, 7))]
    starts = free_starts([morning], busy, duration=15 * 60, at=0)
    # 09:07 is moved up to 09:10; 09:55 would end after the closing.
    assert [wall(start) for start in starts] == ["08:30", "09:10", "09:25", "09:40"]


def test_no_start_lies_in_the_past_and_the_others_do_not_slide() -> None:
    morning = (at(MONDAY, 8, 30), at(MONDAY, 9, 30))
    starts = free_starts([morning], [], duration=15 * 60, at=at(MONDAY, 8, 50))
    assert [wall(start) for start in starts] == ["09:00", "09:15"]
    assert free_starts([morning], [], duration=15 * 60, at=at(MONDAY, 9))[0] == at(MONDAY, 9)


def test_a_time_shown_a_moment_ago_still_fits_when_a_neighbour_moved_the_proposals() -> None:
    morning = (at(MONDAY, 9), at(MONDAY, 12))
    neighbour = [(at(MONDAY, 9), at(MONDAY, 9, 30))]
    assert at(MONDAY, 9, 40) in free_starts([morning], [], duration=20 * 60, at=0)
    assert at(MONDAY, 9, 40) not in free_starts([morning], neighbour, duration=20 * 60, at=0)
    assert fits([morning], neighbour, start=at(MONDAY, 9, 40), duration=20 * 60)
    assert not fits([morning], neighbour, start=at(MONDAY, 9, 25), duration=20 * 60)
    assert not fits([morning], neighbour, start=at(MONDAY, 9, 41), duration=20 * 60)
    assert not fits([morning], neighbour, start=at(MONDAY, 11, 45), duration=20 * 60)


intervals = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 90)).map(lambda one: (one[0] * 60, (one[0] + one[1]) * 60)),
    max_size=8,
)


@given(opened=intervals, busy=intervals, duration=st.integers(1, 12), not_before=st.integers(0, 30_000))
def test_every_start_proposed_fits_and_none_overlaps_another(
    opened: list[tuple[int, int]], busy: list[tuple[int, int]], duration: int, not_before: int
) -> None:
    rules = sorted(opened)
    starts = free_starts(rules, busy, duration=duration * GRID, at=not_before)
    for start in starts:
        assert start >= not_before
        assert fits(rules, busy, start=start, duration=duration * GRID)
        assert not any(begin < start + duration * GRID and start < end for begin, end in busy)
    for begin, end in free_gaps(rules, busy):
        assert begin < end
