"""When an agenda is open: weekly rules with their cycles, what a day changes in them, and what each opening is for.

Pure: no database, no clock. Rules are wall-clock time in the schedule's zone; what comes out is UTC seconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from callcenter.agenda.rules.wall_clock import (
    Interval,
    Stretch,
    intervals_between,
    join,
    stretches_of,
    subtract,
    wall_seconds,
)

WEEK = timedelta(days=7)
GRID = 5 * 60  # seconds: what people can say and remember; visits begin on it


class OpeningKind(StrEnum):
    """What an opening is kept for until it is released."""

    NORMAL = "normal"
    EMERGENCY = "emergency"  # for what cannot wait
    RESERVE = "reserve"  # the practice's own, given by nobody else


class SchoolDays(StrEnum):
    """Whether an opening goes by the school's year where the site lies."""

    ANY = "any"
    TERM = "term"  # only while there is school
    HOLIDAYS = "holidays"


class Channel(StrEnum):
    """Through whom an appointment is asked for."""

    PHONE = "phone"  # the centre's operators
    ONLINE = "online"  # patients themselves
    INTERNAL = "internal"  # the practice's own people


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """What one channel may book in an opening: how many visits a day, and how long before."""

    quota: int | None = None  # visits in one opening of one day; None is without limit
    latest: timedelta = timedelta(0)  # nothing that begins sooner than this
    earliest: timedelta | None = None  # nothing that begins later than this; None is without limit


