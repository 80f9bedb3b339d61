"""How long a caller will wait, and whether she is asked for a key before she does. Pure."""

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from callcenter.core.phone import read_caller, refusal_to_call
from callcenter.directory.line_entry import LineEntry
from callcenter.routing.callback_rules import is_decent

USUAL_HANDLING = timedelta(seconds=120)
"""What a conversation takes as long as the day has not shown it."""

_SHOWN_BY = 20  # conversations
_TRUE_FOR = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class QueueLook:
    """The queue and the floor at one instant."""

    at: datetime
    waiting: int  # callers whom nobody is asked to take yet
    on_duty: int  # operators who work: available, rung, on a call, or writing it down
    handling: timedelta = USUAL_HANDLING


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """She may press a key to be rung back; ``minutes`` is how long she would wait, None when nobody can tell."""

    minutes: int | None


def usual_handling(conversations: Sequence[timedelta]) -> timedelta:
    """The average of the day's conversations, once there are enough of them."""
    if len(conversations) < _SHOWN_BY:
        return USUAL_HANDLING
    return sum(conversations, timedelta()) / len(conversations)


def expected_wait(look: QueueLook) -> timedelta | None:
    """How long a caller waits who comes after those who wait; None while nobody is on duty."""
    return look.waiting * look.handling / look.on_duty if look.on_duty else None


def key_offer(
    look: QueueLook | None, entry: LineEntry, from_number: str | None, *, countries: Set[str], at: datetime
) -> KeyOffer | None:
    """The offer to a caller of this line who is not urgent, ``from_number`` as the carrier sent it; mostly None.

    None when her wait is short, when she cannot be rung back (number withheld, or one that is never called), at hours
    at which nobody is rung, and when the look is too old: the database is slow then, and knows of no promise either.
    """
    if not entry.callback_after or look is None or at - look.at > _TRUE_FOR:
        return None
    wait = expected_wait(look)
    if wait is not None and wait <= timedelta(seconds=entry.callback_after):
        return None
    number = read_caller(from_number)
    if number is None or refusal_to_call(number, countries=countries) or not is_decent(at, entry.zone):
        return None
    return KeyOffer(None if wait is None else math.ceil(wait / timedelta(minutes=1)))
