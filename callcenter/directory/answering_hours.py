"""Whether a line is answered by the centre at an instant, and what its caller hears when it is not. Pure.

Rules are wall-clock time in the practice's zone. In the night that has an hour twice, what begins in it begins with the
first and what ends in it ends with the last; in the night that lacks an hour, both happen as the clock jumps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of
from callcenter.directory.closed_words import closed_sentence
from callcenter.directory.line_entry import Forwarding, HoursRule, LineEntry, Period, PeriodKind

LOOK_AHEAD = timedelta(days=14)
_MIDNIGHT = time(0)
_DAY = timedelta(days=1)
# Their contract names the days; without any there is nobody to answer.
ONLY_WHEN_SERVED = frozenset({Forwarding.HOLIDAYS, Forwarding.A_LA_CARTE})

_Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Answering:
    """How a line stands. Instants are UTC."""

    is_open: bool
    sentence: str = ""  # what the caller hears when it is closed
    number: str = ""  # E.164; whom she is put through to then
    opens_at: datetime | None = None  # None: open, or not within a fortnight


def answering(entry: LineEntry, at: datetime) -> Answering:
    """How this line stands at this instant.

    A closure always wins. Holidays and à la carte are answered in the periods served only; every other line within its
    weekly hours, always when it has none (nobody's call is lost because hours were forgotten), and in periods served.
    """
    if is_open(entry, at):
        return Answering(is_open=True)
    opens_at = _next_change(entry, at, to_open=True)
    return Answering(
        is_open=False, sentence=_sentence(entry, at, opens_at), number=entry.outside_number, opens_at=opens_at
    )


def closes_at(entry: LineEntry, at: datetime) -> datetime | None:
    """When a line that is open closes next (UTC); None: not within a fortnight."""
    return _next_change(entry, at, to_open=False)


def is_open(entry: LineEntry, at: datetime) -> bool:
    """Whether the centre answers this line at this instant."""
    if not entry.periods and not entry.hours:
        return entry.forwarding not in ONLY_WHEN_SERVED
    zone = ZoneInfo(entry.zone)
    today = at.astimezone(zone).date()
    days = (today - _DAY, today)  # yesterday's hours may pass midnight
    return any(start <= at < end for day in days for start, end in _served(entry, day, zone)) and not any(
        start <= at < end for day in days for _period, (start, end) in _closed(entry, day, zone)
    )


def _next_change(entry: LineEntry, at: datetime, *, to_open: bool) -> datetime | None:
    zone = ZoneInfo(entry.zone)
    yesterday = at.astimezone(zone).date() - _DAY
    edges: set[datetime] = set()
    for number in range(LOOK_AHEAD.days + 2):
        day = yesterday + number * _DAY
        for start, end in _served(entry, day, zone):
            edges.add(start if to_open else end)
        for _period, (start, end) in _closed(entry, day, zone):
            edges.add(end if to_open else start)
    soon = sorted(edge for edge in edges if at < edge <= at + LOOK_AHEAD)
    return next((edge for edge in soon if is_open(entry, edge) is to_open), None)


def _served(entry: LineEntry, day: date, zone: ZoneInfo) -> Iterator[_Interval]:
    """The openings that begin on this day, whatever is closed."""
    if entry.forwarding not in ONLY_WHEN_SERVED:
        yield from _weekly(entry.hours, day, zone)
    for period in entry.periods:
        if period.kind is PeriodKind.SERVED and period.starts_on <= day <= period.ends_on:
            if period.starts is not None and period.ends is not None:
                yield _interval(day, period.starts, period.ends, zone)
            else:
                yield from _weekly(entry.hours, day, zone)


def _closed(entry: LineEntry, day: date, zone: ZoneInfo) -> Iterator[tuple[Period, _Interval]]:
    """The closures that begin on this day."""
    for period in entry.periods:
        if period.kind is PeriodKind.CLOSED and period.starts_on <= day <= period.ends_on:
            yield period, _interval(day, period.starts or _MIDNIGHT, period.ends or _MIDNIGHT, zone)


def _weekly(hours: tuple[HoursRule, ...], day: date, zone: ZoneInfo) -> Iterator[_Interval]:
    if not hours:
        yield _interval(day, _MIDNIGHT, _MIDNIGHT, zone)
    for rule in hours:
        if rule.weekday == day.weekday():
            yield _interval(day, rule.starts, rule.ends, zone)


def _interval(day: date, starts: time, ends: time, zone: ZoneInfo) -> _Interval:
    last = day if ends > starts else day + _DAY
    return instant_of(datetime.combine(day, starts), zone, fold=0), instant_of(
        datetime.combine(last, ends), zone, fold=1
    )


def _sentence(entry: LineEntry, at: datetime, opens_at: datetime | None) -> str:
    zone = ZoneInfo(entry.zone)
    here = at.astimezone(zone)
    for day in (here.date() - _DAY, here.date()):
        for period, (start, end) in _closed(entry, day, zone):
            if start <= at < end and period.sentence:
                return period.sentence
    if entry.outside_sentence:
        return entry.outside_sentence
    opening = None if opens_at is None else opens_at.astimezone(zone)
    return closed_sentence(
        own_emergency=entry.emergency_sentence,
        country=entry.country,
        language=entry.language,
        now=here,
        opening=opening,
        is_put_through=bool(entry.outside_number),
    )
