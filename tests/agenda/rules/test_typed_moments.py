"""A day and an hour as operators type them."""

from datetime import date, time

import pytest

from callcenter.agenda.rules.typed_moments import TypedMoment, read_moment
from callcenter.core.errors import Invalid

MONDAY = date(2026, 12, 7)
SHOWN = date(2026, 12, 15)


def read(typed: str) -> TypedMoment:
    return read_moment(typed, shown=SHOWN, today=MONDAY)


@pytest.mark.parametrize("typed", ["14h30", "14:30", "14 h 30", "1430", "2:30pm", "2:30 PM", " à 14h30 ", "at 14:30"])
def test_an_hour_alone_is_of_the_day_that_is_shown(typed: str) -> None:
    assert read(typed) == TypedMoment(SHOWN, time(14, 30))


def test_a_whole_hour_needs_no_minutes() -> None:
    assert read("9h").hour == time(9)
    assert read("9 am").hour == time(9)
    assert read("12am").hour == time(0)


@pytest.mark.parametrize("typed", ["jeudi 9h", "jeu. 9h", "JEU 9:00", "thu 9h00", "Thursday at 9:00", "jeudi à 9h"])
def test_a_weekday_is_the_next_one_from_today_on(typed: str) -> None:
    assert read(typed) == TypedMoment(date(2026, 12, 10), time(9))


def test_today_is_the_first_of_its_weekdays() -> None:
    assert read("lundi").day == MONDAY


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("demain", date(2026, 12, 8)),
        ("aujourd’hui", MONDAY),
        ("après-demain", date(2026, 12, 9)),
        ("tomorrow", date(2026, 12, 8)),
        ("24/12", date(2026, 12, 24)),
        ("le 24.12.", date(2026, 12, 24)),
        ("4/1", date(2027, 1, 4)),
        ("4/1/27", date(2027, 1, 4)),
        ("2027-01-04", date(2027, 1, 4)),
        ("4 janvier", date(2027, 1, 4)),
        ("4 janv.", date(2027, 1, 4)),
        ("1er février", date(2027, 2, 1)),
        ("4 jan 2027", date(2027, 1, 4)),
        ("3 mars", date(2027, 3, 3)),
        ("jeudi 24 décembre", date(2026, 12, 24)),
        ("jeu 24/12", date(2026, 12, 24)),
        ("5 août", date(2027, 8, 5)),
    ],
)
def test_a_day_alone_has_no_hour(typed: str, day: date) -> None:
    assert read(typed) == TypedMoment(day, None)


def test_a_date_and_an_hour() -> None:
    assert read("24/12 10:15") == TypedMoment(date(2026, 12, 24), time(10, 15))
    assert read("jeudi 24 décembre à 10h15") == TypedMoment(date(2026, 12, 24), time(10, 15))
    assert read("24/12 1015") == TypedMoment(date(2026, 12, 24), time(10, 15))


@pytest.mark.parametrize(
    "typed",
    ["", "14", "25h", "9h75", "13pm", "Vasseur", "30/2", "4 jui", "j 9h", "</Say>", "=HYPERLINK(", "😀", "9h demain"],
)
def test_what_is_neither_is_said_with_examples(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(typed)
    assert "14h30" in caught.value.sentence


def test_nothing_lies_centuries_away() -> None:
    with pytest.raises(Invalid) as caught:
        read("4/1/2199")
    assert "three years" in caught.value.sentence
