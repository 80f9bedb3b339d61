"""Where the minutes of a day stand on the scale, also on the two days of the year whose clocks change."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from callcenter.agenda.views.scale import Axis, ClockChange, Scale, clock_change

AUTUMN, SPRING, ORDINARY = date(2026, 10, 25), date(2026, 3, 29), date(2026, 11, 23)
PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (ORDINARY, PARIS, None),
        (AUTUMN, PARIS, ClockChange((120, 180), is_repeated=True)),
        (SPRING, PARIS, ClockChange((120, 180), is_repeated=False)),
        (date(2026, 4, 5), "Australia/Lord_Howe", ClockChange((90, 120), is_repeated=True)),  # half an hour
        (date(2026, 10, 4), "Australia/Lord_Howe", ClockChange((120, 150), is_repeated=False)),
        (AUTUMN, "Indian/Reunion", None),
    ],
)
def test_what_the_clocks_do_on_a_day(day: date, zone: str, expected: ClockChange | None) -> None:
    assert clock_change(day, zone) == expected


def test_both_passes_of_an_hour_have_a_place_of_their_own() -> None:
    axis = Axis((120, 180))
    first, second = (datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo(PARIS)) for fold in (0, 1))
    assert (axis.of(first, AUTUMN), axis.of(second, AUTUMN)) == (150, 210)
    assert (axis.wall(150), axis.wall(210), axis.wall(240)) == ((150, False), (150, True), (180, False))
    assert axis.of(datetime(2026, 10, 25, 3, 0, tzinfo=ZoneInfo(PARIS)), AUTUMN) == 240
    assert axis.length == 25 * 60


def test_what_lies_beside_the_day_stands_at_its_edges() -> None:
    axis = Axis()
    evening_before = datetime(2026, 11, 22, 22, 0, tzinfo=ZoneInfo(PARIS))
    midnight_after = datetime(2026, 11, 24, 0, 0, tzinfo=ZoneInfo(PARIS))
    assert (axis.of(evening_before, ORDINARY), axis.of(midnight_after, ORDINARY)) == (0, 1440)


def test_a_fold_is_one_row_and_what_begins_in_it_stands_after_it() -> None:
    scale = Scale([(510, 750), (840, 1080)])
    assert (scale.row(510), scale.row(745), scale.row(800), scale.row(840), scale.rows) == (1, 48, 50, 50, 97)
    assert scale.folds == [49]
    assert [scale.holds(minute) for minute in (509, 510, 1079, 1080)] == [False, True, True, False]
