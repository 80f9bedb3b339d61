"""Who is on call at an instant: rotations, and what was arranged otherwise on top. Pure.

Turns change at a wall-clock hour of the practice, so that a night of 23 or 25 hours is one night; everything else is
instants.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of

DAY = timedelta(days=1)


class ShiftSource(StrEnum):
    """Why somebody is on call."""

    ROTATION = "rotation"
    OVERRIDE = "override"  # set by hand for this time
    SWAP = "swap"  # two agreed to exchange
    IMPORTED = "imported"  # from a calendar that is kept elsewhere


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members take turns of so many days, from an anchor day on, changing at an hour of the practice's wall clock."""

    members: Sequence[int]
    starts_on: date
    turn_days: int
    changes_at: time
    zone: str
    ends_on: date | None = None  # the last day on which a turn may begin

    def turn_ends_at(self, begins_on: date) -> datetime:
        """When the turn that begins on this day is over."""
        return instant_of(datetime.combine(begins_on + self.turn_days * DAY, self.changes_at), ZoneInfo(self.zone))

    def may_still_run(self, at: datetime) -> bool:
        """Whether a turn of it runs at this instant or may begin later."""
        if self.ends_on is None:
            return True
        if self.ends_on < self.starts_on:
            return False
        last = (self.ends_on - self.starts_on).days // self.turn_days
        return self.turn_ends_at(self.starts_on + last * self.turn_days * DAY) > at


@dataclass(frozen=True, slots=True)
class Shift:
    """One stretch of being on call; ``practitioner_id`` None: arranged that nobody is."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int | None
    source: ShiftSource


@dataclass(frozen=True, slots=True)
class Gap:
    """A time for which nobody is on call."""

    starts_at: datetime
    ends_at: datetime


def roster(
    rotations: Sequence[Rotation], arranged: Sequence[Shift], *, starts_at: datetime, ends_at: datetime
) -> tuple[Shift, ...]:
    """Who is on call between two instants, stretch by stretch; times without anybody are left out, or have None.

    What was arranged stands above every rotation, the later in the sequence above the earlier; of several rotations the
    first counts.
    """
    layers = [*reversed(arranged), *(one for own in rotations for one in _turns(own, starts_at, ends_at))]
    layers = [one for one in layers if one.starts_at < ends_at and one.ends_at > starts_at]
    edges = {starts_at, ends_at}
    edges |= {edge for one in layers for edge in (one.starts_at, one.ends_at) if starts_at < edge < ends_at}
    stretches: list[Shift] = []
    before: Shift | None = None
    for begin, end in pairwise(sorted(edges)):
        on_top = next((one for one in layers if one.starts_at <= begin and one.ends_at >= end), None)
        if on_top is not None and on_top is before:
            # Only something beneath it begins or ends here: it is one stretch. Two turns of one person remain two.
            stretches[-1] = replace(stretches[-1], ends_at=end)
        elif on_top is not None:
            stretches.append(replace(on_top, starts_at=begin, ends_at=end))
        before = on_top
    return tuple(stretches)


@dataclass(frozen=True, slots=True)
class Difference:
    """A time for which somebody else is on call in one roster than in another; None: nobody is."""

    starts_at: datetime
    ends_at: datetime
    before: int | None
    after: int | None


def differences(
    before: Sequence[Shift], after: Sequence[Shift], *, starts_at: datetime, ends_at: datetime
) -> tuple[Difference, ...]:
    """Where two rosters of one time differ, in order."""
    edges = {starts_at, ends_at}
    edges |= {edge for one in (*before, *after) for edge in (one.starts_at, one.ends_at) if starts_at < edge < ends_at}
    found: list[Difference] = []
    for begin, end in pairwise(sorted(edges)):
        was, will_be = _whose(before, begin), _whose(after, begin)
        last = found[-1] if found else None
        if was == will_be:
            continue
        if last is not None and (last.ends_at, last.before, last.after) == (begin, was, will_be):
            found[-1] = replace(last, ends_at=end)
        else:
            found.append(Difference(begin, end, was, will_be))
    return tuple(found)


def is_theirs(shifts: Sequence[Shift], practitioner_id: int, *, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether all of this time is this practitioner's, in a roster that covers it."""
    own = [one for one in shifts if one.practitioner_id == practitioner_id]
    return not gaps(own, starts_at=starts_at, ends_at=ends_at)


def on_call_at(rotations: Sequence[Rotation], arranged: Sequence[Shift], at: datetime) -> Shift | None:
    """The shift of whoever is on call at this instant, a day before and after at most; None: nobody is."""
    for one in roster(rotations, arranged, starts_at=at - DAY, ends_at=at + DAY):
        if one.starts_at <= at < one.ends_at:
            return one if one.practitioner_id is not None else None
    return None


def gaps(shifts: Iterable[Shift], *, starts_at: datetime, ends_at: datetime) -> tuple[Gap, ...]:
    """The times between two instants for which these shifts, in order, have nobody."""
    found: list[Gap] = []
    covered_until = starts_at
    for one in shifts:
        if one.starts_at >= ends_at:
            break
        if one.practitioner_id is None:
            continue
        if one.starts_at > covered_until:
            found.append(Gap(covered_until, one.starts_at))
        covered_until = max(covered_until, one.ends_at)
    if covered_until < ends_at:
        found.append(Gap(covered_until, ends_at))
    return tuple(found)


def swapped(given: Shift, returned: Shift) -> tuple[Shift, Shift]:
    """What two who exchange these shifts have arranged, once both agreed."""
    return (
        replace(given, practitioner_id=returned.practitioner_id, source=ShiftSource.SWAP),
        replace(returned, practitioner_id=given.practitioner_id, source=ShiftSource.SWAP),
    )


def _turns(rotation: Rotation, starts_at: datetime, ends_at: datetime) -> Iterable[Shift]:
    if not rotation.members or rotation.turn_days < 1:
        return
    place = ZoneInfo(rotation.zone)
    # One turn earlier than the day says: at its first hours the turn of before still runs.
    first = (starts_at.astimezone(place).date() - rotation.starts_on).days // rotation.turn_days - 1
    nth = max(first, 0)
    while True:
        begins_on = rotation.starts_on + nth * rotation.turn_days * DAY
        begins_at = instant_of(datetime.combine(begins_on, rotation.changes_at), place)
        if begins_at >= ends_at or (rotation.ends_on is not None and begins_on > rotation.ends_on):
            return
        until = instant_of(datetime.combine(begins_on + rotation.turn_days * DAY, rotation.changes_at), place)
        yield Shift(begins_at, until, rotation.members[nth % len(rotation.members)], ShiftSource.ROTATION)
        nth += 1


def _whose(shifts: Sequence[Shift], at: datetime) -> int | None:
    return next((one.practitioner_id for one in shifts if one.starts_at <= at < one.ends_at), None)
