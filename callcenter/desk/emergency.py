"""The relay to the emergency line: opened with F12, dialled with Enter, ended by the regulator's "taken over"."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, clean_text
from callcenter.desk.handling import handled_call
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.notes import words_and_person
from callcenter.desk.relay_rows import emergency_legs, facts_of, her_relay, lines_to_try, relay_of, signal_relay
from callcenter.desk.relay_rules import (
    ACTIVE,
    RelayState,
    may_be_dialled,
    may_close,
    may_leave,
    may_take_over,
    may_take_over_elsewhere,
    relay_state,
)
from callcenter.directory.emergency_order import LineToTry
from callcenter.directory.models import Practice
from callcenter.telephony.events import LegChanged
from callcenter.telephony.legs import lock_call, mark_emergency
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.ringing_back import is_given_up
from callcenter.triage.models import Assessment


def open_relay(session: Session, call_id: int, *, staff_id: int, at: datetime) -> EmergencyRelay:
    """Open the emergency card of her call; opened twice, it is the same one.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` when the patient is not on the line any more.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    relay = session.get(EmergencyRelay, call_id)
    if relay is not None:
        if relay.taken_over_at is None and not call.in_emergency:
            mark_emergency(session, call_id, is_open=True, at=at)  # it was closed with something in it
        return relay
    if call.status == CallStatus.ENDED:
        raise Conflict(N_("No call in progress: the patient is not on the line any more."))
    return begin_relay(session, call, staff_id=staff_id, at=at)


def begin_relay(session: Session, call: Call, *, staff_id: int, at: datetime) -> EmergencyRelay:
    """The relay of this call, begun if there is none. Whose call it is, and whether it goes on, is not asked here."""
    # Under its lock: her F12 may come late, while what was rung without the database is written down.
    lock_call(session, call.id)
    relay = relay_of(session, call.id, afresh=True)
    if relay is not None:
        return relay
    mark_emergency(session, call.id, is_open=True, at=at)
    practice = session.get_one(Practice, call.practice_id)
    lines = lines_to_try(session, practice, at=at)
    first = (may_be_dialled(lines, mode=practice.mode) or lines or [LineToTry("", "")])[0]
    relay = EmergencyRelay(
        call_id=call.id,
        practice_id=call.practice_id,
        staff_id=staff_id,
        number=first.number,
        label=first.label,
        caller=clean_line(words_and_person(session, call.id)[1], limit=120),
        callback_number=call.from_number,
        opened_at=at,
        # Written out: an autosave may come before the first flush gives the columns their defaults.
        address="",
        address_detail="",
    )
    session.add(relay)
    record_act(session, "emergency_opened", f"call {call.id}", at=at, staff_id=staff_id, practice_id=call.practice_id)
    signal_relay(session, relay)
    session.flush()
    return relay


def close_relay(session: Session, call_id: int, *, staff_id: int, at: datetime) -> None:
    """Go back to the call card; a card opened by mistake, with nothing in it, leaves only its audit line.

    Raises ``Conflict`` once the line was dialled and until "taken over", unless the patient is out of reach for good.
    """
    relay = her_relay(session, call_id, staff_id=staff_id, lock=True)
    if relay.taken_over_at is not None:
        return
    if not may_close(_state_to_leave(session, relay), patient_is_given_up=is_given_up(session, call_id)):
        raise Conflict(N_("The emergency line was dialled. Stay until “taken over”."))
    mark_emergency(session, call_id, is_open=False, at=at)
    asked = session.scalar(select(Assessment.id).where(Assessment.call_id == call_id).limit(1))
    is_empty = not relay.address and not relay.address_detail and asked is None
    if is_empty and relay.dialled_at is None:
        session.delete(relay)
    subject = f"call {relay.call_id}"
    record_act(session, "emergency_closed", subject, at=at, staff_id=staff_id, practice_id=relay.practice_id)
    signal_relay(session, relay)


def save_place(
    session: Session, call_id: int, *, caller: str, address: str, detail: str, callback: str, staff_id: int
) -> str:
    """Keep who calls, where the patient is and the number to ring back; a change unsays that it was read back.

    Returns the sentence about a call-back number that cannot be used (the earlier one stays), empty when all is kept:
    an address must not wait for a digit.
    """
    # The call first, as whoever dials does: the other way round the two would wait for each other.
    relay = her_relay(session, call_id, staff_id=staff_id, lock=True)
    before = _read_out(relay)
    relay.caller = clean_line(caller, limit=120)
    relay.address = clean_text(address, limit=300)
    relay.address_detail = clean_line(detail, limit=200)
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
    if _read_out(relay) != before:
        relay.read_back_at = None
        signal_relay(session, relay)
    return fault


def _read_out(relay: EmergencyRelay) -> tuple[str | None, ...]:
    return relay.caller, relay.address, relay.address_detail, relay.callback_number


def note_read_back(session: Session, call_id: int, *, staff_id: int, at: datetime) -> None:
    """Note that what is passed on was read back and confirmed. Raises ``Invalid`` when there is no address yet."""
    relay = her_relay(session, call_id, staff_id=staff_id)
    if not relay.address:
        raise Invalid(N_("Write the address first, then read it back."), field="address")
    relay.read_back_at = relay.read_back_at or at
    signal_relay(session, relay)


def keep_relay(session: Session, event: LegChanged) -> None:
    """A line that was rung without the database is heard of: its relay is begun, by whoever was in the call."""
    if event.role != LegRole.EMERGENCY or event.staff_id is None:
        return
    relay = begin_relay(session, session.get_one(Call, event.call_id), staff_id=event.staff_id, at=event.at)
    if relay.leg_id is None:
        relay.leg_id, relay.dialled_at = event.leg_id, event.at


def note_taken_over(session: Session, call_id: int, *, staff_id: int, at: datetime) -> EmergencyRelay:
    """Note the regulator's "taken over"; noted twice, the first instant stays.

    By whoever is on the line, or on another telephone once a line was in vain: one that still rings is then to be hung
    up (``ringing_in_vain``). Raises ``Conflict`` before anybody answered and in the five seconds after.
    """
    relay = her_relay(session, call_id, staff_id=staff_id, lock=True)
    if relay.taken_over_at is not None:
        return relay
    legs = emergency_legs(session, call_id)
    tried = facts_of(legs)
    state = relay_state(tried, taken_over_at=None)
    is_told = may_take_over(state, answered_at=legs[-1].joined_at if legs else None, at=at)
    if not is_told and not may_take_over_elsewhere(state, tried):
        raise Conflict(N_("Wait until the regulator says “taken over”, then press Enter."))
    relay.taken_over_at = at
    mark_emergency(session, call_id, is_open=False, at=at)
    subject = f"call {call_id}"
    record_act(session, "emergency_taken_over", subject, at=at, staff_id=staff_id, practice_id=relay.practice_id)
    signal_relay(session, relay)
    return relay


def ringing_in_vain(session: Session, call_id: int) -> list[int]:
    """The emergency legs that still ring although the emergency was taken over: to be hung up."""
    relay = session.get(EmergencyRelay, call_id)
    if relay is None or relay.taken_over_at is None:
        return []
    return [leg.id for leg in emergency_legs(session, call_id) if leg.status in ACTIVE and leg.joined_at is None]


def refuse_leaving(session: Session, call_id: int) -> None:
    """Raise ``Conflict`` when the line was dialled and nobody has said "taken over" yet."""
    relay = session.get(EmergencyRelay, call_id)
    if relay is None:
        return
    state = _state_to_leave(session, relay)
    statuses = session.scalars(select(Leg.status).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT))
    patient_is_there = any(status == LegStatus.JOINED for status in statuses)
    if not may_leave(state, patient_is_there=patient_is_there):
        raise Conflict(N_("Stay on the line until the regulator says “taken over”."))


def _state_to_leave(session: Session, relay: EmergencyRelay) -> RelayState:
    state = relay_state(facts_of(emergency_legs(session, relay.call_id)), taken_over_at=relay.taken_over_at)
    # Rung without the database, its SID not heard of: a regulator's telephone may ring, and no leg of ours tells so.
    # It holds her as long as the patient can be reached, no longer: it may never be heard of.
    return RelayState.FAILED if state is RelayState.READY and relay.dialled_at is not None else state
