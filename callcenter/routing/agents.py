"""An operator's status, moved by compare-and-set: two moves at once cannot both win."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Update, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.scope import Centre, CentreReason, scope_of, set_scope
from callcenter.routing.models import Agent, AgentStatus, Breather, Reservation, ReservationStatus


def move_agent(
    session: Session,
    staff_id: int,
    *,
    from_: Collection[AgentStatus],
    to: AgentStatus,
    at: datetime,
    call_id: int | None = None,
    on_call_id: int | None = None,
    missed_call: bool = False,
    present_at: datetime | None = None,
    silent_at: datetime | None = None,
    since: datetime | None = None,
) -> bool:
    """Move her from one of these statuses; whether she was in one. ``call_id`` is the call she is on from now on.

    ``since`` is from when her new status counts, when that is not ``at``.

    With ``on_call_id`` only if that is her call; with ``present_at`` only if her lease holds at that instant, with
    ``silent_at`` only if it does not. Her own screen and the boards hear of it.
    """
    statement = update(Agent).where(Agent.staff_id == staff_id, Agent.status.in_(from_))
    if on_call_id is not None:
        statement = statement.where(Agent.call_id == on_call_id)
    if present_at is not None:
        statement = statement.where(Agent.lease_until > present_at)
    if silent_at is not None:
        statement = statement.where(Agent.lease_until <= silent_at)
    moved = was_changed(
        session,
        statement.values(
            status=to,
            status_since=since or at,
            call_id=call_id,
            missed_call=missed_call,
            wrap_up_until=None,
            breather_until=None,
            lapsed_at=silent_at,
        ),
    )
    if moved and AgentStatus.BREAK in from_:
        over = update(Breather).where(Breather.staff_id == staff_id, Breather.ended_at.is_(None))
        session.execute(over.values(ended_at=at))
    if moved:
        touch(session, f"desk-{staff_id}", "queue")
    return moved


def take_off(session: Session, call_id: int, staff_id: int, *, at: datetime) -> None:
    """Out of the conversation: to wrap up what was said, or offline when her browser is silent as well."""
    from_ = [AgentStatus.ON_CALL]
    if not move_agent(
        session,
        staff_id,
        from_=from_,
        to=AgentStatus.WRAP_UP,
        on_call_id=call_id,
        call_id=call_id,
        present_at=at,
        at=at,
    ):
        move_agent(session, staff_id, from_=from_, to=AgentStatus.OFFLINE, on_call_id=call_id, silent_at=at, at=at)


def settle(session: Session, reservation: Reservation, status: ReservationStatus, *, at: datetime) -> bool:
    """End a pending offer; whether it still was pending. Its operator hears of it."""
    statement = (
        update(Reservation)
        .where(Reservation.id == reservation.id, Reservation.status == ReservationStatus.PENDING)
        .values(status=status, settled_at=at)
    )
    if not was_changed(session, statement):
        return False
    touch(session, f"desk-{reservation.staff_id}", "queue")
    return True


def release(session: Session, reservation: Reservation, status: ReservationStatus, *, at: datetime) -> None:
    """End a pending offer through no fault of hers: she is available again, and free as long as she was.

    Who declined begins anew: the next caller rings first for those who have not been asked.
    """
    if settle(session, reservation, status, at=at):
        move_agent(
            session,
            reservation.staff_id,
            from_=[AgentStatus.RESERVED],
            to=AgentStatus.AVAILABLE,
            at=at,
            since=None if status is ReservationStatus.DECLINED else reservation.idle_since,
        )


def was_changed(session: Session, statement: Update) -> bool:
    """Whether this compare-and-set found its row."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1


@contextmanager
def whole_floor(session: Session) -> Iterator[None]:
    """Calls of every practice and every operator: what distribution is about, whoever's request caused it."""
    before = scope_of(session)
    set_scope(session, Centre(CentreReason.DISTRIBUTION))
    try:
        yield
        session.flush()
    finally:
        if before is not None:
            set_scope(session, before)
