"""The relay to the emergency line: opened with F12, dialled with Enter, ended by the regulator's "taken over"."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, clean_text
from callcenter.desk.handling import handled_call
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.relay_rules import (
    ACTIVE,
    LegFact,
    RelayState,
    may_leave,
    may_take_over,
    own_telephone_number,
    refusal_to_dial,
    relay_state,
)
from callcenter.directory.models import Practice
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.triage.models import Assessment


def open_relay(session: Session, call_id: int, *, staff_id: int, at: datetime) -> EmergencyRelay:
    """Open the emergency card of her call; opened twice, it is the same one.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` when the patient is not on the line any more.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    relay = session.get(EmergencyRelay, call_id)
    if relay is not None:
        return relay
    if call.status == CallStatus.ENDED:
        raise Conflict(N_("No call in progress: the patient is not on the line any more."))
    practice = session.get_one(Practice, call.practice_id)
    relay = EmergencyRelay(
        call_id=call.id,
        practice_id=call.practice_id,
        staff_id=staff_id,
        number=practice.emergency_number,
        label=practice.emergency_label,
        callback_number=call.from_number,
        opened_at=at,
        # Written out: an autosave may come before the first flush gives the columns their defaults.
        address="",
        address_detail="",
    )
    session.add(relay)
    record_act(session, "emergency_opened", f"call {call.id}", at=at, staff_id=staff_id, practice_id=call.practice_id)
    _signal(session, relay)
    return relay


def close_relay(session: Session, call_id: int, *, staff_id: int, at: datetime) -> None:
    """Go back to the call card; a card opened by mistake, with nothing in it, leaves only its audit line.

    Raises ``Conflict`` once the line was dialled and until "taken over".
    """
    relay = _relay(session, call_id, staff_id=staff_id)
    if relay.taken_over_at is not None:
        return
    if relay.dialled_at is not None:
        raise Conflict(N_("The emergency line was dialled. Stay until “taken over”."))
    asked = session.scalar(select(Assessment.id).where(Assessment.call_id == call_id).limit(1))
    if not relay.address and not relay.address_detail and asked is None:
        session.delete(relay)
    subject = f"call {relay.call_id}"
    record_act(session, "emergency_closed", subject, at=at, staff_id=staff_id, practice_id=relay.practice_id)
    _signal(session, relay)


def save_place(session: Session, call_id: int, *, address: str, detail: str, callback: str, staff_id: int) -> str:
    """Keep where the patient is and the number to ring back; what was read back is unsaid when the place changes.

    Returns the sentence about a call-back number that cannot be used (the earlier one stays), empty when all is kept:
    an address must not wait for a digit.
    """
    # The call first, as whoever dials does: the other way round the two would wait for each other.
    relay = _relay(session, call_id, staff_id=staff_id, lock=True)
    before = (relay.address, relay.address_detail)
    number = relay.callback_number
    relay.address = clean_text(address, limit=300)
    relay.address_detail = clean_line(detail, limit=200)
    if before != (relay.address, relay.address_detail):
        relay.read_back_at = None
    fault = ""
    if callback.strip():
        practice = session.get_one(Practice, relay.practice_id)
        try:
            relay.callback_number = parse_number(callback, country=practice.country, field="callback")
            # Where she is rung back when her line drops.
            session.get_one(Call, call_id).callback_number = relay.callback_number
        except Invalid as refused:
            fault = refused.sentence
    else:
        relay.callback_number = session.get_one(Call, call_id).callback_number = None
    if (relay.address, relay.address_detail, relay.callback_number) != (*before, number):
        _signal(session, relay)
    return fault


def note_read_back(session: Session, call_id: int, *, staff_id: int, at: datetime) -> None:
    """Note that the address was read back to the patient and confirmed. Raises ``Invalid`` when there is none yet."""
    relay = _relay(session, call_id, staff_id=staff_id)
    if not relay.address:
        raise Invalid(N_("Write the address first, then read it back."), field="address")
    relay.read_back_at = relay.read_back_at or at
    _signal(session, relay)


def dial_emergency(session: Session, call_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Want the emergency line as the call's next leg; the carrier is told after the commit.

    While a leg is on its way or on the line, asking again gives that leg: two Enters, one call. Raises ``Forbidden``
    for a real number in training; ``Conflict`` without a number, once taken over, or when the patient has left.
    """
    relay = _relay(session, call_id, staff_id=staff_id, lock=True)
    call = session.get_one(Call, call_id)
    legs = _emergency_legs(session, call_id)
    if legs and legs[-1].status in ACTIVE:
        return legs[-1]
    if relay.taken_over_at is not None:
        raise Conflict(N_("This emergency was already taken over."))
    practice = session.get_one(Practice, call.practice_id)
    if call.status == CallStatus.ENDED:
        number = own_telephone_number(practice.country)
        raise Conflict(N_("The patient's line is cut. Dial %(number)s on your own telephone."), number=number)
    refusal = refusal_to_dial(practice.mode, practice.emergency_number, country=practice.country)
    if refusal is not None:
        raise refusal
    relay.number, relay.label = practice.emergency_number, practice.emergency_label
    label = f"emergency-{len(legs) + 1}"
    leg = want_leg(session, call, role=LegRole.EMERGENCY, label=label, address=relay.number, staff_id=staff_id, at=at)
    relay.leg_id = leg.id
    relay.dialled_at = relay.dialled_at or at
    record_act(session, "emergency_dialled", f"leg {leg.id}", at=at, staff_id=staff_id, practice_id=call.practice_id)
    _signal(session, relay)
    return leg


def note_taken_over(session: Session, call_id: int, *, staff_id: int, at: datetime) -> EmergencyRelay:
    """Note the regulator's "taken over"; noted twice, the first instant stays.

    Raises ``Conflict`` before anybody answered and in the five seconds after.
    """
    relay = _relay(session, call_id, staff_id=staff_id, lock=True)
    if relay.taken_over_at is not None:
        return relay
    legs = _emergency_legs(session, call_id)
    state = relay_state(_facts(legs), taken_over_at=None)
    if not may_take_over(state, answered_at=legs[-1].joined_at if legs else None, at=at):
        raise Conflict(N_("Wait until the regulator says “taken over”, then press Enter."))
    relay.taken_over_at = at
    subject = f"call {call_id}"
    record_act(session, "emergency_taken_over", subject, at=at, staff_id=staff_id, practice_id=relay.practice_id)
    _signal(session, relay)
    return relay


def refuse_hold(session: Session, call_id: int) -> None:
    """Raise ``Conflict`` when the call has an open relay: a patient in danger is never put on hold."""
    relay = session.get(EmergencyRelay, call_id)
    if relay is not None and relay.taken_over_at is None:
        raise Conflict(N_("Never on hold in an emergency: the patient hears you and the regulator."))


def refuse_leaving(session: Session, call_id: int) -> None:
    """Raise ``Conflict`` when the line was dialled and nobody has said "taken over" yet."""
    relay = session.get(EmergencyRelay, call_id)
    if relay is None:
        return
    state = relay_state(_facts(_emergency_legs(session, call_id)), taken_over_at=relay.taken_over_at)
    statuses = session.scalars(select(Leg.status).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT))
    patient_is_there = any(status == LegStatus.JOINED for status in statuses)
    if not may_leave(state, patient_is_there=patient_is_there):
        raise Conflict(N_("Stay on the line until the regulator says “taken over”."))


def _relay(session: Session, call_id: int, *, staff_id: int, lock: bool = False) -> EmergencyRelay:
    handled_call(session, call_id, staff_id=staff_id)
    if lock:
        # Before looking: two Enters at once would each find no leg and ring the regulator twice.
        lock_call(session, call_id)
    found = select(EmergencyRelay).where(EmergencyRelay.call_id == call_id)
    relay = session.scalar(found.execution_options(populate_existing=lock))
    if relay is None:
        raise Conflict(N_("Open the emergency card first, with F12."))
    return relay


def _emergency_legs(session: Session, call_id: int) -> list[Leg]:
    query = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY).order_by(Leg.id)
    return list(session.scalars(query))


def _facts(legs: list[Leg]) -> list[LegFact]:
    return [LegFact(status=leg.status, joined_at=leg.joined_at) for leg in legs]


def _signal(session: Session, relay: EmergencyRelay) -> None:
    touch(session, f"call-{relay.call_id}", f"desk-{relay.staff_id}")


__all__ = [
    "RelayState",
    "close_relay",
    "dial_emergency",
    "note_read_back",
    "note_taken_over",
    "open_relay",
    "refuse_hold",
    "refuse_leaving",
    "save_place",
]
