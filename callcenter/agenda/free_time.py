"""Free time, computed: weekly hours in wall-clock time, minus what is occupied, in UTC seconds.

The finder and the booker both come here, so that what is offered is what can be booked. Pure: no database, no clock.

How starts are proposed: in each free gap the first start is the gap's beginning, moved up to the next five minutes; the
others follow, one duration apart, as long as the visit still fits. What lies before ``at`` is left out afterwards, so
that the proposals do not slide while the morning passes. The booker accepts any five-minute start that fits: a booking
next door moves the proposals, and a time that was shown and is still free must not be refused for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

GRID = 5 * 60  # seconds: what people can say and remember

Interval = tuple[int, int]  # [from, until), UTC seconds since 1970


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Open on this weekday (0 is Monday) from ``starts`` to ``ends``, wall-clock, on the days from..until included."""

    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_until: date | None = None

    def is_in_force(self, day: date) -> bool:
        """Whether the rule says something about this day."""
        return (
            self.weekday == day.weekday()
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )


def open_intervals(hours: Iterable[WeeklyHours], *, zone: str, first_day: date, last_day: date) -> list[Interval]:
    """When the agenda is open between two days of ``zone``, both included; sorted, what touches is joined."""
    rules = tuple(hours)
    found: list[Interval] = []
    for offset in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        for rule in rules:
            if rule.is_in_force(day):
                found += wall_intervals(day, rule.starts, rule.ends, zone=zone)
    return join(found)


def wall_intervals(day: date, starts: time, ends: time, *, zone: str) -> list[Interval]:
    """The instants of ``day`` whose wall-clock time in ``zone`` lies in [starts, ends).

    A time that the spring change skips gives nothing; one that the autumn change repeats gives both passes.
    """
    seconds_from = _seconds(datetime.combine(day, starts))
    seconds_until = _seconds(datetime.combine(day, ends))
    found = []
    for begin, end, offset in _offsets_around(day, zone):
        piece = (max(seconds_from - offset, begin), min(seconds_until - offset, end))
        if piece[0] < piece[1]:
            found.append(piece)
    return join(found)


def free_gaps(open_: Sequence[Interval], busy: Iterable[Interval]) -> list[Interval]:
    """What is open and not occupied, sorted."""
    taken = join(busy)
    gaps: list[Interval] = []
    for begin, end in open_:
        cursor = begin
        for busy_from, busy_until in taken:
            if busy_until <= cursor:
                continue
            if busy_from >= end:
                break
            if busy_from > cursor:
                gaps.append((cursor, busy_from))
            cursor = max(cursor, busy_until)
        if cursor < end:
            gaps.append((cursor, end))
    return gaps


def free_starts(open_: Sequence[Interval], busy: Iterable[Interval], *, duration: int, at: int) -> list[int]:
    """The starts to propose for a visit of ``duration`` seconds, none before ``at``; UTC seconds, sorted."""
    starts: list[int] = []
    for begin, end in free_gaps(open_, busy):
        first = -(-begin // GRID) * GRID
        starts += [start for start in range(first, end - duration + 1, duration) if start >= at]
    return starts


def fits(open_: Sequence[Interval], busy: Iterable[Interval], *, start: int, duration: int) -> bool:
    """Whether a visit of ``duration`` seconds may begin at ``start``: on the grid, wholly open, wholly free."""
    return start % GRID == 0 and any(
        begin <= start and start + duration <= end for begin, end in free_gaps(open_, busy)
    )


def join(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted, with those that touch or overlap made one."""
    joined: list[Interval] = []
    for begin, end in sorted(intervals):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


@lru_cache(maxsize=4096)
def _offsets_around(day: date, zone: str) -> tuple[tuple[int, int, int], ...]:
    """Stretches of constant UTC offset that cover every instant called ``day`` in ``zone``: from, until, offset.

    Offsets reach from -12 to +14 hours, so a margin of 15 hours on both sides covers the day in any zone. Two changes
    within that window do not occur in the time zone database.
    """
    place = ZoneInfo(zone)
    midnight = _seconds(datetime.combine(day, time()))
    begin, end = midnight - 15 * 3600, midnight + 39 * 3600
    before, after = _offset(begin, place), _offset(end, place)
    if before == after:
        return ((begin, end, before),)
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, place) == before else (low, middle)
    return ((begin, high, before), (high, end, after))


def _offset(instant: int, place: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(instant, place).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _seconds(wall: datetime) -> int:
    """Wall-clock time as if it were UTC."""
    return int(wall.replace(tzinfo=UTC).timestamp())
