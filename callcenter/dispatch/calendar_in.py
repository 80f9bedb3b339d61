"""A calendar that is kept elsewhere, read as shifts: who is meant, what is not understood, in the next year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, search_key
from callcenter.core.wall_time import instant_of
from callcenter.dispatch.rules.roster import DAY, Shift, ShiftSource

LIMIT = 1_000_000  # bytes of a file
IMPORTED_AHEAD = 365 * DAY
MOST_SHIFTS = 3000
# What would keep the reader busy for minutes: nobody is on call by the minute, and few rosters are kept as many series.
_MOST_EVENTS, _MOST_SERIES = 5000, 50
_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_WITHIN_A_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}
# A rule that is narrowed may never come true, and is then looked for until the year 9999: a second for one of months or
# years, ten for one of days or weeks, which no roster needs.
_NARROWING = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"}
_MOST_NARROWED = 12
_OLDEST = 2000


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event that becomes no shift: its summary names nobody of the practice, or more than one."""

    summary: str
    starts_at: datetime
    names_several: bool


@dataclass(frozen=True, slots=True)
class CalendarReading:
    """What a file says of the next year, in order of time."""

    shifts: Sequence[Shift]
    unknown: Sequence[Unknown]
    recognised: Mapping[int, int] = field(default_factory=dict)  # how many shifts, by practitioner


def read_calendar(
    content: bytes, people: Mapping[int, Sequence[str]], *, zone: ZoneInfo, changes_at: time, at: datetime
) -> CalendarReading:
    """The shifts of a .ics file from ``at`` on, for a year; ``people`` are the names by which each may be meant.

    An event of whole days lasts from the hour at which turns change to that hour; a time without a zone is one of the
    practice's clocks. Series are followed. Raises ``Invalid`` (field ``file``) for what is no such file.
    """
    if len(content) > LIMIT:
        raise Invalid(N_("This file is larger than 1 MB: export a shorter time."), field="file")
    if not content.strip():
        raise Invalid(N_("Choose a calendar file (.ics)."), field="file")
    shifts: list[Shift] = []
    unknown: list[Unknown] = []
    recognised: dict[int, int] = {}
    until = at + IMPORTED_AHEAD
    for event in _events(content, at, until):
        starts_at, ends_at = _stretch(event, zone, changes_at)
        starts_at, ends_at = max(starts_at, at), min(ends_at, until)
        if ends_at <= starts_at:
            continue
        summary = clean_line(str(event.get("SUMMARY", "")), limit=120)
        meant = _who_is_meant(summary, people)
        if len(meant) == 1:
            recognised[meant[0]] = recognised.get(meant[0], 0) + 1
            shifts.append(Shift(starts_at, ends_at, meant[0], ShiftSource.IMPORTED))
        else:
            unknown.append(Unknown(summary, starts_at, names_several=len(meant) > 1))
    if not shifts and not unknown:
        raise Invalid(N_("This calendar has no event within the next year."), field="file")
    if len(shifts) > MOST_SHIFTS:
        raise _too_much()
    order = sorted(set(shifts), key=lambda one: (one.starts_at, one.ends_at, one.practitioner_id or 0))
    return CalendarReading(order, sorted(unknown, key=lambda one: (one.starts_at, one.summary)), recognised)


def _events(content: bytes, at: datetime, until: datetime) -> list[Any]:
    """The events between two instants, series written out. Raises ``Invalid``."""
    # Half a second to import, which nobody but whoever reads a calendar is to wait for.
    import recurring_ical_events
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(content)
        if calendar.name != "VCALENDAR":
            raise _unreadable()
        events = [one for one in calendar.walk("VEVENT") if "DTSTART" in one]
        _refuse_too_much(events)
        calendar.subcomponents = [one for one in calendar.subcomponents if one.name == "VTIMEZONE"] + events
        found = recurring_ical_events.of(calendar).between(at, until)
        return [one for one in found if str(one.get("STATUS", "")).upper() != "CANCELLED"]
    except Invalid:
        raise
    except Exception:
        # Whatever a file of somebody else's makes these two raise, its owner can do one thing about it.
        raise _unreadable() from None


def _refuse_too_much(events: Sequence[Any]) -> None:
    series = [one for one in events if "RRULE" in one]
    if len(events) > _MOST_EVENTS or len(series) > _MOST_SERIES:
        raise _too_much()
    narrowed = 0
    for one in series:
        rules = one["RRULE"] if isinstance(one["RRULE"], list) else [one["RRULE"]]
        for rule in rules:
            often = {str(frequency).upper() for frequency in rule.get("FREQ", [])} & _TOO_OFTEN
            if often or _WITHIN_A_DAY & {str(part).upper() for part in rule}:
                raise Invalid(
                    N_("An event of this calendar returns several times a day: that is no roster."), field="file"
                )
            narrowed += _is_narrowed(rule)
        if len(rules) > 1 or narrowed > _MOST_NARROWED or one["DTSTART"].dt.year < _OLDEST:
            raise _too_much()


def _is_narrowed(rule: Any) -> bool:
    """Whether this rule might never come true. Raises ``Invalid`` for one of days or weeks."""
    parts = {str(part).upper() for part in rule}
    frequencies = {str(frequency).upper() for frequency in rule.get("FREQ", [])}
    is_narrowed = bool(parts & _NARROWING) or ("DAILY" in frequencies and {"INTERVAL", "BYDAY"} <= parts)
    if is_narrowed and frequencies & {"DAILY", "WEEKLY"}:
        raise _too_much()
    return is_narrowed


def _stretch(event: Any, zone: ZoneInfo, changes_at: time) -> tuple[datetime, datetime]:
    """From when to when an event lasts, in UTC; without an end, a whole day or no time at all."""
    starts, length = event["DTSTART"].dt, timedelta(0)
    if not isinstance(starts, datetime):
        length = DAY
    ends = event["DTEND"].dt if "DTEND" in event else starts + length
    return _instant(starts, zone, changes_at, fold=0), _instant(ends, zone, changes_at, fold=1)


def _instant(moment: date, zone: ZoneInfo, changes_at: time, *, fold: int) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, changes_at)
    return moment.astimezone(UTC) if moment.tzinfo is not None else instant_of(moment, zone, fold=fold)


def _who_is_meant(summary: str, people: Mapping[int, Sequence[str]]) -> list[int]:
    """The practitioners whose name stands in these words; « Saint Martin » is not also « Martin »."""
    words = f" {search_key(summary)} "
    found: dict[int, str] = {}
    for practitioner_id, names in people.items():
        keys = [search_key(name) for name in names]
        key = max((one for one in keys if one and f" {one} " in words), key=len, default="")
        if key:
            found[practitioner_id] = key
    return [
        one
        for one, key in found.items()
        if not any(f" {key} " in f" {other} " and key != other for other in found.values())
    ]


def _unreadable() -> Invalid:
    return Invalid(N_("This is no calendar file that can be read. Export it again as .ics."), field="file")


def _too_much() -> Invalid:
    return Invalid(N_("This calendar holds too much: export the roster alone, or a shorter time."), field="file")
