"""Writing down, once the database answers again, what was done and typed in an emergency without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.phone import parse_number
from callcenter.desk.emergency import begin_relay, save_place
from callcenter.desk.emergency_direct import Rung
from callcenter.desk.emergency_ticket import EmergencyTicket
from callcenter.desk.handling import handles, has_passed_on
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.notes import add_words
from callcenter.desk.relay_rows import relay_of, signal_relay
from callcenter.directory.models import Practice, Staff
from callcenter.telephony.adopting import adopt_leg, emergency_label
from callcenter.telephony.legs import lock_call, mark_emergency
from callcenter.telephony.models import Call, CallStatus, Leg


@dataclass(frozen=True, slots=True)
class KeptMeanwhile:
    """What was typed and noted in the browser while the database did not answer. Instants are UTC."""

    caller: str = ""
    address: str = ""
    detail: str = ""
    callback: str = ""
    taken_over_at: datetime | None = None


def keep_rung(session: Session, ticket: EmergencyTicket, rung: Sequence[Rung], *, at: datetime) -> None:
    """Write down the lines that were rung without the database; again changes nothing."""
    call = lock_call(session, ticket.call_id)
    if not rung and call.status == CallStatus.ENDED:
        return
    relay = begin_relay(session, call, staff_id=ticket.staff_id, at=at)
    for one in rung:
        if one.sid is None or _is_of_another_call(session, one.sid, ticket.call_id):
            continue  # it was rung by somebody else, who writes it down, or the look at the carrier does
        leg = adopt_leg(
            session,
            call,
            label=emergency_label(one.attempt),
            number=one.number,
            sid=one.sid,
            name=one.label,
            staff_id=ticket.staff_id,
            at=at,
        )
        if leg is None:
            continue
        relay.number, relay.label, relay.leg_id = one.number, one.label, leg.id
        record_act(
            session, "emergency_dialled", f"leg {leg.id}", at=at, staff_id=ticket.staff_id, practice_id=call.practice_id
        )
    if not rung:
        return  # a card that was closed with something in it stays closed
    relay.dialled_at = relay.dialled_at or at
    if relay.taken_over_at is None and not call.in_emergency:
        mark_emergency(session, call.id, is_open=True, at=at)  # the patient had left; the line waits for her
    signal_relay(session, relay)


def keep_meanwhile(session: Session, ticket: EmergencyTicket, kept: KeptMeanwhile, *, at: datetime) -> bool:
    """Write down what she typed and noted meanwhile; what was written before is not emptied by it.

    ``taken_over_at`` is her browser's: it counts between the dialling and now. When a colleague has the call by then,
    she reads what was typed beside what she wrote herself, and "taken over" is hers to note; whether it was so.
    """
    relay = relay_of(session, ticket.call_id)
    if relay is None:
        if kept == KeptMeanwhile():
            return False
        relay = begin_relay(session, session.get_one(Call, ticket.call_id), staff_id=ticket.staff_id, at=at)
    hers = {"call_id": ticket.call_id, "staff_id": ticket.staff_id}
    if has_passed_on(session, **hers) or not handles(session, **hers):
        _hand_on(session, relay, ticket, kept, at=at)
        return True
    if kept.caller or kept.address or kept.detail or kept.callback:
        save_place(
            session,
            ticket.call_id,
            caller=kept.caller or relay.caller,
            address=kept.address or relay.address,
            detail=kept.detail or relay.address_detail,
            callback=kept.callback or relay.callback_number or "",
            staff_id=ticket.staff_id,
        )
    if kept.taken_over_at is not None and relay.taken_over_at is None:
        earliest = relay.dialled_at or relay.opened_at
        relay.taken_over_at = min(max(kept.taken_over_at, earliest), at)
        mark_emergency(session, ticket.call_id, is_open=False, at=at)
        subject = f"call {ticket.call_id}"
        record_act(
            session, "emergency_taken_over", subject, at=at, staff_id=ticket.staff_id, practice_id=relay.practice_id
        )
    signal_relay(session, relay)
    return False


def _hand_on(
    session: Session, relay: EmergencyRelay, ticket: EmergencyTicket, kept: KeptMeanwhile, *, at: datetime
) -> None:
    """What is empty is filled; what the colleague wrote stays, and what differs from it stands with the words."""
    typed = {"caller": kept.caller, "address": kept.address, "address_detail": kept.detail}
    other = _hand_on_number(session, relay, kept.callback)
    for name, value in typed.items():
        if value and not getattr(relay, name):
            setattr(relay, name, value)
            relay.read_back_at = None
        elif value and value != getattr(relay, name):
            other.append(value)
    if other:
        who = session.get_one(Staff, ticket.staff_id)
        line = f"{who.first_name or who.name}: {', '.join(other)}"
        add_words(session, session.get_one(Call, ticket.call_id), line, at=at)
    signal_relay(session, relay)
    touch(session, f"call-{ticket.call_id}")


def _hand_on_number(session: Session, relay: EmergencyRelay, typed: str) -> list[str]:
    """Fill in the number to ring back when none is known; what else is to stand with the words."""
    if not typed:
        return []
    practice = session.get_one(Practice, relay.practice_id)
    try:
        number = parse_number(typed, country=practice.country, field="callback")
    except Invalid:
        return [typed]
    if relay.callback_number is None:
        # Where she is rung back when her line drops.
        relay.callback_number = session.get_one(Call, relay.call_id).callback_number = number
        relay.read_back_at = None
    return [] if number == relay.callback_number else [typed]


def _is_of_another_call(session: Session, sid: str, call_id: int) -> bool:
    return session.scalar(select(Leg.id).where(Leg.sid == sid, Leg.call_id != call_id).limit(1)) is not None
