"""After a call was moved to an operator's other telephone, the first one lets go: run by the jobs every second."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import aliased

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.muting import set_muted
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON
from callcenter.telephony.sweeping import hang_up_legs

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10  # the next second lets the rest go


def let_go_of_old_ears(database: Database, provider: Provider, clock: Clock) -> None:
    """Hang up the telephones of operators who are in the same call through a newer one.

    She goes on as she is, heard or not: what she pressed while the newer one rang, that one may not know. Until the
    carrier has done it the first one stays.
    """
    newer, between = aliased(Leg), aliased(Leg)
    # Of several the next newer each time, so that it passes from one to the other.
    is_next = ~(
        select(between.id)
        .where(
            between.call_id == Leg.call_id,
            between.role == LegRole.OPERATOR,
            between.staff_id == Leg.staff_id,
            between.status == LegStatus.JOINED,
            between.id > Leg.id,
            between.id < newer.id,
        )
        .exists()
    )
    with database.reading(_SCOPE) as session:
        pairs = session.execute(
            select(Leg.id, Leg.muted, newer.id, newer.muted)
            .join(Call, Call.id == Leg.call_id)
            .join(newer, (newer.call_id == Leg.call_id) & (newer.staff_id == Leg.staff_id) & (newer.id > Leg.id))
            .where(
                Call.status.in_(GOING_ON),
                Leg.role == LegRole.OPERATOR,
                Leg.status == LegStatus.JOINED,
                newer.role == LegRole.OPERATOR,
                newer.status == LegStatus.JOINED,
                newer.sid.is_not(None),
                is_next,
            )
            .order_by(Leg.id)
            .limit(_AT_ONCE)
        ).all()
    ready: list[int] = []
    for leg_id, muted, newer_id, newer_muted in pairs:
        try:
            if muted != newer_muted:
                set_muted(database, provider, newer_id, clock, muted=muted)
        except ProviderError as error:
            log.warning("leg %s is not yet as it was, trying again: %s", newer_id, error.code or error.reason)
            if error.permanent:
                continue
            break  # out of reach for all of them: each would wait its whole time
        ready.append(leg_id)
    hang_up_legs(database, provider, ready, clock)
