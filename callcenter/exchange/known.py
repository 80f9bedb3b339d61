"""What an import knows while it goes through the files: who, when, which practices, and what was refused so far."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.setup import WeeklyHours, read_time
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.directory.models import Patient, Practice
from callcenter.exchange.reading import Row


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Refers(Exception):
    """The row refers to one that was refused; that one's sentence is enough."""


@dataclass(slots=True)
class Known:
    """Who imports and when, the practices by code, and the rows refused so far."""

    at: datetime
    staff_id: int | None
    practices: dict[str, Practice]
    refused: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    patients: dict[int, dict[str, Patient]] = field(default_factory=dict)
    countries: Set[str] = CALL_COUNTRIES  # ISO 3166, whose numbers may be called

    def practice(self, row: Row) -> Practice:
        """The practice a row belongs to. Raises ``Invalid``, or ``Refers`` when its own line was refused."""
        code = row["practice"]
        if ("practices", (code,)) in self.refused:
            raise Refers
        if code not in self.practices:
            raise Invalid(N_("There is no practice with the code %(code)s."), field="practice", code=code)
        return self.practices[code]

    def read_hours(self, row: Row) -> WeeklyHours:
        """The hours of one line; Monday is 1. Raises ``Invalid``."""
        weekday = row["weekday"]
        if weekday not in {"1", "2", "3", "4", "5", "6", "7"}:
            raise Invalid(N_("The weekday is a number from 1 (Monday) to 7 (Sunday)."), field="weekday")
        starts, ends = read_time(row["starts"], field="starts"), read_time(row["ends"], field="ends")
        return WeeklyHours(int(weekday) - 1, starts, ends)


def known_of(session: Session, *, at: datetime, staff_id: int | None, countries: Set[str] = CALL_COUNTRIES) -> Known:
    """What the database holds before the import."""
    practices = {practice.code: practice for practice in session.scalars(select(Practice))}
    return Known(at, staff_id, practices, countries=countries)
