"""An operator's presence is a lease that her browser renews, and her status moves only along this table.

    offline, break_    -> available                   she says so
    available, reserved-> break_                      she says so; what rang for her goes to the next
    available          -> reserved -> on_call         offer, acceptance
    reserved           -> break_ (missed call)        she let it ring
    on_call            -> wrap_up                     the patient has left, she has, or her telephone did not come back
    on_call            -> available                   she left it to others, or was sent away, before she came in
    wrap_up            -> available, break_           how the call ended is known
    wrap_up            -> offline                     the same, once her lease has lapsed
    available, reserved, break_ -> offline            the lease lapsed or she signed out

A conversation is never ended by a lease: only her telephone leaving the conference does (``routing.returning``).
"""

from datetime import datetime, timedelta

from sqlalchemy import case, literal, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import Instant
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.routing.agents import move_agent, settle, was_changed, whole_floor
from callcenter.routing.models import Agent, AgentStatus, Reservation, ReservationStatus
from callcenter.routing.offers import offer_waiting_calls, release_offer

LEASE_FOR = timedelta(seconds=15)
_AWAY = (AgentStatus.AVAILABLE, AgentStatus.BREAK)


def heartbeat(session: Session, staff_id: int, *, at: datetime) -> None:
    """Renew her lease. It brings nobody back to work: who lapsed says herself that she is available again."""
    until = literal(at + LEASE_FOR, Instant())
    # One that hung behind a stalled database comes after later ones: it shortens nothing.
    longer = case((Agent.lease_until > until, Agent.lease_until), else_=until)
    if not was_changed(session, update(Agent).where(Agent.staff_id == staff_id).values(lease_until=longer)):
        _open_agent(session, staff_id, at=at)


def set_available(session: Session, staff_id: int, *, at: datetime) -> None:
    """She takes calls from now on; the longest-waiting one rings at once. Said twice, it stays said.

    Raises ``Conflict`` while she has a call to finish.
    """
    heartbeat(session, staff_id, at=at)
    if move_agent(session, staff_id, from_=[AgentStatus.OFFLINE, AgentStatus.BREAK], to=AgentStatus.AVAILABLE, at=at):
        offer_waiting_calls(session, at=at)
        return
    _refuse_during_call(session, staff_id)


def take_break(session: Session, staff_id: int, *, at: datetime) -> None:
    """She takes no calls until she says so; one that rings for her goes to the next.

    Raises ``Conflict`` while she has a call to finish.
    """
    # The offer first, its operator after, as everybody does: the other way round two of them wait in a circle.
    release_offer(session, staff_id, at=at)
    heartbeat(session, staff_id, at=at)
    away = [AgentStatus.AVAILABLE, AgentStatus.RESERVED, AgentStatus.OFFLINE]
    if move_agent(session, staff_id, from_=away, to=AgentStatus.BREAK, at=at):
        offer_waiting_calls(session, at=at)
        return
    _refuse_during_call(session, staff_id)


def go_offline(session: Session, staff_id: int, *, at: datetime) -> None:
    """She has left her desk. A call she is on, or wraps up, stays hers and waits for her."""
    release_offer(session, staff_id, at=at)
    away = [AgentStatus.AVAILABLE, AgentStatus.RESERVED, AgentStatus.BREAK]
    if move_agent(session, staff_id, from_=away, to=AgentStatus.OFFLINE, at=at):
        offer_waiting_calls(session, at=at)


def enter_wrap_up(session: Session, staff_id: int, *, at: datetime) -> None:
    """Her conversation is over, her call not yet qualified."""
    agent = session.scalar(select(Agent).where(Agent.staff_id == staff_id))
    call_id = agent.call_id if agent is not None else None
    move_agent(session, staff_id, from_=[AgentStatus.ON_CALL], to=AgentStatus.WRAP_UP, call_id=call_id, at=at)


def finish_wrap_up(
    session: Session, staff_id: int, *, at: datetime, then: AgentStatus = AgentStatus.AVAILABLE, by_itself: bool = False
) -> None:
    """How her call ended is known: she is available again (or ``then`` on a break), and the longest-waiting call rings.

    ``by_itself``: her time is over and nobody pressed a key; with her browser silent she is offline.
    """
    from_ = [AgentStatus.WRAP_UP]
    if not by_itself and move_agent(session, staff_id, from_=from_, to=then, at=at):
        # She is plainly there: she has just chosen.
        heartbeat(session, staff_id, at=at)
        offer_waiting_calls(session, at=at)
    elif by_itself and move_agent(session, staff_id, from_=from_, to=then, present_at=at, at=at):
        offer_waiting_calls(session, at=at)
    elif by_itself:
        move_agent(session, staff_id, from_=from_, to=AgentStatus.OFFLINE, silent_at=at, at=at)


def lapse_leases(session: Session, *, at: datetime, started_at: datetime) -> int:
    """Take operators whose browsers have fallen silent out of distribution; how many.

    ``started_at`` is since when this process works without a gap: heartbeats may have been missed while it was down, or
    hung with its database, so nobody lapses before one lease has passed since. A heartbeat that comes in between is not
    overtaken: the lease is read once more as she is moved.
    """
    if at < started_at + LEASE_FOR:
        return 0
    with whole_floor(session):
        silent = session.scalars(
            select(Agent.staff_id)
            .where(Agent.lease_until <= at, Agent.status.in_([*_AWAY, AgentStatus.RESERVED]))
            .order_by(Agent.staff_id)
        ).all()
        lapsed = sum(_lapse(session, staff_id, at=at) for staff_id in silent)
    if lapsed:
        offer_waiting_calls(session, at=at)
    return lapsed


def _lapse(session: Session, staff_id: int, *, at: datetime) -> bool:
    # The offer is held before its operator, as everybody does, and settled only once she is known to be away.
    offers = session.scalars(
        select(Reservation)
        .where(Reservation.staff_id == staff_id, Reservation.status == ReservationStatus.PENDING)
        .with_for_update(key_share=True)
    ).all()
    away = [*_AWAY, AgentStatus.RESERVED]
    if not move_agent(session, staff_id, from_=away, to=AgentStatus.OFFLINE, silent_at=at, at=at):
        return False
    for reservation in offers:
        settle(session, reservation, ReservationStatus.EXPIRED, at=at)
    return True


def _open_agent(session: Session, staff_id: int, *, at: datetime) -> None:
    insert_new(
        session,
        Agent,
        staff_id=staff_id,
        status=AgentStatus.OFFLINE,
        status_since=at,
        lease_until=at + LEASE_FOR,
        missed_call=False,
    )


def _refuse_during_call(session: Session, staff_id: int) -> None:
    status = session.scalar(select(Agent.status).where(Agent.staff_id == staff_id))
    if status == AgentStatus.ON_CALL:
        raise Conflict(N_("You are still on the line. Hang up first."))
    if status == AgentStatus.WRAP_UP:
        raise Conflict(N_("Choose how the call ended first."))
