"""When a caller is rung back, how often, and when that is late. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

LOST_AFTER = timedelta(seconds=5)
"""Whoever hangs up sooner mostly dialled wrong, and is owed nothing."""

LATE_AFTER = timedelta(minutes=15)
MOST_TRIES = 3
BETWEEN_TRIES = timedelta(minutes=10)
_ASKED_FOR = timedelta(hours=1)
_DECENT_FROM, _DECENT_UNTIL = time(8), time(20)


def is_owed(*, joined_at: datetime, left_at: datetime) -> bool:
    """Whether a caller who waited from the one instant to the other, in vain, is owed a call."""
    return left_at - joined_at > LOST_AFTER


def is_late(opened_at: datetime, *, at: datetime) -> bool:
    """Whether a call-back owed since then is late."""
    return at - opened_at >= LATE_AFTER


def is_decent(at: datetime, zone: str) -> bool:
    """Whether people are rung up at this instant, by the clocks of their practice: from 8 to 20 h."""
    return _DECENT_FROM <= at.astimezone(ZoneInfo(zone)).time() < _DECENT_UNTIL


def may_be_rung(at: datetime, zone: str, *, asked_at: datetime | None) -> bool:
    """Whether a caller may be rung now: by day, or within the hour in which she asked for it."""
    return is_decent(at, zone) or (asked_at is not None and at - asked_at < _ASKED_FOR)


def next_try(attempts: int, *, at: datetime) -> datetime | None:
    """When to ring again after that many tries that nobody answered; None when it has been often enough."""
    return None if attempts >= MOST_TRIES else at + BETWEEN_TRIES
