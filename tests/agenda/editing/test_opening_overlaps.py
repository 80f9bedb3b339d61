"""Two openings overlap when one day both are open at the same hours for the same visits, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from callcenter.agenda.editing.opening_overlaps import first_overlap
from callcenter.agenda.rules.opening_rules import Channel, ChannelRule, OpeningRule, SchoolDays

MONDAY, NEXT = date(2026, 11, 23), date(2026, 11, 30)
EVENING = OpeningRule(id=1, weekday=0, starts=time(18), ends=time(20))
NIGHT = OpeningRule(id=2, weekday=0, starts=time(22), ends=time(2))


def met(one: OpeningRule, **other: Any) -> date | None:
    found = first_overlap(replace(one, id=0), [replace(one, id=9, **other)], since=MONDAY)
    return None if found is None else found[1]


@pytest.mark.parametrize(
    ("other", "day"),
    [
        ({}, MONDAY),
        ({"starts": time(19, 55), "ends": time(21)}, MONDAY),
        ({"starts": time(20), "ends": time(21)}, None),
        ({"weekday": 1}, None),
        ({"cycle_weeks": 2, "anchor": NEXT}, NEXT),
        ({"cycle_weeks": 3, "cycle_week": 2, "anchor": MONDAY}, date(2026, 12, 7)),
        ({"valid_from": date(2026, 12, 1)}, date(2026, 12, 7)),
        ({"valid_until": date(2026, 11, 22)}, None),
        ({"service_type_ids": frozenset({7})}, MONDAY),
        ({"channels": {Channel.ONLINE: ChannelRule(quota=3)}}, MONDAY),
    ],
)
def test_an_evening_and_another(other: dict[str, Any], day: date | None) -> None:
    assert met(EVENING, **other) == day


def test_alternate_weeks_that_never_meet_do_not_overlap() -> None:
    even = replace(EVENING, cycle_weeks=2, anchor=MONDAY)
    assert met(even, cycle_week=1) is None
    assert met(even, cycle_weeks=4, cycle_week=1) is None
    assert met(even, cycle_weeks=3, cycle_week=1) == date(2026, 12, 21)


def test_each_visit_has_one_opening() -> None:
    online = replace(EVENING, channels={Channel.ONLINE: ChannelRule()}, service_type_ids=frozenset({1}))
    assert met(online) == MONDAY
    assert met(online, channels={Channel.PHONE: ChannelRule()}) is None
    assert met(online, service_type_ids=frozenset({2})) is None
    term = replace(EVENING, school_days=SchoolDays.TERM)
    assert (met(term), met(term, school_days=SchoolDays.HOLIDAYS)) == (MONDAY, None)


def test_a_night_reaches_into_the_next_morning_also_from_sunday_to_monday() -> None:
    assert met(NIGHT, weekday=1, starts=time(1), ends=time(3)) == MONDAY
    assert met(NIGHT, weekday=1, starts=time(2), ends=time(3)) is None
    sunday = replace(NIGHT, weekday=6)
    assert met(sunday, weekday=0, starts=time(1), ends=time(3)) == date(2026, 11, 29)
    monday_morning = replace(NIGHT, weekday=0, starts=time(1), ends=time(3))
    assert met(monday_morning, weekday=6, starts=time(22), ends=time(2)) == MONDAY


def test_an_opening_does_not_overlap_itself() -> None:
    assert first_overlap(EVENING, [EVENING], since=MONDAY) is None
