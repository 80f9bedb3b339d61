"""Wall-clock time of a place and instants in UTC seconds, both ways, also on days of 23 and 25 hours.

Pure: no database, no clock. A zone is an IANA name. What the spring change skips does not exist and gives nothing; what
the autumn change repeats exists twice and gives both passes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Interval = tuple[int, int]  # [from, until), UTC seconds since 1970
Stretch = tuple[int, int, int]  # from, until, seconds that its wall clock is ahead of UTC

DAY = 24 * 3600
_MARGIN = 15 * 3600  # offsets reach from -12 to +14 hours


def wall_seconds(wall: datetime | date) -> int:
    """Wall-clock time on a scale of its own: the seconds since 1970 as if it were UTC."""
    naive = wall if isinstance(wall, datetime) else datetime.combine(wall, time())
    return int(naive.replace(tzinfo=UTC).timestamp())


def intervals_between(begin: int, end: int, stretches: Iterable[Stretch]) -> list[Interval]:
    """The instants whose wall-clock time lies in [begin, end), both as ``wall_seconds``; sorted and joined."""
    found = []
    for first, last, offset in stretches:
        piece = (max(begin - offset, first), min(end - offset, last))
        if piece[0] < piece[1]:
            found.append(piece)
    return found if len(found) < 2 else join(found)


def instants_of(wall: datetime, zone: str) -> tuple[int, ...]:
    """The instants at which a clock in ``zone`` shows this: one, or two on the autumn night, or none in the spring."""
    second = wall_seconds(wall)
    return tuple(
        second - offset
        for begin, end, offset in stretches_of(wall.date(), wall.date(), zone)
        if begin <= second - offset < end
    )


@lru_cache(maxsize=4096)
def wall_day(day: date, zone: str) -> Interval:
    """From the first instant that is called this day in ``zone`` to the first that is called the next."""
    begin = wall_seconds(day)
    pieces = intervals_between(begin, begin + DAY, stretches_of(day, day, zone))
    return pieces[0][0], pieces[-1][1]


def stretches_of(first_day: date, last_day: date, zone: str) -> Sequence[Stretch]:
    """Stretches of constant offset that cover every instant called one of these days, both included, in ``zone``."""
    begin, end = wall_seconds(first_day) - _MARGIN, wall_seconds(last_day) + DAY + _MARGIN
    years = range(first_day.year - 1, last_day.year + 2)
    found: list[Stretch] = []
    for year in years:
        for first, last, offset in _stretches_of_year(year, zone):
            first, last = max(first, begin), min(last, end)
            if first >= last:
                continue
            if found and found[-1][2] == offset:
                found[-1] = (found[-1][0], last, offset)
            else:
                found.append((first, last, offset))
    return found


def join(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted, with those that touch or overlap made one."""
    joined: list[Interval] = []
    for begin, end in sorted(intervals):
        if joined and begin <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def subtract(from_: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """What of the one lies in none of the other; both sorted and joined, as is the result."""
    left: list[Interval] = []
    index = 0
    for begin, end in from_:
        while index and taken[index - 1][1] > begin:
            index -= 1
        while index < len(taken) and taken[index][1] <= begin:
            index += 1
        cursor = begin
        while index < len(taken) and taken[index][0] < end:
            if taken[index][0] > cursor:
                left.append((cursor, taken[index][0]))
            cursor = max(cursor, taken[index][1])
            index += 1
        if cursor < end:
            left.append((cursor, end))
    return left


@lru_cache(maxsize=2048)
def _stretches_of_year(year: int, zone: str) -> tuple[Stretch, ...]:
    """The year in UTC, cut where the offset changes; looked at every twelve hours, then halved down to the second."""
    place = _place(zone)
    begin = wall_seconds(date(year, 1, 1))
    end = wall_seconds(date(year + 1, 1, 1))
    found: list[Stretch] = []
    since, offset = begin, _offset(begin, place)
    for look in range(begin + DAY // 2, end + 1, DAY // 2):
        now = _offset(look, place)
        if now == offset:
            continue
        low, high = look - DAY // 2, look
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(middle, place) == offset else (low, middle)
        found.append((since, high, offset))
        since, offset = high, now
    if since < end:
        found.append((since, end, offset))
    return tuple(found)


@lru_cache(maxsize=256)
def _place(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


def _offset(instant: int, place: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(instant, place).utcoffset()
    assert offset is not None
    return int(offset / timedelta(seconds=1))
