"""After a call was moved to an operator's other telephone, the first one lets go: run by the jobs every second."""

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON
from callcenter.telephony.sweeping import hang_up_legs

_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10  # the next second lets the rest go


def let_go_of_old_ears(database: Database, provider: Provider, clock: Clock) -> None:
    """Hang up the telephones of operators who are in the same call through a newer one."""
    newer = aliased(Leg)
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Leg.id)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.status.in_(GOING_ON),
                Leg.role == LegRole.OPERATOR,
                Leg.status == LegStatus.JOINED,
                exists().where(
                    newer.call_id == Leg.call_id,
                    newer.role == LegRole.OPERATOR,
                    newer.staff_id == Leg.staff_id,
                    newer.status == LegStatus.JOINED,
                    newer.id > Leg.id,
                ),
            )
            .order_by(Leg.id)
            .limit(_AT_ONCE)
        ).all()
    hang_up_legs(database, provider, ids, clock)
