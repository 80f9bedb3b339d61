"""When a caller is owed a call, how often she is rung, and never at night."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.routing.callback_rules import (
    BETWEEN_TRIES,
    is_decent,
    is_owed,
    may_be_rung,
    may_be_sent_link,
    next_try,
)

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("waited", "owed"), [(0, False), (5, False), (5.1, True), (600, True)])
def test_whoever_hangs_up_within_five_seconds_is_owed_nothing(waited: float, owed: bool) -> None:
    assert is_owed(joined_at=NINE, left_at=NINE + timedelta(seconds=waited)) is owed


def test_three_tries_ten_minutes_apart() -> None:
    assert [next_try(number, at=NINE) for number in (1, 2, 3)] == [NINE + BETWEEN_TRIES, NINE + BETWEEN_TRIES, None]


@pytest.mark.parametrize(
    ("hour", "zone", "decent"),
    [
        (6, "Europe/Paris", False),  # 7 h there
        (7, "Europe/Paris", True),
        (18, "Europe/Paris", True),
        (19, "Europe/Paris", False),
        (7, "Indian/Reunion", True),
        (16, "Indian/Reunion", False),
    ],
)
def test_people_are_rung_by_day_where_they_live(hour: int, zone: str, decent: bool) -> None:
    assert is_decent(NINE.replace(hour=hour), zone) is decent


def test_at_night_only_who_asked_within_the_hour_is_rung() -> None:
    night = NINE.replace(hour=20)
    assert not may_be_rung(night, "Europe/Paris", asked_at=None, urgent=False)
    assert may_be_rung(night, "Europe/Paris", asked_at=night - timedelta(minutes=59), urgent=False)
    assert not may_be_rung(night, "Europe/Paris", asked_at=night - timedelta(hours=1), urgent=False)
    assert may_be_rung(NINE, "Europe/Paris", asked_at=None, urgent=False)


def test_an_emergency_is_rung_back_at_any_hour() -> None:
    night = NINE.replace(hour=1)
    assert may_be_rung(night, "Europe/Paris", asked_at=None, urgent=True)
    assert may_be_rung(night, "Europe/Paris", asked_at=night - timedelta(hours=5), urgent=True)


@pytest.mark.parametrize(
    ("number", "hour", "sent"),
    [
        ("+33639981472", 9, True),
        ("+32470123456", 9, True),
        ("+33639981472", 19, False),  # 20 h there
        ("+33639981472", 6, False),
        ("+33240891234", 9, False),  # a landline
        ("+33899123456", 9, False),
        ("+447700900123", 9, False),  # a country that is not called
        (None, 9, False),
    ],
)
def test_an_address_is_sent_to_mobiles_that_may_be_rung_back_by_day(number: str | None, hour: int, sent: bool) -> None:
    countries = frozenset({"FR", "BE"})
    at = NINE.replace(hour=hour)
    assert may_be_sent_link(number, zone="Europe/Paris", countries=countries, at=at) is sent
