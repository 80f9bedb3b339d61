"""When a practitioner is told of a message, by the practitioner's own schedule. Pure; hours are the practice's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of
from callcenter.dispatch.rules.message_state import Urgency


class Timing(StrEnum):
    """When messages that are not urgent reach a practitioner."""

    NOW = "now"
    BETWEEN = "between"  # between two patients
    BATCH = "batch"  # together, at the hours that were agreed


@dataclass(frozen=True, slots=True)
class Schedule:
    """A practitioner's wishes. ``batch_at`` in the order of the day; quiet from one time until the other, perhaps over
    midnight, the end not included; both None: never quiet."""

    timing: Timing = Timing.NOW
    batch_at: Sequence[time] = (time(12), time(18))
    quiet_from: time | None = None
    quiet_until: time | None = None


def read_hours(kept: Sequence[str]) -> tuple[time, ...]:
    """Hours as they are kept (``12:00``), in the order of the day."""
    return tuple(sorted(time.fromisoformat(one) for one in kept))


def told_at(
    schedule: Schedule, *, urgency: Urgency, written_at: datetime, zone: str, free_at: datetime | None = None
) -> datetime:
    """The instant (UTC) at which the practitioner is told; an urgent message waits for nothing.

    ``free_at`` is when the patient who is with the practitioner leaves, None: nobody is. What would fall into the quiet
    hours comes at their end.
    """
    if urgency is Urgency.URGENT:
        return written_at
    place = ZoneInfo(zone)
    at = written_at
    if schedule.timing is Timing.BETWEEN and free_at is not None:
        at = max(at, free_at)
    elif schedule.timing is Timing.BATCH and schedule.batch_at:
        at = _next_batch(schedule, at, place)
    return _after_quiet(schedule, at, place)


def _next_batch(schedule: Schedule, at: datetime, place: ZoneInfo) -> datetime:
    """The first agreed hour from this instant on that is not quiet; all of them quiet, the first of all."""
    today = at.astimezone(place).date()
    hours = [one for one in sorted(schedule.batch_at) if not _quiet_at(schedule, one)] or sorted(schedule.batch_at)
    coming = (
        instant_of(datetime.combine(today + timedelta(days=days), hour), place) for days in range(3) for hour in hours
    )
    return next(one for one in coming if one >= at)


def _after_quiet(schedule: Schedule, at: datetime, place: ZoneInfo) -> datetime:
    local = at.astimezone(place)
    until = schedule.quiet_until
    if until is None or not _quiet_at(schedule, local.time()):
        return at
    day = local.date() if until > local.time() else local.date() + timedelta(days=1)
    return max(at, instant_of(datetime.combine(day, until), place))


def _quiet_at(schedule: Schedule, hour: time) -> bool:
    start, end = schedule.quiet_from, schedule.quiet_until
    if start is None or end is None or start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end
