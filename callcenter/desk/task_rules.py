"""By when the desk owes what it took upon itself. Pure.

Instants are UTC; the end of a day is the practice's own.
"""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of


class TaskKind(StrEnum):
    """What somebody at the desk is to do."""

    TEXT = "text"  # read what the practitioner says
    BOOK_TODAY = "book_today"
    I_CALL = "i_call"  # the practitioner rings the patient: see that it was done
    TELL = "tell"
    PROMISE = "promise"  # what an operator promised a caller


class TaskStatus(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    DROPPED = "dropped"  # it serves no more


TELL_WITHIN = timedelta(minutes=30)
"""The patient waits for these words, and rings again if they do not come."""

READ_WITHIN = timedelta(minutes=30)
"""As soon: what the practitioner says may hold something for the patient."""

I_CALL_WITHIN = timedelta(hours=2)
"""A practitioner rings between two patients or after the surgery; later than that, somebody asks."""

BOOK_WITHIN = timedelta(hours=2)
"""Time enough to reach the patient, also late in the day."""

DAY_ENDS = time(18)
"""Later than that nobody can come any more today; also by when a promise of a day without an hour is kept."""

_LAST_MINUTE = time(23, 59)


def due_of_answer(kind: TaskKind, *, at: datetime, zone: str) -> datetime:
    """By when what a practitioner answered at ``at`` is to be done; a visit of today always on that very day."""
    if kind is not TaskKind.BOOK_TODAY:
        return at + {TaskKind.TELL: TELL_WITHIN, TaskKind.I_CALL: I_CALL_WITHIN}.get(kind, READ_WITHIN)
    there = ZoneInfo(zone)
    today = at.astimezone(there).date()
    evening = instant_of(datetime.combine(today, DAY_ENDS), there)
    last = instant_of(datetime.combine(today, _LAST_MINUTE), there)
    return max(at, min(last, max(evening, at + BOOK_WITHIN)))
