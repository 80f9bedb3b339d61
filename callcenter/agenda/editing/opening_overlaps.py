"""Whether two openings of a schedule are open at the same hours for the same visits. Pure: no database, no clock."""

from collections.abc import Iterable
from datetime import date, timedelta
from math import lcm

from callcenter.agenda.rules.opening_rules import WEEK, Channel, OpeningRule, SchoolDays, wall_span

_SOME_MONDAY = date(2024, 1, 1)
_LONG_AGO = date(2000, 1, 3)


def first_overlap(rule: OpeningRule, others: Iterable[OpeningRule], *, since: date) -> tuple[OpeningRule, date] | None:
    """Another rule that is open at hours of this one, and the first day of this one, from ``since`` on, when it is.

    Rules for other visits or other channels do not count: each visit still has one opening.
    """
    for other in others:
        if other.id == rule.id or not _share_visits(rule, other):
            continue
        day = _first_day(rule, other, since)
        if day is not None:
            return other, day
    return None


def _share_visits(one: OpeningRule, other: OpeningRule) -> bool:
    if {one.school_days, other.school_days} == {SchoolDays.TERM, SchoolDays.HOLIDAYS}:
        return False
    if set(one.channels or Channel).isdisjoint(other.channels or Channel):
        return False
    types = one.service_type_ids, other.service_type_ids
    return types[0] is None or types[1] is None or not types[0].isdisjoint(types[1])


def _first_day(rule: OpeningRule, other: OpeningRule, since: date) -> date | None:
    """The first day on which both are in force; the other may begin the evening before, or the morning after."""
    apart = [days for days in (-1, 0, 1) if _meet(rule, other, days)]
    if not apart:
        return None
    begin = max(since, rule.valid_from or _LONG_AGO, (other.valid_from or _LONG_AGO) - timedelta(days=1))
    day = begin + timedelta(days=(rule.weekday - begin.weekday()) % 7)
    for _week in range(lcm(rule.cycle_weeks, other.cycle_weeks) + 1):
        if rule.is_in_force(day) and any(other.is_in_force(day + timedelta(days=days)) for days in apart):
            return day
        day += WEEK
    return None


def _meet(rule: OpeningRule, other: OpeningRule, days: int) -> bool:
    """Whether their hours overlap when the other's day is so many days after this one's."""
    if other.weekday != (rule.weekday + days) % 7:
        return False
    begin, end = wall_span(_SOME_MONDAY, rule.starts, rule.ends)
    other_begin, other_end = wall_span(_SOME_MONDAY + timedelta(days=days), other.starts, other.ends)
    return begin < other_end and other_begin < end
