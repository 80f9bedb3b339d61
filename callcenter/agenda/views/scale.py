"""The scale that columns of an agenda share: rows of five minutes, long pauses folded, the hours of a changing clock.

On the autumn night an hour has two passes, and each has its rows; in the spring an hour is missing from one column.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from callcenter.agenda.rules.wall_clock import DAY, stretches_of, wall_seconds

STEP = 5  # minutes a row
_MIDNIGHT = 24 * 60

Minutes = tuple[int, int]  # [from, until) on the wall, counted from midnight


@dataclass(frozen=True, slots=True)
class ClockChange:
    """What happens to a day's wall clock: these minutes are ``repeated`` in the autumn, or missing in the spring."""

    minutes: Minutes
    is_repeated: bool


def clock_change(day: date, zone: str) -> ClockChange | None:
    """How the clocks of ``zone`` change on this day, if they do."""
    midnight = wall_seconds(day)
    stretches = stretches_of(day, day, zone)
    for (_, until, before), (_, _, after) in pairwise(stretches):
        begin, end = sorted((until + before - midnight, until + after - midnight))
        if 0 <= begin < DAY:
            return ClockChange((begin // 60, end // 60), is_repeated=after < before)
    return None


@dataclass(frozen=True, slots=True)
class Axis:
    """Minutes from midnight along a day, on which a repeated hour has a place for each of its passes."""

    repeated: Minutes | None = None

    def of(self, moment: datetime, day: date) -> int:
        """Where this wall-clock time of ``day`` stands; before the day is 0, after it the end of the day."""
        if moment.date() != day:
            return 0 if moment.date() < day else self.length
        minute = moment.hour * 60 + moment.minute
        if self.repeated is None:
            return minute
        begin, end = self.repeated
        return minute + (end - begin if minute >= end or (minute >= begin and moment.fold) else 0)

    @property
    def length(self) -> int:
        """The end of the day."""
        return _MIDNIGHT + (0 if self.repeated is None else self.repeated[1] - self.repeated[0])

    def wall(self, minute: int) -> tuple[int, bool]:
        """What a clock shows there, as minutes from midnight, and whether it is the second pass of that hour."""
        if self.repeated is None or minute < self.repeated[1]:
            return minute, False
        begin, end = self.repeated
        return minute - (end - begin), minute < end + (end - begin)

    @property
    def second_pass(self) -> Minutes | None:
        """The place of the second pass, which days without a change do not have."""
        if self.repeated is None:
            return None
        begin, end = self.repeated
        return end, end + (end - begin)


@dataclass(slots=True)
class Scale:
    """Minutes of the axis to rows, counted from 1."""

    stretches: Sequence[Minutes]  # shown to scale; what lies between is a folded row
    first_rows: list[int] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)
    rows: int = 0

    def __post_init__(self) -> None:
        for index, (begin, end) in enumerate(self.stretches):
            if index:
                self.rows += 1
                self.folds.append(self.rows)
            self.first_rows.append(self.rows + 1)
            self.rows += (end - begin) // STEP

    def row(self, minute: int) -> int:
        """The row in which a minute begins; inside a fold, the row after it."""
        for (begin, end), first in zip(self.stretches, self.first_rows, strict=True):
            if minute < begin:
                return first
            if minute < end:
                return first + (minute - begin) // STEP
        return self.rows + 1

    def holds(self, minute: int) -> bool:
        """Whether it lies between the first row and the last."""
        return self.stretches[0][0] <= minute < self.stretches[-1][1]

    def rows_of(self, stretches: Iterable[Minutes]) -> set[int]:
        """The rows that these minutes fill."""
        return {row for begin, end in stretches for row in range(self.row(begin), self.row(end))}

    @property
    def tracks(self) -> str:
        """CSS ``grid-template-rows``: rows of equal height, folds of their own."""
        parts = [f"repeat({(end - begin) // STEP}, minmax(0, 1fr))" for begin, end in self.stretches]
        return " 1.1rem ".join(parts)
