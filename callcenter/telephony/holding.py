"""Hold, in three steps: see that it makes sense, tell the carrier outside any transaction, record what it answered."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_NEVER = N_("Never on hold in an emergency: the patient hears you and the regulator.")


def hold_patient(database: Database, provider: Provider, call_id: int, clock: Clock, *, on_hold: bool) -> None:
    """Give the patient the hold music, or take her back.

    Raises ``Conflict`` when she has left, in an emergency, and when the carrier did not do it: hold is shown only once
    it is so. An emergency that begins while the carrier is told takes her back at once.
    """
    with database.reading(_SCOPE) as session:
        call = session.scalar(select(Call).where(Call.id == call_id))
        if call is None:
            raise NotFound(N_("There is no such call."))
        if call.status != CallStatus.TALKING:
            raise Conflict(N_("There is no conversation to put on hold."))
        if on_hold and call.in_emergency:
            raise Conflict(_NEVER)
        if on_hold and _emergency_is_in(session, call_id):
            raise Conflict(N_("The emergency line is on the call: the patient stays in the conversation."))
        patient = patient_leg(session, call_id)
        if patient.on_hold == on_hold:
            return
    try:
        provider.set_hold(conference_name(call.sid), patient.sid or call.sid, on_hold)
    except ProviderError as error:
        log.warning("hold failed at the carrier: %s", error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from error
    with database.unit_of_work(_SCOPE) as session:
        # F12 saw nobody on hold when it came before this, and took nobody back.
        must_hear = lock_call(session, call_id).in_emergency and on_hold
        leg = session.scalars(select(Leg).where(Leg.id == patient.id)).one()
        record_leg_event(session, leg, LegNews.HELD if on_hold else LegNews.UNHELD, at=clock.now())
    if must_hear:
        lift_hold(database, provider, patient.id, clock)  # the sweep does, should the carrier not
        raise Conflict(_NEVER)


def lift_hold(database: Database, provider: Provider, leg_id: int, clock: Clock) -> bool:
    """Take a patient back from hold because nobody else is in her call any more, or in an emergency.

    False when the carrier cannot be reached; what it refuses for good (her room is over) concerns this call alone.
    """
    with database.reading(_SCOPE) as session:
        leg, call_sid = session.execute(
            select(Leg, Call.sid).join(Call, Call.id == Leg.call_id).where(Leg.id == leg_id)
        ).one()
    try:
        provider.set_hold(conference_name(call_sid), leg.sid or call_sid, False)
    except ProviderError as error:
        log.warning("call %s: a hold could not be lifted, trying again: %s", leg.call_id, error.code or error.reason)
        return error.permanent
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, leg.call_id)
        found = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
        record_leg_event(session, found, LegNews.UNHELD, at=clock.now())
    return True


def patient_leg(session: Session, call_id: int) -> Leg:
    """The patient's telephone: the last one, when she was rung back."""
    found = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT)
    return session.scalars(found.order_by(Leg.id.desc()).limit(1)).one()


def _emergency_is_in(session: Session, call_id: int) -> bool:
    found = select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status == LegStatus.JOINED)
    return session.scalar(found.limit(1)) is not None
