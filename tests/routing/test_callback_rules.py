"""When a caller is owed a call, how often she is rung, and never at night."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.routing.callback_rules import BETWEEN_TRIES, is_decent, is_late, is_owed, may_be_rung, next_try

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("waited", "owed"), [(0, False), (5, False), (5.1, True), (600, True)])
def test_whoever_hangs_up_within_five_seconds_is_owed_nothing(waited: float, owed: bool) -> None:
    assert is_owed(joined_at=NINE, left_at=NINE + timedelta(seconds=waited)) is owed


def test_a_call_back_is_late_after_a_quarter_of_an_hour() -> None:
    assert not is_late(NINE, at=NINE + timedelta(minutes=14, seconds=59))
    assert is_late(NINE, at=NINE + timedelta(minutes=15))


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
    assert not may_be_rung(night, "Europe/Paris", asked_at=None)
    assert may_be_rung(night, "Europe/Paris", asked_at=night - timedelta(minutes=59))
    assert not may_be_rung(night, "Europe/Paris", asked_at=night - timedelta(hours=1))
    assert may_be_rung(NINE, "Europe/Paris", asked_at=None)
