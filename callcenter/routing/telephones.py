"""The telephones of a call, and the operators who are on it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.routing.company import Telephone
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Leg, LegRole, LegStatus


def telephones_of(session: Session, call_id: int) -> list[Telephone]:
    """Every telephone of a call, as ``company`` looks at them."""
    legs = session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all()
    return [
        Telephone(
            role=LegRole(leg.role),
            status=LegStatus(leg.status),
            staff_id=leg.staff_id,
            was_in=leg.joined_at is not None,
            is_silent=leg.role == LegRole.SUPERVISOR and _is_silent(leg),
        )
        for leg in legs
    ]


def _is_silent(leg: Leg) -> bool:
    begins_silent = leg.mute_mark == 0 and (leg.starts_muted or leg.coached_leg_id is not None)
    return leg.muted or leg.coaching or begins_silent


def on_call_in(session: Session, call_id: int) -> Sequence[int]:
    """The operators whose call this is now, also those whose telephone has left it."""
    on_it = select(Agent.staff_id).where(Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL)
    return session.scalars(on_it.order_by(Agent.staff_id)).all()


def own_legs(session: Session, call_id: int, staff_id: int) -> Sequence[Leg]:
    """Her own telephones in a call, in their order."""
    own = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.OPERATOR, Leg.staff_id == staff_id)
    return session.scalars(own.order_by(Leg.id)).all()
