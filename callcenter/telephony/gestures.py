"""Live gestures, each in three steps: commit what is wanted, tell the carrier, record what it answered.

The carrier is always told outside any transaction: a slow answer must hold neither a lock nor a connection. A process
that dies in between leaves rows that ``telephony.sweeping`` finishes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict, NotFound, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.lines import number_of_line
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import LABEL_TAKEN, Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.twiml import callback_url

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def dial_leg(database: Database, provider: Provider, leg_id: int, clock: Clock, *, settings: Settings) -> LegStatus:
    """Tell the carrier to ring a wanted leg; where the leg stands afterwards.

    Only one caller gets to tell: a repeat finds the leg claimed. A refusal makes the leg ``failed`` with its reason; no
    answer leaves it ``dialling``, and the sweep asks again, which the unique label makes harmless. Raises nothing.
    """
    order = _claim(database, leg_id, settings=settings, at=clock.now())
    if order is None:
        return _status(database, leg_id)
    return tell_carrier(database, provider, order, clock)


def hang_up_call(database: Database, provider: Provider, call_id: int, clock: Clock) -> None:
    """End a call for everybody. Whether it may be ended is the caller's to decide. Ended twice, it stays ended."""
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        patient = _patient_leg(session, call_id)
        was_over = patient.status in _OVER
        record_leg_event(session, patient, LegNews.HUNG_UP, at=clock.now())
        if not was_over:
            # Said by us, not heard from the carrier: open until it has closed the room.
            session.execute(update(Call).where(Call.id == call_id).values(closed_at=None))
    close_call(database, provider, call_id, clock)


def leave_call(database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int) -> bool:
    """Take the operator alone out of a call in which the patient speaks with the emergency line; whether it was so.

    Raises ``Conflict`` when the carrier did not do it: she is shown out of the call only once she is.
    """
    with database.reading(_SCOPE) as session:
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
    """Have the carrier send everybody out of an ended call's room; whether it did. Not repeated once it has."""
    with database.reading(_SCOPE) as session:
        call = session.scalar(select(Call).where(Call.id == call_id))
        if call is None or call.status != CallStatus.ENDED or call.closed_at is not None:
            return True
        room = conference_name(call.sid)
        open_legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status.not_in(_OVER))).all()
    try:
        provider.end_conference(room)
        for leg in open_legs:
            if leg.sid is not None:
                provider.hang_up(leg.sid)
    except ProviderError as error:
        log.warning("call %s could not be closed at the carrier, trying again: %s", call_id, error.code or error.reason)
        return False
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        for leg in session.scalars(select(Leg).where(Leg.id.in_([leg.id for leg in open_legs]))).all():
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now())
        session.execute(update(Call).where(Call.id == call_id).values(closed_at=clock.now()))
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
        at = clock.now()
        lock_call(session, call_id)
        session.execute(
            update(Leg)
            .where(Leg.id == patient.id, Leg.status.not_in(_OVER))
            .values(on_hold=on_hold, held_at=at if on_hold else None)
        )
        staff = session.scalars(select(Leg.staff_id).where(Leg.call_id == call_id, Leg.staff_id.is_not(None)))
        touch(session, f"call-{call_id}", *(f"desk-{staff_id}" for staff_id in staff))


@dataclass(frozen=True, slots=True)
class DialOrder:
    """What the carrier is told to ring one leg."""

    leg_id: int
    conference: str
    to: str
    caller: str
    label: str
    status_callback: str
    conference_callback: str


def order_for(session: Session, leg: Leg, call: Call, *, settings: Settings) -> DialOrder:
    """The order that rings this leg. It shows a number owned at the carrier: others are cut by French operators."""
    caller = settings.caller_number or number_of_line(session, call.line_id)
    return DialOrder(
        leg_id=leg.id,
        conference=conference_name(call.sid),
        to=leg.address,
        caller=caller,
        label=leg.label,
        status_callback=callback_url(settings.public_url, f"/twilio/leg?leg={leg.id}"),
        conference_callback=callback_url(settings.public_url, "/twilio/conference"),
    )


def tell_carrier(database: Database, provider: Provider, order: DialOrder, clock: Clock) -> LegStatus:
    """The second and third step of dialling; where the leg stands afterwards."""
    sid: str | None = None
    failure = ""
    try:
        sid = provider.dial_into_conference(
            conference=order.conference,
            to=order.to,
            caller=order.caller,
            label=order.label,
            status_callback=order.status_callback,
            conference_callback=order.conference_callback,
        )
    except ProviderError as error:
        if error.code != LABEL_TAKEN:  # taken: an earlier try got through, its own reports tell the rest
            log.warning("leg %s was not dialled: %s", order.leg_id, error.code or error.reason)
            if error.unknown:
                return LegStatus.DIALLING
            failure = error.reason or "refused"
    with database.unit_of_work(_SCOPE) as session:
        leg = session.scalars(select(Leg).where(Leg.id == order.leg_id)).one()
        call = lock_call(session, leg.call_id)
        session.refresh(leg)
        if failure and (leg.sid is not None or leg.status != LegStatus.DIALLING):
            failure = ""  # an earlier order got through after all, and its reports came: this refusal was of a repeat
        news = LegNews.FAILED if failure else LegNews.DIALLED
        record_leg_event(session, leg, news, at=clock.now(), sid=sid, failure=failure)
        # She, or the patient, hung up while we were telling the carrier.
        too_late = sid is not None and (call.status == CallStatus.ENDED or leg.status in _OVER)
        status = LegStatus(leg.status)
    if too_late and sid is not None:
        hang_up_leg(provider, sid)
    return status


def hang_up_leg(provider: Provider, sid: str) -> None:
    """End a leg that is no longer wanted, here over already; raises nothing."""
    try:
        provider.hang_up(sid)
    except ProviderError as error:
        log.warning("a leg could not be hung up: %s", error.code or error.reason)


def _claim(database: Database, leg_id: int, *, settings: Settings, at: datetime) -> DialOrder | None:
    with database.unit_of_work(_SCOPE) as session:
        leg = session.scalar(select(Leg).where(Leg.id == leg_id))
        if leg is None:
            return None
        call = lock_call(session, leg.call_id)
        session.refresh(leg)
        if leg.status != LegStatus.WANTED:
            return None
        if call.status == CallStatus.ENDED:
            record_leg_event(session, leg, LegNews.FAILED, at=at, failure="the patient has left")
            return None
        record_leg_event(session, leg, LegNews.DIALLED, at=at)
        return order_for(session, leg, call, settings=settings)


def _status(database: Database, leg_id: int) -> LegStatus:
    with database.reading(_SCOPE) as session:
        return LegStatus(session.scalars(select(Leg.status).where(Leg.id == leg_id)).one())


def _patient_leg(session: Session, call_id: int) -> Leg:
    return session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.label == PATIENT_LABEL)).one()


def _emergency_is_in(session: Session, call_id: int) -> bool:
    found = select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status == LegStatus.JOINED)
    return session.scalar(found.limit(1)) is not None
