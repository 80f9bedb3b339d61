"""What a change of the rules does: the weeks that result, the next days of alternate openings, who would lie outside.

Pure: no database, no clock. What is shown is compared with what stood before, hour by hour.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.agenda.rules.opening_rules import AgendaRules, DayException, Opened, OpeningRule, opened_between
from callcenter.agenda.rules.wall_clock import Interval, join, subtract

WEEKS = 4
_FOR_EVER = 1 << 62
_A_YEAR = timedelta(days=366)


class Change(StrEnum):
    """What becomes of some hours."""

    STAYS = "stays"
    ADDED = "added"
    REMOVED = "removed"
    OTHERWISE = "otherwise"  # open as before, for others or for something else


@dataclass(frozen=True, slots=True)
class Piece:
    """Some hours of a day on its wall. ``rule`` is None where an exception opens them."""

    starts_at: datetime
    ends_at: datetime
    change: Change
    rule: OpeningRule | None


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One day: its hours, and what is special about it."""

    day: date
    pieces: tuple[Piece, ...]
    holiday: str  # its name, empty on other days and where it is not kept
    exceptions: tuple[DayException, ...]


@dataclass(frozen=True, slots=True)
class PreviewWeek:
    """One week from Monday to Sunday, with its number as ISO 8601 counts."""

    number: int
    days: tuple[PreviewDay, ...]


@dataclass(frozen=True, slots=True)
class NextDay:
    """A day on which an opening is due; ``closed_by`` says what closes it all the same, if anything."""

    day: date
    closed_by: str

    @property
    def week(self) -> int:
        """Its ISO week."""
        return self.day.isocalendar().week


@dataclass(frozen=True, slots=True)
class Alternate:
    """An opening that is not every week's, and the days on which it comes next."""

    rule: OpeningRule
    days: tuple[NextDay, ...]


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment that stands; UTC seconds."""

    appointment_id: int
    start: int
    end: int
    service_type_id: int


def preview_weeks(
    before: AgendaRules, after: AgendaRules, holiday_names: Mapping[date, str], *, first_day: date, weeks: int = WEEKS
) -> list[PreviewWeek]:
    """The weeks from the one of ``first_day`` on as they become, with what they were."""
    monday = first_day - timedelta(days=first_day.weekday())
    last_day = monday + timedelta(days=7 * weeks - 1)
    was, becomes = (_by_day(rules, monday, last_day) for rules in (before, after))
    zone = ZoneInfo(after.zone)
    days = []
    for offset in range(7 * weeks):
        day = monday + timedelta(days=offset)
        days.append(
            PreviewDay(
                day=day,
                pieces=tuple(_pieces(was[day], becomes[day], zone)),
                holiday=holiday_names.get(day, "") if day in after.holidays else "",
                exceptions=tuple(one for one in after.exceptions if one.covers(day)),
            )
        )
    return [
        PreviewWeek(days[first].day.isocalendar().week, tuple(days[first : first + 7]))
        for first in range(0, len(days), 7)
    ]


def first_change(before: AgendaRules, after: AgendaRules, *, since: date) -> date | None:
    """The first day within a year, from ``since`` on, that a change touches; None when there is none."""
    last_day = since + _A_YEAR
    was, becomes = (_by_day(rules, since, last_day) for rules in (before, after))
    touched = (day for day in {*was, *becomes} if day >= since and _told(was[day]) != _told(becomes[day]))
    return min(touched, default=None)


def alternates(
    rules: AgendaRules, holiday_names: Mapping[date, str], *, first_day: date, count: int = 2
) -> list[Alternate]:
    """Every opening that is not every week's, with its next days from ``first_day`` on; ended ones are left out."""
    found = []
    for rule in sorted(rules.openings, key=lambda one: (one.weekday, one.starts)):
        if rule.cycle_weeks == 1:
            continue
        days = [day for day in rule.next_days(first_day, 3 * count) if rules.opens(rule, day)][:count]
        if days:
            told = (NextDay(day, holiday_names.get(day, "") if day in rules.holidays else "") for day in days)
            found.append(Alternate(rule, tuple(told)))
    return found


def outside(rules: AgendaRules, booked: Sequence[Booked]) -> set[int]:
    """The appointments, by id, that lie outside of what is open for their type of visit."""
    if not booked:
        return set()
    zone = ZoneInfo(rules.zone)
    first = datetime.fromtimestamp(min(one.start for one in booked), zone).date()
    last = datetime.fromtimestamp(max(one.end for one in booked), zone).date()
    opened = opened_between(rules, first, last)
    room = {type_id: _room(opened, type_id) for type_id in {one.service_type_id for one in booked}}
    return {one.appointment_id for one in booked if not _lies_in(one, room[one.service_type_id])}


def orphaned(before: AgendaRules, after: AgendaRules, booked: Sequence[Booked]) -> set[int]:
    """The appointments, by id, that lie in what was open and no longer in what is."""
    return outside(after, booked) - outside(before, booked)


def with_opening(rules: AgendaRules, rule: OpeningRule) -> Sequence[OpeningRule]:
    """The openings once this one is added, or stands in the place of the one with its id."""
    if all(one.id != rule.id for one in rules.openings):
        return (*rules.openings, rule)
    return tuple(rule if one.id == rule.id else one for one in rules.openings)


def _by_day(rules: AgendaRules, first_day: date, last_day: date) -> defaultdict[date, list[Opened]]:
    found: defaultdict[date, list[Opened]] = defaultdict(list)
    for one in opened_between(rules, first_day, last_day):
        found[one.day].append(one)
    return found


def _pieces(was: Sequence[Opened], becomes: Sequence[Opened], zone: ZoneInfo) -> list[Piece]:
    open_before, open_after = _hours(was), _hours(becomes)
    found: list[Piece] = []

    def tell(interval: Interval, change: Change, rule: OpeningRule | None) -> None:
        starts_at, ends_at = (datetime.fromtimestamp(second, zone) for second in interval)
        found.append(Piece(starts_at, ends_at, change, rule))

    for one in becomes:
        whole = [(one.begin, one.end)]
        added = subtract(whole, open_before)
        for interval in added:
            tell(interval, Change.ADDED, one.rule)
        for interval in subtract(whole, added):
            is_same = any(
                each.begin < interval[1] and interval[0] < each.end and _conditions(each.rule) == _conditions(one.rule)
                for each in was
            )
            tell(interval, Change.STAYS if is_same else Change.OTHERWISE, one.rule)
    for one in was:
        for interval in subtract([(one.begin, one.end)], open_after):
            tell(interval, Change.REMOVED, one.rule)
    return sorted(found, key=lambda piece: (piece.starts_at, piece.ends_at))


def _hours(opened: Iterable[Opened]) -> list[Interval]:
    return join((one.begin, one.end) for one in opened)


def _told(opened: Iterable[Opened]) -> list[object]:
    return [(one.begin, one.end, _conditions(one.rule)) for one in opened]


def _conditions(rule: OpeningRule | None) -> object:
    """For whom and for what it is open."""
    return None if rule is None else (rule.service_type_ids, rule.channels, rule.kind, rule.release)


def _room(opened: Iterable[Opened], service_type_id: int) -> list[Interval]:
    def admits(rule: OpeningRule | None) -> bool:
        return rule is None or rule.service_type_ids is None or service_type_id in rule.service_type_ids

    return _hours(one for one in opened if admits(one.rule))


def _lies_in(one: Booked, intervals: Sequence[Interval]) -> bool:
    index = bisect_right(intervals, (one.start, _FOR_EVER))
    return bool(index) and intervals[index - 1][1] >= one.end
