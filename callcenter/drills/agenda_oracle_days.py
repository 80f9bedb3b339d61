"""What opens and closes an agenda at a minute that the wall shows, and how the two databases spell days and hours.

Days closed by law and school holidays stand here as a list: nothing of this asks the product.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Opens = tuple[str, int, date]  # a rule or an exception, its id, the day it opens

# France, and zone B (Nantes), as the ministry prints them.
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        "2026-01-01 2026-04-06 2026-05-01 2026-05-08 2026-05-14 2026-05-25 2026-07-14 2026-08-15 2026-11-01 2026-11-11 "
        "2026-12-25 2027-01-01"
    ).split()
)
SCHOOL_HOLIDAYS = tuple(
    (date.fromisoformat(first), date.fromisoformat(last))
    for first, last in (("2026-10-17", "2026-11-01"), ("2026-12-19", "2027-01-03"), ("2026-04-11", "2026-04-26"))
)


def openings_at(shown: datetime, rules: Sequence[Row], special: Sequence[Row], keeps_holidays: bool) -> Iterator[Opens]:
    for day in (shown.date(), shown.date() - timedelta(days=1)):
        covering = [one for one in special if as_day(one["first_on"]) <= day <= as_day(one["last_on"])]
        if not any(one["kind"] == "replaced" for one in covering) and not (keeps_holidays and day in HOLIDAYS):
            for rule in rules:
                if _rules_the_day(rule, day) and _between(day, as_time(rule["starts"]), as_time(rule["ends"]), shown):
                    yield "opening", rule["id"], day
        for one in covering:
            hours = one["kind"] != "closed" and one["starts"] is not None
            if hours and _between(day, as_time(one["starts"]), as_time(one["ends"]), shown):
                yield "exception", one["id"], day


def _rules_the_day(rule: Row, day: date) -> bool:
    if day.weekday() != rule["weekday"]:
        return False
    if rule["valid_from"] is not None and day < as_day(rule["valid_from"]):
        return False
    if rule["valid_until"] is not None and day > as_day(rule["valid_until"]):
        return False
    if rule["school_days"] != "any":
        is_holiday = any(first <= day <= last for first, last in SCHOOL_HOLIDAYS)
        if is_holiday is not (rule["school_days"] == "holidays"):
            return False
    if rule["cycle_weeks"] == 1:
        return True
    monday, week = as_day(rule["anchor_on"]), 0
    while monday + timedelta(days=6) < day:
        monday, week = monday + timedelta(days=7), (week + 1) % rule["cycle_weeks"]
    while monday > day:
        monday, week = monday - timedelta(days=7), (week - 1) % rule["cycle_weeks"]
    return bool(week == rule["cycle_week"])


def closes(one: Row, shown: datetime) -> bool:
    if one["kind"] != "closed":
        return False
    starts = time() if one["starts"] is None else as_time(one["starts"])
    ends = time() if one["ends"] is None else as_time(one["ends"])
    return any(
        as_day(one["first_on"]) <= day <= as_day(one["last_on"]) and _between(day, starts, ends, shown)
        for day in (shown.date(), shown.date() - timedelta(days=1))
    )


def _between(day: date, starts: time, ends: time, shown: datetime) -> bool:
    begin, end = datetime.combine(day, starts), datetime.combine(day, ends)
    return begin <= shown < (end if end > begin else end + timedelta(days=1))


@lru_cache(maxsize=10_000)
def as_day(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


@lru_cache(maxsize=10_000)
def as_time(value: Any) -> time:
    return time.fromisoformat(str(value)[:8])


def as_seconds(value: Any) -> int:
    """SQLite keeps an instant as a text in UTC."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return int((read.replace(tzinfo=ZoneInfo("UTC")) if read.tzinfo is None else read).timestamp())
