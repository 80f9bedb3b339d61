"""Telephones of operators who are no longer on the call: given up on, and then picked up all the same."""

from sqlalchemy import exists, select

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON
from callcenter.telephony.sweeping import hang_up_legs

_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10


def hang_up_strays(database: Database, provider: Provider, clock: Clock) -> None:
    """Hang up operators' telephones that joined a call which is no longer theirs, or still ring for it.

    Its patient keeps her place.
    """
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Leg.id)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.status.in_(GOING_ON),
                Leg.role == LegRole.OPERATOR,
                Leg.status.in_((LegStatus.JOINED, LegStatus.RINGING, LegStatus.DIALLING, LegStatus.WANTED)),
                ~exists().where(
                    Agent.staff_id == Leg.staff_id, Agent.call_id == Leg.call_id, Agent.status == AgentStatus.ON_CALL
                ),
            )
            .order_by(Leg.id)
            .limit(_AT_ONCE)
        ).all()
    hang_up_legs(database, provider, ids, clock)
