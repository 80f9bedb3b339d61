"""What people type of an opening becomes a rule, or a sentence beside the field that cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from callcenter.agenda.editing.typed_openings import (
    OpeningParticulars,
    coming_mondays,
    read_opening,
    write_opening,
)
from callcenter.agenda.rules.opening_rules import Channel, ChannelRule, OpeningKind, OpeningRule, Release, SchoolDays
from callcenter.core.errors import Invalid

MONDAY, WEDNESDAY, NEXT = date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 30)
PLAIN = {"weekday": "0", "starts": "8h30", "ends": "12:30"}


def read(**typed: Any) -> OpeningRule:
    return read_opening(OpeningParticulars(**PLAIN | typed), service_type_ids={1, 2})


def test_few_fields_make_an_opening_of_every_week() -> None:
    rule = read()
    assert rule == OpeningRule(id=0, weekday=0, starts=time(8, 30), ends=time(12, 30))
    assert rule.is_plain


def test_every_field_comes_back_as_it_was_typed() -> None:
    rule = read(
        weekday="4",
        starts="22:00",
        ends="2:00",
        cycle_weeks="2",
        anchor="2026-11-30",
        valid_from="2026-12-01",
        valid_until="30/06/2027",
        school_days="term",
        service_types=["2", "1"],
        kind="emergency",
        release_days="1",
        release_at="18:00",
        channels=["online", "internal"],
        quota_online="4",
        latest_online="2 h",
        earliest_online="14 j",
    )
    assert rule == OpeningRule(
        id=0,
        weekday=4,
        starts=time(22),
        ends=time(2),
        cycle_weeks=2,
        anchor=NEXT,
        valid_from=date(2026, 12, 1),
        valid_until=date(2027, 6, 30),
        school_days=SchoolDays.TERM,
        service_type_ids=frozenset({1, 2}),
        kind=OpeningKind.EMERGENCY,
        release=Release(1, time(18)),
        channels={
            Channel.ONLINE: ChannelRule(quota=4, latest=timedelta(hours=2), earliest=timedelta(days=14)),
            Channel.INTERNAL: ChannelRule(),
        },
    )
    again = OpeningParticulars(**write_opening(rule, today=WEDNESDAY))  # type: ignore[arg-type]
    assert read_opening(again, kept=rule, service_type_ids={1, 2}) == rule


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"weekday": "7"}, "weekday", "Choose a weekday."),
        ({"starts": "25:00"}, "starts", "25:00 is not a time of day. Example: 08:30."),
        ({"ends": "08:30"}, "ends", "08:30 is when it opens as well. For a whole day, add two openings."),
        ({"cycle_weeks": "53"}, "cycle_weeks", "A number from 1 to 52."),
        ({"cycle_weeks": "2"}, "anchor", "Choose a week in which it is open."),
        (
            {"cycle_weeks": "2", "anchor": "2026-11-24"},
            "anchor",
            "Cycles are counted from a Monday, and this day is none.",
        ),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "valid_until", "The last day comes before"),
        ({"valid_from": "2026-12-01", "valid_until": "2026-12-06"}, "valid_until", "It would never be open"),
        (
            {"cycle_weeks": "2", "anchor": "2026-11-30", "valid_from": "2026-12-01", "valid_until": "2026-12-13"},
            "valid_until",
            "It would never be open",
        ),
        ({"school_days": "summer"}, "school_days", "Choose one of these."),
        ({"service_types": ["3"]}, "service_types", "This practice has no such type of visit."),
        ({"kind": "emergency", "release_days": "1"}, "release_at", "Say at what hour as well."),
        ({"kind": "reserve", "release_at": "18:00"}, "release_days", "Say how many days before as well"),
        ({"kind": "urgent"}, "kind", "Choose one of these."),
        ({"channels": []}, "channels", "Somebody must be able to book."),
        ({"quota_online": "0"}, "quota_online", "A number from 1 to 200."),
        ({"latest_phone": "2 weeks"}, "latest_phone", "2 weeks is not a length of time."),
        ({"latest_phone": "1 d", "earliest_phone": "24 h"}, "earliest_phone", "Nothing could be booked"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(typed: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(**typed)
    assert (refused.value.field, str(refused.value)[: len(sentence)]) == (field, sentence)


def test_school_days_need_a_place_whose_school_year_is_known() -> None:
    typed = OpeningParticulars(**PLAIN, school_days="holidays")
    assert read_opening(typed).school_days is SchoolDays.HOLIDAYS
    with pytest.raises(Invalid) as refused:
        read_opening(typed, knows_school=False)
    assert refused.value.field == "school_days"


def test_what_is_kept_for_nothing_has_no_release() -> None:
    assert read(kind="normal", release_days="1", release_at="").release is None


def test_the_weeks_to_choose_begin_with_this_one() -> None:
    assert coming_mondays(WEDNESDAY, 2) == [MONDAY, NEXT]
    old = replace(read(cycle_weeks="2", anchor="2026-11-23"), id=5, anchor=date(2020, 12, 28), cycle_week=1)
    # 2020 had 53 weeks: counted from there, the second week of the cycle is the one of 30 November 2026.
    assert write_opening(old, today=WEDNESDAY)["anchor"] == str(NEXT)
    chosen = OpeningParticulars(**write_opening(old, today=WEDNESDAY))  # type: ignore[arg-type]
    assert read_opening(chosen, kept=old) == old
    other = replace(chosen, anchor=str(MONDAY))
    assert read_opening(other, kept=old).anchor == MONDAY
