"""Before a change of the rules is saved: the weeks it makes, the next dates, and the appointments left outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, time, timedelta
from typing import Any

from callcenter.agenda.editing.rule_preview import (
    Booked,
    Change,
    alternates,
    first_change,
    orphaned,
    outside,
    preview_weeks,
    with_opening,
)
from callcenter.agenda.rules.opening_rules import (
    AgendaRules,
    Channel,
    ChannelRule,
    DayException,
    ExceptionKind,
    OpeningRule,
)
from tests.agenda.cast import paris

MONDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 25)
MORNING = OpeningRule(id=1, weekday=0, starts=time(8, 30), ends=time(12, 30))
EVENING = OpeningRule(id=2, weekday=0, starts=time(19), ends=time(21), cycle_weeks=2, anchor=date(2026, 11, 30))


def rules(*openings: OpeningRule, **others: Any) -> AgendaRules:
    return AgendaRules("Europe/Paris", openings, **others)


def mondays(before: AgendaRules, after: AgendaRules) -> list[list[str]]:
    """What each Monday of the four weeks shows."""
    return [
        [f"{one.starts_at:%H:%M}-{one.ends_at:%H:%M} {one.change.value}" for one in week.days[0].pieces]
        for week in preview_weeks(before, after, {}, first_day=WEDNESDAY)
    ]


def test_an_alternate_evening_shows_in_its_weeks() -> None:
    standing = rules(MORNING)
    after = rules(*with_opening(standing, EVENING))
    both = ["08:30-12:30 stays", "19:00-21:00 added"]
    assert mondays(standing, after) == [["08:30-12:30 stays"], both, ["08:30-12:30 stays"], both]
    weeks = preview_weeks(standing, after, {}, first_day=WEDNESDAY)
    assert [week.number for week in weeks] == [48, 49, 50, 51]
    assert (weeks[0].days[0].day, weeks[3].days[6].day) == (MONDAY, date(2026, 12, 20))


def test_hours_are_compared_and_so_are_their_conditions() -> None:
    shorter = replace(MORNING, starts=time(8), ends=time(12))
    first = mondays(rules(MORNING), rules(shorter))[0]
    assert first == ["08:00-08:30 added", "08:30-12:00 stays", "12:00-12:30 removed"]
    online = replace(MORNING, channels={Channel.ONLINE: ChannelRule(quota=4)})
    assert mondays(rules(MORNING), rules(online))[0] == ["08:30-12:30 otherwise"]
    assert mondays(rules(MORNING), rules())[0] == ["08:30-12:30 removed"]


def test_a_night_shows_on_its_evening() -> None:
    night = replace(MORNING, starts=time(22), ends=time(2))
    weeks = preview_weeks(rules(), rules(night), {}, first_day=MONDAY)
    shown = [(day.day.day, one.starts_at.hour, one.ends_at.hour) for day in weeks[0].days for one in day.pieces]
    assert shown == [(23, 22, 2)]


def test_holidays_and_exceptions_are_named_where_they_count() -> None:
    christmas = date(2026, 12, 25)
    training = DayException(kind=ExceptionKind.CLOSED, first_day=MONDAY, last_day=MONDAY, reason="formation")
    friday = replace(MORNING, weekday=4)
    kept = rules(MORNING, friday, holidays=frozenset({christmas}), exceptions=(training,))
    names = {christmas: "Noël"}
    this_week = preview_weeks(rules(MORNING), kept, names, first_day=MONDAY)[0].days[0]
    assert [one.reason for one in this_week.exceptions] == ["formation"]
    assert [one.change for one in this_week.pieces] == [Change.REMOVED]
    day = preview_weeks(kept, kept, names, first_day=christmas)[0].days[4]
    assert (day.holiday, day.pieces) == ("Noël", ())
    worked = replace(kept, holidays=frozenset())
    day = preview_weeks(kept, worked, names, first_day=christmas)[0].days[4]
    assert (day.holiday, [one.change for one in day.pieces]) == ("", [Change.ADDED])


def test_the_first_day_that_a_change_touches() -> None:
    def touched(after: OpeningRule, since: date = WEDNESDAY) -> date | None:
        return first_change(rules(MORNING), rules(after), since=since)

    assert touched(MORNING) is None
    assert touched(replace(MORNING, valid_until=date(2026, 12, 7))) == date(2026, 12, 14)
    assert touched(replace(MORNING, valid_from=date(2026, 11, 24))) is None
    assert touched(replace(MORNING, valid_from=date(2026, 11, 24)), since=MONDAY) == MONDAY
    online = replace(MORNING, channels={Channel.ONLINE: ChannelRule()})
    assert touched(online) == date(2026, 11, 30)
    rare = replace(EVENING, cycle_weeks=26, anchor=date(2027, 5, 3))
    assert first_change(rules(MORNING), rules(MORNING, rare), since=WEDNESDAY) == date(2027, 5, 3)


def test_next_dates_are_said_of_alternate_openings_alone() -> None:
    easter_monday = date(2027, 3, 29)
    standing = rules(MORNING, EVENING, holidays=frozenset({easter_monday}))
    names = {easter_monday: "Lundi de Pâques"}
    (one,) = alternates(standing, names, first_day=WEDNESDAY)
    assert [(day.day, day.week, day.closed_by) for day in one.days] == [
        (date(2026, 11, 30), 49, ""),
        (date(2026, 12, 14), 51, ""),
    ]
    (later,) = alternates(
        rules(replace(EVENING, anchor=easter_monday), holidays=standing.holidays), names, first_day=easter_monday
    )
    assert [day.closed_by for day in later.days] == ["Lundi de Pâques", ""]
    assert alternates(rules(replace(EVENING, valid_until=MONDAY)), {}, first_day=WEDNESDAY) == []


def test_who_would_be_left_outside() -> None:
    ten = Booked(1, paris(10), paris(10, 15), service_type_id=1)
    at_the_end = Booked(2, paris(12, 15), paris(12, 30), service_type_id=1)
    beyond = Booked(3, paris(13), paris(13, 15), service_type_id=1)
    booked = [ten, at_the_end, beyond]
    assert outside(rules(MORNING), booked) == {3}
    assert orphaned(rules(MORNING), rules(replace(MORNING, ends=time(12, 25))), booked) == {2}
    assert orphaned(rules(MORNING), rules(replace(MORNING, valid_until=date(2026, 11, 22))), booked) == {1, 2}
    assert orphaned(rules(MORNING), rules(replace(MORNING, ends=time(14))), booked) == set()
    other_visits = replace(MORNING, service_type_ids=frozenset({2}))
    assert orphaned(rules(MORNING), rules(other_visits), booked) == {1, 2}
    # Whom a channel may book from now on takes nothing away from what it has booked.
    online = replace(MORNING, channels={Channel.ONLINE: ChannelRule()})
    assert orphaned(rules(MORNING), rules(online), booked) == set()


def test_an_appointment_over_two_openings_and_one_after_midnight_are_inside() -> None:
    noon = replace(MORNING, id=3, starts=time(12, 30), ends=time(13))
    across = Booked(1, paris(12, 20), paris(12, 40), service_type_id=1)
    assert outside(rules(MORNING, noon), [across]) == set()
    night = replace(MORNING, starts=time(22), ends=time(2))
    late = Booked(2, paris(1, day=24), paris(1, 15, day=24), service_type_id=1)
    assert outside(rules(night), [late]) == set()
    assert outside(rules(night), [replace_start(late, paris(2, day=24))]) == {2}
    assert outside(rules(), []) == set()


def replace_start(one: Booked, start: int) -> Booked:
    return replace(one, start=start, end=start + 900)


def test_the_hour_that_exists_twice_is_shown_as_the_wall_shows_it() -> None:
    sunday = OpeningRule(id=4, weekday=6, starts=time(1), ends=time(4))
    day = preview_weeks(rules(), rules(sunday), {}, first_day=date(2026, 10, 25))[0].days[6]
    (piece,) = day.pieces
    assert (piece.starts_at.hour, piece.ends_at.hour) == (1, 4)
    assert piece.ends_at.astimezone(UTC) - piece.starts_at.astimezone(UTC) == timedelta(hours=4)
