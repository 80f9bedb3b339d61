"""From a wall clock to instants, for those who need one instant and not a stretch of them. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant_of(wall: datetime, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """The first (``fold`` 0) or last (1) instant at which a wall clock shows this; it never does: the jump over it."""
    found = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if fold and (found - _SECOND).astimezone(zone).replace(tzinfo=None, fold=0) > wall:
        # The hour begins again at this very time: all that comes before it has been already.
        return wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return found
    before, after = sorted(wall.replace(tzinfo=zone, fold=side).astimezone(UTC) for side in (0, 1))
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after.replace(microsecond=0)
