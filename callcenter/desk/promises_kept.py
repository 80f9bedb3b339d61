"""The share of promises kept, practice by practice: of all that was due in a period, what was done by its due time.

- A message is due at its deadline; kept when somebody took it, or was done with it, by then. Withdrawn ones do not
  count.
- A call-back is due fifteen minutes after it was opened (``LATE_AFTER``); kept when the caller was spoken with by
  then. One that could not be reached, or that a supervisor settled, was not kept.
- A task is due when it says; kept when it was done by then. Dropped ones do not count.

What is due later is not counted yet, not even when it is done already. Periods: today from midnight by the centre's
clock, the last seven and the last thirty times 24 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.desk.loop_rules import Promise, Share, period_starts, share_kept
from callcenter.desk.models import Task, TaskStatus
from callcenter.directory.models import Practice
from callcenter.dispatch.models import Acknowledgement, AcknowledgementKind, Message, MessageStatus
from callcenter.routing.callback_rules import LATE_AFTER
from callcenter.routing.models import Callback, CallbackStatus

_HAS_IT = (AcknowledgementKind.TAKEN, AcknowledgementKind.DONE)


@dataclass(frozen=True, slots=True)
class PracticeShares:
    """What one practice was promised and got."""

    practice_id: int
    practice_name: str
    today: Share
    week: Share
    month: Share


def promises_kept(session: Session, *, zone: ZoneInfo, at: datetime) -> list[PracticeShares]:
    """The shares of each practice to which anything was due within thirty days, by name. Four queries."""
    today, week, month = period_starts(at, zone)
    by_practice: dict[int, list[Promise]] = {}
    for one in _promises(session, since=min(today, month), until=at):
        by_practice.setdefault(one.practice_id, []).append(one)
    names = session.execute(
        select(Practice.id, Practice.name).where(Practice.id.in_(by_practice)).order_by(Practice.name, Practice.id)
    )
    return [
        PracticeShares(
            practice_id,
            name,
            today=share_kept(by_practice[practice_id], since=today, until=at),
            week=share_kept(by_practice[practice_id], since=week, until=at),
            month=share_kept(by_practice[practice_id], since=month, until=at),
        )
        for practice_id, name in names
    ]


def _promises(session: Session, *, since: datetime, until: datetime) -> Iterator[Promise]:
    messages = (
        select(Message.practice_id, Message.deadline_at, func.min(Acknowledgement.acknowledged_at))
        .outerjoin(Acknowledgement, (Acknowledgement.message_id == Message.id) & Acknowledgement.kind.in_(_HAS_IT))
        .where(Message.deadline_at.between(since, until), Message.status != MessageStatus.WITHDRAWN)
        .group_by(Message.id, Message.practice_id, Message.deadline_at)
    )
    for practice_id, due_at, has_it_at in session.execute(messages):
        yield Promise(practice_id, due_at, has_it_at)
    callbacks = select(Callback.practice_id, Callback.opened_at, Callback.status, Callback.closed_at).where(
        Callback.opened_at.between(since - LATE_AFTER, until - LATE_AFTER)
    )
    for practice_id, opened_at, status, closed_at in session.execute(callbacks):
        yield Promise(practice_id, opened_at + LATE_AFTER, closed_at if status == CallbackStatus.DONE else None)
    tasks = select(Task.practice_id, Task.due_at, Task.status, Task.closed_at).where(
        Task.due_at.between(since, until), Task.status != TaskStatus.DROPPED
    )
    for practice_id, due_at, ended, closed_at in session.execute(tasks):
        yield Promise(practice_id, due_at, closed_at if ended == TaskStatus.DONE else None)
