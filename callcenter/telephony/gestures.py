"""Live gestures, each in three steps: commit what is wanted, tell the carrier, record what it answered.

The carrier is always told outside any transaction: a slow answer must hold neither a lock nor a connection. A process
that dies in between leaves rows that ``telephony.sweeping`` finishes.
"""

import logging

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.legs import end_legs, lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def hang_up_call(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int | None = None
) -> None:
    """End a call for everybody. Whether it may be ended is the caller's to decide. Ended twice, it stays ended.

    Raises ``Conflict`` when ``staff_id`` would leave the patient on hold with nobody else.
    """
    with database.unit_of_work(_SCOPE) as session:
        call = lock_call(session, call_id)
        if call.status != CallStatus.ENDED:
            _refuse_leaving_on_hold(session, call_id, staff_id)
            end_legs(session, call, at=clock.now())
    close_call(database, provider, call_id, clock)


def leave_call(database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int) -> bool:
    """Take the operator alone out of a call in which the patient speaks with the emergency line; whether it was so.

    Raises ``Conflict`` when the patient is on hold with nobody else, and when the carrier did not do it: she is shown
    out of the call only once she is.
    """
    with database.reading(_SCOPE) as session:
        _refuse_leaving_on_hold(session, call_id, staff_id)
        legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
    if not {LegRole.PATIENT, LegRole.EMERGENCY} <= {LegRole(leg.role) for leg in legs}:
        return False
    own = [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]
    try:
        for leg in own:
            if leg.sid is not None:
                provider.hang_up(leg.sid)
    except ProviderError as error:
        log.warning("call %s: an operator could not leave: %s", call_id, error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from None
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        for leg in session.scalars(select(Leg).where(Leg.id.in_([leg.id for leg in own]))).all():
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now())
    return True


def close_call(database: Database, provider: Provider, call_id: int, clock: Clock) -> bool:
    """Have the carrier send everybody out of an ended call's room; not repeated once it has.

    False when the carrier cannot be reached; what it refuses for good concerns this call alone.
    """
    with database.reading(_SCOPE) as session:
        call = session.scalar(select(Call).where(Call.id == call_id))
        if call is None or call.status != CallStatus.ENDED or call.closed_at is not None:
            return True
        room = conference_name(call.sid)
        # A telephone that never came in is not in the room: it rings on unless it is told, also where it is over here.
        never_in = and_(Leg.joined_at.is_(None), Leg.failed_at.is_(None), Leg.label != PATIENT_LABEL)
        open_legs = session.scalars(
            select(Leg).where(Leg.call_id == call_id, or_(Leg.status.not_in(_OVER), never_in))
        ).all()
    try:
        provider.end_conference(room)
        for leg in open_legs:
            if leg.sid is not None:
                provider.hang_up(leg.sid)
    except ProviderError as error:
        log.warning("call %s could not be closed at the carrier, trying again: %s", call_id, error.code or error.reason)
        return error.permanent
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        for leg in session.scalars(select(Leg).where(Leg.id.in_([leg.id for leg in open_legs]))).all():
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now())
        # Unless something was heard meanwhile that keeps it open.
        ended = update(Call).where(Call.id == call_id, Call.status == CallStatus.ENDED)
        session.execute(ended.values(closed_at=clock.now()))
    return True


def hold_patient(database: Database, provider: Provider, call_id: int, clock: Clock, *, on_hold: bool) -> None:
    """Give the patient the hold music, or take her back.

    Raises ``Conflict`` when she has left, when the emergency line is in the call, and when the carrier did not do it:
    hold is shown only once it is so.
    """
    with database.reading(_SCOPE) as session:
        call = session.scalar(select(Call).where(Call.id == call_id))
        if call is None:
            raise NotFound(N_("There is no such call."))
        if call.status != CallStatus.TALKING:
            raise Conflict(N_("There is no conversation to put on hold."))
        if on_hold and _emergency_is_in(session, call_id):
            raise Conflict(N_("The emergency line is on the call: the patient stays in the conversation."))
        patient = _patient_leg(session, call_id)
        if patient.on_hold == on_hold:
            return
    try:
        provider.set_hold(conference_name(call.sid), patient.sid or call.sid, on_hold)
    except ProviderError as error:
        log.warning("hold failed at the carrier: %s", error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from error
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        leg = session.scalars(select(Leg).where(Leg.id == patient.id)).one()
        record_leg_event(session, leg, LegNews.HELD if on_hold else LegNews.UNHELD, at=clock.now())


def lift_hold(database: Database, provider: Provider, leg_id: int, clock: Clock) -> bool:
    """Take a patient back from hold because nobody else is in her call any more.

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


def _patient_leg(session: Session, call_id: int) -> Leg:
    """The patient's telephone: the last one, when she was rung back."""
    found = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT)
    return session.scalars(found.order_by(Leg.id.desc()).limit(1)).one()


def _refuse_leaving_on_hold(session: Session, call_id: int, staff_id: int | None) -> None:
    joined = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
    is_held = any(leg.role == LegRole.PATIENT and leg.on_hold for leg in joined)
    others = [leg for leg in joined if leg.role != LegRole.PATIENT]
    own = [leg for leg in others if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]
    if is_held and own and len(own) == len(others):
        raise Conflict(N_("The patient is on hold: take her back first."))


def _emergency_is_in(session: Session, call_id: int) -> bool:
    found = select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status == LegStatus.JOINED)
    return session.scalar(found.limit(1)) is not None
