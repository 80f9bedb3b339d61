"""A call comes in: recorded, queued and offered while its caller hears the first ring."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.core.insertion import insert_new
from callcenter.core.phone import read_caller
from callcenter.core.text import clean_line
from callcenter.routing.agents import move_agent
from callcenter.routing.arrival_statements import FIND_CALL, RECORD_AT_ONCE, Step, Steps, as_sqlite_keeps_it
from callcenter.routing.choice import PriorityReason
from callcenter.routing.events import CallOffered, CallQueued
from callcenter.routing.models import AgentStatus, QueueEntry
from callcenter.routing.offers import OFFER_FOR, offer_waiting_calls
from callcenter.routing.places import give_place
from callcenter.routing.redialling import take_promised_place
from callcenter.routing.skills import KNOWN_FOR
from callcenter.routing.standing import REPEATED_WITHIN
from callcenter.telephony.calls import HUNG_UP, PATIENT_LABEL
from callcenter.telephony.events import CallReceived
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, MisdialledCall, WebhookReceipt
from callcenter.telephony.receipts import receipt_key
from callcenter.telephony.state import LegNews

_INSTANTS = ("at", "expires_at", "repeated_since", "known_since")


@dataclass(frozen=True, slots=True)
class Received:
    """A call that is kept; ``handling`` is what its caller was given when she first rang.

    ``is_offered``: an operator was asked to take it by what recorded it.
    """

    call_id: int
    practice_id: int
    handling: CallHandling
    is_new: bool
    is_offered: bool = False


@dataclass(slots=True)
class _Arrival:
    """What became of a new call."""

    call_id: int
    practice_id: int
    leg_id: int
    has_hung_up: bool
    somebody_is_idle: bool = False
    staff_id: int | None = None
    reservation_id: int | None = None
    priority_reason: str | None = None


def receive_call(
    session: Session,
    *,
    sid: str,
    to_number: str,
    from_number: str | None,
    at: datetime,
    handling: CallHandling = CallHandling.QUEUE,
) -> Received | None:
    """The call of this SID, made on its first webhook; None when no practice has the dialled number.

    ``to_number`` and ``from_number`` as the carrier sent them. A ``QUEUE`` call joins the queue and rings for whoever
    is free longest; ``ANNOUNCED`` and ``GATED`` calls are only recorded. The unique SID makes a repeat find the same
    row and its first handling: nothing is published or written twice. Needs the scope ``Centre(WEBHOOK)``, for the
    dialled number decides the practice.
    """
    received = _find_or_record(session, sid, to_number, from_number, handling=handling, at=at)
    if received is None:
        _note_misdialled(session, sid=sid, to_number=to_number, from_number=from_number, at=at)
    return received


def admit_call(session: Session, sid: str, *, urgent: bool, at: datetime) -> bool:
    """Let a caller through the gate into the queue; whether she joined it now, for a repeat changes nothing.

    ``urgent`` callers come before everybody else. She waits from now on: at the gate nobody could have taken her.
    """
    call_id = session.scalar(select(Call.id).where(Call.sid == sid))
    if call_id is None:
        return False
    call = lock_call(session, call_id)
    if call.handling != CallHandling.GATED or call.status == CallStatus.ENDED:
        return False
    joined = give_place(session, call, urgent=urgent, at=at)
    if not joined and urgent:
        # She has a place already; what she says now puts her before everybody else.
        session.execute(update(QueueEntry).where(QueueEntry.call_id == call.id).values(urgent=True))
        touch(session, "queue")
    return joined


def find_lost_caller(
    session: Session, *, sid: str, to_number: str, from_number: str | None, at: datetime
) -> Received | None:
    """Receive a caller who waits in her room although her first webhook could not be kept; None when she is known.

    Same parameters and scope as ``receive_call``. She is in her conference already: it is from there that we hear.
    """
    received = _find_or_record(session, sid, to_number, from_number, handling=CallHandling.QUEUE, at=at)
    if received is None or not received.is_new:
        return None
    patient = session.scalars(select(Leg).where(Leg.call_id == received.call_id, Leg.label == PATIENT_LABEL)).one()
    record_leg_event(session, patient, LegNews.JOINED, at=at)
    return received


def _find_or_record(
    session: Session, sid: str, to_number: str, from_number: str | None, *, handling: CallHandling, at: datetime
) -> Received | None:
    caller = read_caller(from_number)
    values = {
        "sid": sid,
        "to_number": to_number,
        "from_number": caller,
        "address": caller or "",
        "handling": handling,
        "at": at,
        "expires_at": at + OFFER_FOR,
        "hung_up_key": receipt_key(HUNG_UP, sid),
        "repeated_since": at - REPEATED_WITHIN,
        "known_since": at - KNOWN_FOR,
    }
    connection = session.connection()
    record = _record_at_once if connection.dialect.name == "postgresql" else _record_in_steps
    new = record(connection, values)
    if new is not None:
        _tell(session, new, handling=handling, at=at)
        return Received(new.call_id, new.practice_id, handling, is_new=True, is_offered=new.reservation_id is not None)
    known = connection.execute(FIND_CALL, {"sid": sid}).one_or_none()
    return None if known is None else Received(known[0], known[1], CallHandling(known[2]), is_new=False)


def _record_at_once(connection: Connection, values: dict[str, Any]) -> _Arrival | None:
    row = connection.execute(RECORD_AT_ONCE, values).one_or_none()
    return None if row is None else _Arrival(*row)


def _record_in_steps(connection: Connection, values: dict[str, Any]) -> _Arrival | None:
    """The only writer of a SQLite database: what it has just read stays so."""
    values = values | {name: as_sqlite_keeps_it(values[name]) for name in _INSTANTS}
    with contextlib.closing(connection.connection.cursor()) as cursor:

        def take(step: Step) -> Any:
            cursor.execute(step.sql, step.parameters(values))
            rows = cursor.fetchall()
            return rows[0] if rows else None

        call = take(Steps.insert_call)
        if call is None:
            return None
        values["call_id"], values["practice_id"], values["line_id"] = call
        leg_id = take(Steps.insert_leg)[0]
        has_hung_up, somebody_waits, somebody_is_idle = take(Steps.look)
        new = _Arrival(call[0], call[1], leg_id, bool(has_hung_up), bool(somebody_is_idle))
        if values["handling"] != CallHandling.QUEUE:
            return new
        entry = take(Steps.insert_entry)
        values["entry_id"], new.priority_reason = entry[0], entry[3]
        if has_hung_up or somebody_waits or not somebody_is_idle:
            return new
        best = take(Steps.choose)
        if best is None:
            return new
        values["offered_to"], values["idle_since"], values["rule"] = best
        offer = take(Steps.insert_offer)
        if offer is not None:
            take(Steps.reserve)
            new.staff_id, [new.reservation_id] = best[0], offer
        return new


def _tell(session: Session, new: _Arrival, *, handling: CallHandling, at: datetime) -> None:
    """Who must hear of a new call, and what the statements leave to do: they know only the ordinary case."""
    publish(session, CallReceived(call_id=new.call_id, practice_id=new.practice_id, at=at))
    if handling is CallHandling.QUEUE:
        touch(session, "queue")
        publish(session, CallQueued(call_id=new.call_id, practice_id=new.practice_id, at=at))
        if new.priority_reason == PriorityReason.PROMISED and not new.has_hung_up:
            take_promised_place(session, new.call_id, at=at)
        if new.reservation_id is not None and new.staff_id is not None:
            touch(session, f"desk-{new.staff_id}", f"call-{new.call_id}")
            publish(
                session,
                CallOffered(
                    call_id=new.call_id,
                    practice_id=new.practice_id,
                    staff_id=new.staff_id,
                    reservation_id=new.reservation_id,
                    at=at,
                ),
            )
        elif new.somebody_is_idle and not new.has_hung_up:
            # Others wait although somebody is free: declined, or being offered elsewhere at this moment.
            if new.staff_id is not None:
                move_agent(session, new.staff_id, from_=[AgentStatus.RESERVED], to=AgentStatus.AVAILABLE, at=at)
            offer_waiting_calls(session, at=at)
    if new.has_hung_up:
        # The end overtook the beginning: nobody may be asked to take a caller who is gone.
        patient = session.scalars(select(Leg).where(Leg.id == new.leg_id)).one()
        record_leg_event(session, patient, LegNews.HUNG_UP, at=_hung_up_at(session, new.call_id, at=at))


def _hung_up_at(session: Session, call_id: int, *, at: datetime) -> datetime:
    """When the end was heard that overtook its beginning: the beginning may be written down long after it came."""
    sid = session.scalars(select(Call.sid).where(Call.id == call_id)).one()
    receipt = session.get(WebhookReceipt, receipt_key(HUNG_UP, sid))
    return at if receipt is None else max(at, receipt.received_at)


def _note_misdialled(session: Session, *, sid: str, to_number: str, from_number: str | None, at: datetime) -> None:
    if insert_new(
        session,
        MisdialledCall,
        sid=sid,
        to_number=clean_line(to_number, limit=40),
        from_number=read_caller(from_number),
        received_at=at,
    ):
        touch(session, "queue")
