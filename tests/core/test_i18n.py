"""Words, days and durations as the reader sees them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.core import i18n

MONDAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _french_again() -> Iterator[None]:
    i18n.set_language("fr")
    yield
    i18n.set_language("fr")


def test_a_day_is_told_in_the_readers_language() -> None:
    assert i18n.format_date_long(MONDAY) == "lundi 23 novembre"
    assert i18n.format_day_short(MONDAY) == "lun. 23 nov."
    i18n.set_language("en")
    assert i18n.format_date_long(MONDAY) == "Monday 23 November"


def test_an_instant_is_told_in_the_zone_of_the_place() -> None:
    assert i18n.format_time(datetime(2026, 11, 23, 8, 15, tzinfo=UTC), ZoneInfo("Europe/Paris")) == "09:15"
    assert i18n.format_time(datetime(2026, 11, 23, 8, 15, tzinfo=UTC), ZoneInfo("Indian/Reunion")) == "12:15"


@pytest.mark.parametrize(
    ("length", "told"),
    [(42, "0:42"), (timedelta(minutes=12, seconds=5), "12:05"), (3723.9, "1:02:03"), (-4, "0:00")],
)
def test_a_duration_ticks_like_a_watch(length: timedelta | float, told: str) -> None:
    assert i18n.format_duration(length) == told


def test_french_counts_none_in_the_singular_and_english_does_not() -> None:
    message = ("%(num)s try", "%(num)s tries")
    assert [i18n.ngettext(*message, number) for number in (0, 1, 2)] == [
        "0 essai",
        "1 essai",
        "2 essais",
    ]
    i18n.set_language("en")
    assert i18n.ngettext(*message, 0) == "0 tries"


def test_a_sentence_takes_its_values_by_name() -> None:
    assert i18n.gettext("%(name)s has just taken this call.", name="Inès") == "Inès vient de prendre cet appel."
    assert i18n.gettext("") == "", "the empty message would be the catalogue's header"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="there are fr, en"):
        i18n.set_language("de")
