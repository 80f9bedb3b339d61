"""Callers who are owed a call: those who hung up after waiting, and those who asked to be rung back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from callcenter.routing.models import Callback, CallbackStatus

LATE_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CallbacksOwed:
    """How many callers are owed a call, how many of them for more than 15 minutes, and since when the first is."""

    count: int
    late: int
    oldest_at: datetime | None


def callbacks_owed(session: Session, *, at: datetime) -> CallbacksOwed:
    """The call-backs owed now, those that are being rung included. Counts what the session may see."""
    late = func.coalesce(func.sum(case((Callback.opened_at <= at - LATE_AFTER, 1), else_=0)), 0)
    row = session.execute(
        select(func.count(Callback.id), late, func.min(Callback.opened_at)).where(
            Callback.status.in_([CallbackStatus.OPEN, CallbackStatus.TAKEN])
        )
    ).one()
    return CallbacksOwed(*row)
