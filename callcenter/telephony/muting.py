"""Mute, in three steps: see that it makes sense, tell the carrier outside any transaction, record what it answered."""

import logging

from sqlalchemy import select

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)


def mute_operator(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int, muted: bool
) -> None:
    """Let the call hear this operator, or not; she hears it all the same. Said twice, it stays said.

    Raises ``Conflict`` when her telephone is not in the conversation, and when the carrier did not do it: mute is
    shown only once it is so.
    """
    with database.reading(_SCOPE) as session:
        row = session.execute(
            select(Leg.id, Leg.sid, Leg.muted, Call.sid)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Leg.call_id == call_id,
                Leg.role == LegRole.OPERATOR,
                Leg.staff_id == staff_id,
                Leg.status == LegStatus.JOINED,
            )
            .order_by(Leg.id.desc())
            .limit(1)
        ).one_or_none()
    leg_id, leg_sid, is_muted, call_sid = row or (0, None, False, "")
    if leg_sid is None:
        raise Conflict(N_("Your telephone is not in the conversation."))
    if is_muted == muted:
        return
    try:
        provider.set_muted(conference_name(call_sid), leg_sid, muted)
    except ProviderError as error:
        log.warning("call %s: mute failed at the carrier: %s", call_id, error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from error
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        found = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
        record_leg_event(session, found, LegNews.MUTED if muted else LegNews.UNMUTED, at=clock.now())
