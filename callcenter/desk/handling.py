"""Whose call it is: an operator acts on the call she is on and on those she spoke in, unless a colleague has it now."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.core.scope import Practices, set_scope
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call, Leg, LegRole


def handled_call(session: Session, call_id: int, *, staff_id: int) -> Call:
    """The call, if this operator is on it, or was and no colleague has it now.

    From here on the transaction sees that call's practice only.

    Raises ``NotFound`` for a call of somebody else as for one that does not exist: the two are told alike.
    """
    call = session.scalar(select(Call).where(Call.id == call_id))
    if call is None or not handles(session, call_id, staff_id=staff_id):
        raise NotFound(N_("This call is not one of yours."))
    set_scope(session, Practices.of(call.practice_id))
    return call


def has_passed_on(session: Session, call_id: int, *, staff_id: int) -> bool:
    """Whether a colleague is on this call and she is not any more, who has been."""
    on_it = session.execute(select(Agent.staff_id, Agent.status).where(Agent.call_id == call_id)).all()
    talking = {holder for holder, status in on_it if status == AgentStatus.ON_CALL}
    return bool(talking) and staff_id not in talking


def is_on(session: Session, call_id: int, *, staff_id: int) -> bool:
    """Whether she is on this call now; whether her telephone is in the conversation is not asked."""
    on_it = select(Agent.staff_id).where(
        Agent.staff_id == staff_id, Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL
    )
    return session.scalar(on_it) is not None


def handles(session: Session, call_id: int, *, staff_id: int) -> bool:
    """Whether she is on this call, or was and no colleague has it, be it only to say how it ended."""
    holders = session.scalars(select(Agent.staff_id).where(Agent.call_id == call_id)).all()
    if holders:
        return staff_id in holders
    # Joined: a telephone that was only rung in vain heard nothing of this call.
    # Nor does who sat beside a colleague handle her call.
    leg = select(Leg.id).where(
        Leg.call_id == call_id,
        Leg.staff_id == staff_id,
        Leg.role != LegRole.SUPERVISOR,
        Leg.joined_at.is_not(None),
    )
    return session.scalar(leg.limit(1)) is not None
