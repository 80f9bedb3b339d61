"""Mute, in three steps: see that it makes sense, tell the carrier outside any transaction, record what it answered."""

import logging

from sqlalchemy import select, update

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
_ON_THE_WAY = (LegStatus.WANTED, LegStatus.DIALLING, LegStatus.RINGING)


def mute_operator(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int, muted: bool
) -> None:
    """Let the call hear this operator, or not; she hears it all the same. Said twice, it stays said.

    While her call moves to another telephone that one is told too: at once, or as it comes in. Raises ``Conflict`` when
    none of hers is in the conversation, and when the carrier did not do it: mute is shown only once it is so.
    """
    own = (Leg.call_id == call_id, Leg.role == LegRole.OPERATOR, Leg.staff_id == staff_id)
    with database.reading(_SCOPE) as session:
        there = session.execute(
            select(Leg.id, Leg.muted)
            .where(*own, Leg.status == LegStatus.JOINED, Leg.sid.is_not(None))
            .order_by(Leg.id.desc())
        ).all()
    if not there:
        raise Conflict(N_("Your telephone is not in the conversation."))
    try:
        for leg_id, is_muted in there:
            if is_muted != muted:
                set_muted(database, provider, leg_id, clock, muted=muted)
    except ProviderError as error:
        log.warning("call %s: mute failed at the carrier: %s", call_id, error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from error
    with database.unit_of_work(_SCOPE) as session:
        session.execute(update(Leg).where(*own, Leg.status.in_(_ON_THE_WAY)).values(starts_muted=muted))


def set_muted(database: Database, provider: Provider, leg_id: int, clock: Clock, *, muted: bool) -> None:
    """Let the call hear this telephone, or not, and record it. Raises ``ProviderError`` when the carrier did not."""
    with database.reading(_SCOPE) as session:
        leg_sid, call_id, call_sid = session.execute(
            select(Leg.sid, Leg.call_id, Call.sid).join(Call, Call.id == Leg.call_id).where(Leg.id == leg_id)
        ).one()
    assert leg_sid is not None  # whoever is in a conversation has one
    provider.set_muted(conference_name(call_sid), leg_sid, muted)
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        found = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
        record_leg_event(session, found, LegNews.MUTED if muted else LegNews.UNMUTED, at=clock.now())