@dataclass(frozen=True, slots=True)
class Release:
    """From this moment on, an opening kept for something serves everybody: ``days_before`` its day, at ``at_time``."""

    days_before: int
    at_time: time


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRule:
    """Open on this weekday (0 is Monday) from ``starts`` to ``ends``; an end that is not after the start is tomorrow's.

    With ``cycle_weeks`` above 1 the rule holds in the weeks numbered ``cycle_week`` (0 first) of a cycle that begins in
    the week of the Monday ``anchor``: alternate weeks counted by ISO numbers flip in years of 53 weeks.
    """

    id: int
    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_until: date | None = None  # last day included
    cycle_weeks: int = 1
    cycle_week: int = 0
    anchor: date | None = None
    school_days: SchoolDays = SchoolDays.ANY
    service_type_ids: frozenset[int] | None = None  # None is all
    channels: Mapping[Channel, ChannelRule] | None = None  # None is all, without limit; a channel left out is closed
    kind: OpeningKind = OpeningKind.NORMAL
    release: Release | None = None  # None: what is kept stays kept

    @property
    def is_plain(self) -> bool:
        """Whether it is open every week of every year, to everybody and for everything."""
        return self == OpeningRule(id=self.id, weekday=self.weekday, starts=self.starts, ends=self.ends)

    @property
    def is_alike_every_day(self) -> bool:
        """Whether on each day it opens it is for the same: kept for nothing, no channel with a share of the day."""
        return self.kind is OpeningKind.NORMAL and all(one.quota is None for one in (self.channels or {}).values())

    def is_in_force(self, day: date) -> bool:
        """Whether the rule opens this day, the school's year left aside."""
        if self.weekday != day.weekday():
            return False
        if (self.valid_from is not None and day < self.valid_from) or (
            self.valid_until is not None and day > self.valid_until
        ):
            return False
        if self.cycle_weeks == 1:
            return True
        assert self.anchor is not None, "a cycle begins somewhere"
        monday = day - timedelta(days=day.weekday())
        return ((monday - self.anchor).days // 7) % self.cycle_weeks == self.cycle_week

    def next_days(self, day: date, count: int = 2) -> list[date]:
        """The first days from ``day`` on that it opens, at most ``count``: what an editor shows beside a cycle."""
        found: list[date] = []
        looked = day + timedelta(days=(self.weekday - day.weekday()) % 7)
        if self.valid_from is not None and looked < self.valid_from:
            looked += -(-(self.valid_from - looked).days // 7) * WEEK
        for _week in range(count * self.cycle_weeks):
            if self.is_in_force(looked):
                found.append(looked)
            if len(found) == count:
                break
            looked += WEEK
        return found


class ExceptionKind(StrEnum):
    """What an exception does to the days it covers."""

    CLOSED = "closed"  # nothing is open, or not in these hours
    OPEN = "open"  # these hours are open as well
    REPLACED = "replaced"  # the week's rules do not count; these hours do, if any


@dataclass(frozen=True, slots=True, kw_only=True)
class DayException:
    """Something else than the usual week on the days from ``first_day`` to ``last_day``, both included.

    Without hours it is about the whole day. An end that is not after the start is tomorrow's.
    """

    kind: ExceptionKind
    first_day: date
    last_day: date
    starts: time | None = None
    ends: time | None = None
    reason: str = ""

    def covers(self, day: date) -> bool:
        """Whether this day is one of its."""
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Opened:
    """One stretch in which an agenda is open, UTC seconds. ``rule`` is None where an exception opens it, for all."""

    begin: int
    end: int
    day: date
    rule: OpeningRule | None
    anchor: int  # where starts are counted from, also where a closing cut off the beginning


@dataclass(frozen=True, slots=True)
class AgendaRules:
    """All that says when one schedule is open. ``holidays`` are days closed by law that this practitioner keeps."""

    zone: str
    openings: Sequence[OpeningRule]
    exceptions: Sequence[DayException] = ()
    holidays: frozenset[date] = frozenset()
    school_holidays: frozenset[date] = frozenset()

    def opens(self, rule: OpeningRule, day: date) -> bool:
        """Whether this rule opens this day, exceptions and public holidays left aside."""
        if not rule.is_in_force(day):
            return False
        if rule.school_days is SchoolDays.ANY:
            return True
        return (day in self.school_holidays) == (rule.school_days is SchoolDays.HOLIDAYS)


def opened_between(rules: AgendaRules, first_day: date, last_day: date) -> list[Opened]:
    """What is open on these days of the schedule's zone, both included, sorted by beginning.

    An opening that passes midnight belongs to the day on which it begins: the one of the day before ``first_day`` is
    there too. A holiday takes the openings that begin on it. An exception that closes takes the hours of the wall that
    it names, whichever day's opening they belong to, and wins over everything; one that opens wins over a holiday.
    """
    stretches = stretches_of(first_day - timedelta(days=1), last_day + timedelta(days=1), rules.zone)
    by_weekday: list[list[OpeningRule]] = [[] for _ in range(7)]
    for rule in rules.openings:
        by_weekday[rule.weekday].append(rule)
    exceptions = [one for one in rules.exceptions if one.first_day <= last_day and one.last_day >= _before(first_day)]
    found: list[Opened] = []
    for day in _days(_before(first_day), last_day):
        special = [one for one in exceptions if one.covers(day)]
        is_replaced = any(one.kind is ExceptionKind.REPLACED for one in special)
        if not is_replaced and day not in rules.holidays:
            for rule in by_weekday[day.weekday()]:
                if rules.opens(rule, day):
                    found += _opened(day, rule.starts, rule.ends, rule, stretches)
        for one in special:
            if one.kind is not ExceptionKind.CLOSED and one.starts is not None and one.ends is not None:
                found += _opened(day, one.starts, one.ends, None, stretches)
    closed = closed_between(rules, first_day, last_day)
    if closed:
        found = [
            Opened(begin, end, one.day, one.rule, one.anchor)
            for one in found
            for begin, end in subtract([(one.begin, one.end)], closed)
        ]
    return sorted(found, key=lambda one: (one.begin, one.end))


def closed_between(rules: AgendaRules, first_day: date, last_day: date) -> list[Interval]:
    """What exceptions close on these days and the ones beside them, sorted and joined."""
    closing = [one for one in rules.exceptions if one.kind is ExceptionKind.CLOSED and one.first_day <= last_day + WEEK]
    if not closing:
        return []
    stretches = stretches_of(first_day - WEEK, last_day + WEEK, rules.zone)
    found: list[Interval] = []
    for one in closing:
        first, last = max(one.first_day, _before(first_day)), min(one.last_day, last_day + timedelta(days=1))
        for day in _days(first, last):
            begin, end = wall_span(day, one.starts or time(), one.ends or time())
            found += intervals_between(begin, end, stretches)
    return join(found)


def wall_span(day: date, starts: time, ends: time) -> tuple[int, int]:
    """From start to end in ``wall_seconds``; an end that is not after the start is the next day's."""
    begin = wall_seconds(datetime.combine(day, starts))
    end_day = day if ends > starts else day + timedelta(days=1)
    return begin, wall_seconds(datetime.combine(end_day, ends))


def _opened(
    day: date, starts: time, ends: time, rule: OpeningRule | None, stretches: Sequence[Stretch]
) -> Iterator[Opened]:
    begin, end = wall_span(day, starts, ends)
    for first, last in intervals_between(begin, end, stretches):
        yield Opened(first, last, day, rule, -(-first // GRID) * GRID)


def _days(first: date, last: date) -> Iterable[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _before(day: date) -> date:
    return day - timedelta(days=1)
