"""What somebody looks at in the wide agenda, as an address says it: ids, days and times only, never a person."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode


class View(StrEnum):
    """How much is seen at once."""

    DAY = "day"  # one practitioner's day
    WEEK = "week"  # from Monday to Friday, or Sunday, of one practitioner or of all
    TEAM = "team"  # one day of everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class WideAsked:
    """None lets the page choose. ``start`` in UTC seconds is a chosen time, with the practitioner ``with_id``."""

    practice_id: int | None = None
    view: View = View.WEEK
    day: date | None = None
    practitioner_id: int | None = None  # whose agenda; None is everybody's
    type_id: int | None = None
    start: int | None = None
    with_id: int | None = None
    wall: datetime | None = None  # an hour that was typed, as the practitioner's wall clock shows it
    move_id: int | None = None  # an appointment that is given the chosen time
    swap_id: int | None = None  # an appointment that changes places with ``other_id``
    other_id: int | None = None

    def but(self, **changes: Any) -> "WideAsked":
        """The same, changed."""
        return replace(self, **changes)

    @property
    def query(self) -> str:
        """As the query string of an address."""
        named = {
            "practice": self.practice_id,
            "view": self.view.value,
            "day": self.day,
            "practitioner": self.practitioner_id,
            "type": self.type_id,
            "start": self.start,
            "with": self.with_id,
            "wall": None if self.wall is None else self.wall.isoformat(timespec="minutes"),
            "move": self.move_id,
            "swap": self.swap_id,
            "other": self.other_id,
        }
        return "?" + urlencode({name: value for name, value in named.items() if value is not None})

    @property
    def plain(self) -> "WideAsked":
        """The same place, with nothing chosen and nothing about to be done."""
        return self.but(start=None, with_id=None, wall=None, move_id=None, swap_id=None, other_id=None)
