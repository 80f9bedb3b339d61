"""A day and an hour as somebody types them while she speaks: ``14h30``, ``jeudi 9h``, ``4/12 10:15``. Pure.

Wall-clock time of whoever's agenda it is; what the clock change makes of it is ``wall_clock``'s matter. French and
English words are read whatever the language of the screen.
"""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from anyascii import anyascii
from babel import Locale

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line

_FARTHEST = timedelta(days=3 * 366)
_LANGUAGES = ("fr", "en")
_NEARBY = {"aujourd'hui": 0, "today": 0, "demain": 1, "tomorrow": 1, "apres-demain": 2}
_HOUR = re.compile(
    r"(?:^|\s)(?:a |at )?(?:(?P<hour>\d{1,2})(?: ?h ?|:)(?P<minute>\d{2})?|(?P<four>\d{4})"
    r"|(?P<twelve>\d{1,2})(?::(?P<past>\d{2}))? ?(?P<half>am|pm))$"
)
_NUMBERS = re.compile(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})(?:[/.](?P<year>\d{4}|\d{2}))?\.?")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_NAMED = re.compile(r"(?P<day>\d{1,2})(?:er|st|nd|rd|th)? (?P<name>[a-z]{3,})\.?(?: (?P<year>\d{4}))?")
_SHORTEST = 3  # letters of a day's or a month's name


@dataclass(frozen=True, slots=True)
class TypedMoment:
    """A day, and the hour if one was typed."""

    day: date
    hour: time | None


def read_moment(typed: str, *, shown: date, today: date) -> TypedMoment:
    """What was typed; an hour alone is of the day that is ``shown``, a weekday or a date the next from ``today`` on.

    Raises ``Invalid`` with examples, and when it is more than three years away.
    """
    cleaned = _plain(clean_line(typed, limit=40))
    day, hour = _day(cleaned, today), None
    if day is None and (found := _HOUR.search(cleaned)):
        hour = _hour(found)
        said = cleaned[: found.start()].strip(" ,")
        day = shown if not said else _day(said, today)
        day = day if hour is not None else None
    if day is None:
        raise Invalid(
            N_("“%(typed)s” is no day or hour. Examples: 14h30, thu 9:00, 4/12 10:15."),
            field="text",
            typed=clean_line(typed, limit=40),
        )
    if abs(day - today) > _FARTHEST:
        raise Invalid(N_("That is too far away: at most three years."), field="text")
    return TypedMoment(day, hour)


def _hour(found: re.Match[str]) -> time | None:
    if found["four"]:
        hour, minute = int(found["four"][:2]), int(found["four"][2:])
    elif found["half"]:
        hour, minute = int(found["twelve"]), int(found["past"] or 0)
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    else:
        hour, minute = int(found["hour"]), int(found["minute"] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(said: str, today: date) -> date | None:
    said = re.sub(r"^(?:le|on) ", "", said)
    if said in _NEARBY:
        return today + timedelta(days=_NEARBY[said])
    weekday = _index_of(said.rstrip("."), "days")
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    # « jeudi 4 décembre »: the date says it, the weekday before it is only spoken along.
    first, _, rest = said.partition(" ")
    if rest and _index_of(first.rstrip(".,"), "days") is not None:
        said = rest
    if found := _ISO.fullmatch(said) or _NUMBERS.fullmatch(said):
        return _date(found["year"], int(found["month"]), int(found["day"]), today)
    found = _NAMED.fullmatch(said)
    month = _index_of(found["name"], "months") if found else None
    return _date(found["year"], month, int(found["day"]), today) if found and month is not None else None


def _index_of(word: str, kind: str) -> int | None:
    """Which weekday (Monday is 0) or month (January is 1) begins like this, when only one does."""
    if len(word) < _SHORTEST:
        return None
    names = [getattr(Locale(language), kind)["format"]["wide"] for language in _LANGUAGES]
    found = {index for one in names for index, name in one.items() if _plain(name).startswith(word)}
    return found.pop() if len(found) == 1 else None


def _plain(text: str) -> str:
    return anyascii(text).lower()


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    """The date; without a year the next that is not over."""
    years = [int(year) + (2000 if len(year) == 2 else 0)] if year else [today.year, today.year + 1]
    for one in years:
        try:
            found = date(one, month, day)
        except ValueError:
            continue
        if year or found >= today:
            return found
    return None
