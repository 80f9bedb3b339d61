"""Operators and queue places that no longer fit their calls: a lost report must keep nobody from work."""

from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from callcenter.routing.agents import move_agent, whole_floor
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.queue import close_place, free_those_asked
from callcenter.telephony.events import CallEnded
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.reconciling import record_repair

# A call just taken has no telephone in it yet, and an offer is written before its operator is moved.
SETTLING = timedelta(seconds=10)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def repair_floor(session: Session, *, at: datetime) -> int:
    """Free operators whose call is over or who have no telephone in it, and places of calls that ended; how many."""
    with whole_floor(session):
        # A place, then its offer, then the operator: in the order in which everybody takes them.
        repaired = _close_places(session, at=at)
        repaired += _free_from_calls(session, at=at) + _free_from_offers(session, at=at)
    if repaired:
        offer_waiting_calls(session, at=at)
    return repaired


def _free_from_calls(session: Session, *, at: datetime) -> int:
    # One that was in the conversation may come back (routing.returning).
    has_telephone = exists().where(
        Leg.call_id == Agent.call_id,
        Leg.staff_id == Agent.staff_id,
        Leg.role == LegRole.OPERATOR,
        or_(Leg.status.not_in(_OVER), Leg.joined_at.is_not(None)),
    )
    stuck = session.execute(
        select(Agent.staff_id, Agent.call_id)
        .outerjoin(Call, Call.id == Agent.call_id)
        .where(
            Agent.status == AgentStatus.ON_CALL,
            Agent.status_since <= at - SETTLING,
            or_(Agent.call_id.is_(None), Call.status == CallStatus.ENDED, ~has_telephone),
        )
        .order_by(Agent.staff_id)
    ).all()
    return sum(_wrap_up(session, staff_id, call_id, at=at) for staff_id, call_id in stuck)


def _wrap_up(session: Session, staff_id: int, call_id: int | None, *, at: datetime) -> bool:
    to = AgentStatus.WRAP_UP if call_id is not None else AgentStatus.AVAILABLE
    moved = move_agent(
        session, staff_id, from_=[AgentStatus.ON_CALL], to=to, on_call_id=call_id, call_id=call_id, at=at
    )
    if moved:
        record_repair(session, "operator_freed", call_id=call_id, at=at)
    return moved


def _free_from_offers(session: Session, *, at: datetime) -> int:
    offered = exists().where(Reservation.staff_id == Agent.staff_id, Reservation.status == ReservationStatus.PENDING)
    stuck = session.scalars(
        select(Agent.staff_id)
        .where(Agent.status == AgentStatus.RESERVED, Agent.status_since <= at - SETTLING, ~offered)
        .order_by(Agent.staff_id)
    ).all()
    freed = [
        staff_id
        for staff_id in stuck
        if move_agent(session, staff_id, from_=[AgentStatus.RESERVED], to=AgentStatus.AVAILABLE, at=at)
    ]
    for _staff_id in freed:
        record_repair(session, "operator_freed", call_id=None, at=at)
    return len(freed)


def _close_places(session: Session, *, at: datetime) -> int:
    left = session.execute(
        select(QueueEntry.call_id, QueueEntry.practice_id, Call.ended_at)
        .join(Call, Call.id == QueueEntry.call_id)
        .where(and_(QueueEntry.status == QueueEntryStatus.WAITING, Call.status == CallStatus.ENDED))
        .order_by(QueueEntry.id)
    ).all()
    closed = 0
    for call_id, practice_id, ended_at in left:
        # As if the end had been heard: whoever waited in vain is owed a call, since she hung up.
        if close_place(session, CallEnded(call_id=call_id, practice_id=practice_id, at=ended_at or at)):
            record_repair(session, "place_closed", call_id=call_id, at=at)
            free_those_asked(session, call_id, at=at)
            closed += 1
    return closed
