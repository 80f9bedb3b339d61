"""When a caller is rung back, how often, and when that is late. Pure."""

from collections.abc import Set
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from callcenter.core.phone import is_mobile, refusal_to_call

LOST_AFTER = timedelta(seconds=5)
"""Whoever hangs up sooner mostly dialled wrong, and is owed nothing."""

LINK_AFTER = timedelta(seconds=60)
"""Whoever waits on the line for so long is sent the address by which she asks to be rung back."""

LATE_AFTER = timedelta(minutes=15)
"""A call-back owed for so long is late."""

MOST_TRIES = 3
BETWEEN_TRIES = timedelta(minutes=10)
_ASKED_FOR = timedelta(hours=1)
_DECENT_FROM, _DECENT_UNTIL = time(8), time(20)


def is_owed(*, joined_at: datetime, left_at: datetime) -> bool:
    """Whether a caller who waited from the one instant to the other, in vain, is owed a call."""
    return left_at - joined_at > LOST_AFTER


def is_decent(at: datetime, zone: str) -> bool:
    """Whether people are rung up at this instant, by the clocks of their practice: from 8 to 20 h."""
    return _DECENT_FROM <= at.astimezone(ZoneInfo(zone)).time() < _DECENT_UNTIL


def may_be_rung(at: datetime, zone: str, *, asked_at: datetime | None, urgent: bool) -> bool:
    """Whether a caller may be rung now: by day, within the hour in which she asked for it, always in an emergency."""
    return urgent or is_decent(at, zone) or (asked_at is not None and at - asked_at < _ASKED_FOR)


def may_be_sent_link(number: str | None, *, zone: str, countries: Set[str], at: datetime) -> bool:
    """Whether a text with that address is sent to this caller (E.164): she has it in hand, and can be rung back.

    Not to a landline, not to a number that this product never calls, not at night.
    """
    return (
        number is not None
        and is_mobile(number)
        and not refusal_to_call(number, countries=countries)
        and is_decent(at, zone)
    )


def next_try(attempts: int, *, at: datetime) -> datetime | None:
    """When to ring again after that many tries that nobody answered; None when it has been often enough."""
    return None if attempts >= MOST_TRIES else at + BETWEEN_TRIES
