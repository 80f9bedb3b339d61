"""Reading one call card from its rows. Always the same number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices, scope_of, set_scope
from callcenter.desk.card import CallCard, CardInstruction, CardState, PastCall
from callcenter.desk.cautions import cautions_on
from callcenter.desk.company import Company, read_company
from callcenter.desk.dispositions import likely_disposition
from callcenter.desk.models import CallNote, Disposition, DispositionCode, EmergencyRelay
from callcenter.desk.persons import known_persons, read_booked_here
from callcenter.desk.shield import noted_abuse
from callcenter.desk.supervision_view import watchers_of
from callcenter.desk.why import read_why
from callcenter.directory.models import Forwarding, Patient, Practice, PracticeLine, Practitioner, Site, Staff
from callcenter.dispatch.models import MessageStatus
from callcenter.dispatch.on_call import on_call_line
from callcenter.dispatch.reading import messages_on_card
from callcenter.instructions.greeting import callback_phrase, greeting_phrase
from callcenter.instructions.standing import instructions_in_force
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, Reservation, ReservationStatus
from callcenter.routing.redialling import waiting_now_since
from callcenter.telephony.models import Call, CallDirection, Leg, LegRole, LegStatus
from callcenter.telephony.recording import recording_since, was_stopped_for_company
from callcenter.telephony.ringing_back import ringing_back

MESSAGES_SHOWN_FOR = timedelta(days=14)
_LAST_CALLS = 3
_CALLING_BACK = (CardState.TALKING, CardState.HOLD)


@dataclass(frozen=True, slots=True)
class _Held:
    """Which call is hers, and since when in which state."""

    call_id: int
    agent: Agent
    reservation: Reservation | None


def call_card(session: Session, staff_id: int, *, at: datetime) -> CallCard | None:
    """The card of the call she is offered, talks on or wraps up; None when there is none.

    Derived from rows alone, so a reload shows the same: an unqualified call comes back until it has its disposition.
    """
    held = _held_call(session, staff_id)
    if held is None:
        return None
    row = session.execute(
        select(Call, Practice, PracticeLine, waiting_now_since())
        .join(Practice, Practice.id == Call.practice_id)
        .join(PracticeLine, PracticeLine.id == Call.line_id)
        .outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        .where(Call.id == held.call_id)
    ).one_or_none()
    if row is None:
        return None
    call, practice, line, joined_at = row
    before = scope_of(session)
    # From here on nothing of another practice may reach this card, whatever a query forgets to say.
    set_scope(session, Practices.of(call.practice_id))
    try:
        return _assemble(
            session, held, call, practice, line, joined_at=joined_at or call.received_at, staff_id=staff_id, at=at
        )
    finally:
        if before is not None:
            set_scope(session, before)


def _first_words(call: Call, practice: Practice, staff: Staff, *, at: datetime) -> str:
    """What she says first: the practice's own words to a caller, others to whom she rings back."""
    said: dict[str, Any] = {
        "hour_local": at.astimezone(ZoneInfo(practice.zone)).time(),
        "operator": staff.first_name or staff.name,
        "practice": practice.name,
        "language": practice.language,
    }
    if call.direction == CallDirection.OUTBOUND:
        return callback_phrase(**said)
    return greeting_phrase(practice.greeting, **said)


def _held_call(session: Session, staff_id: int) -> _Held | None:
    row = session.execute(
        select(Agent, Reservation)
        .outerjoin(
            Reservation,
            and_(Reservation.staff_id == Agent.staff_id, Reservation.status == ReservationStatus.PENDING),
        )
        .where(Agent.staff_id == staff_id)
    ).one_or_none()
    if row is None:
        return None
    agent, reservation = row
    if agent.status == AgentStatus.RESERVED and reservation is not None:
        return _Held(reservation.call_id, agent, reservation)
    if agent.status in {AgentStatus.ON_CALL, AgentStatus.WRAP_UP} and agent.call_id is not None:
        return _Held(agent.call_id, agent, None)
    return None


def _assemble(
    session: Session,
    held: _Held,
    call: Call,
    practice: Practice,
    line: PracticeLine,
    *,
    joined_at: datetime,
    staff_id: int,
    at: datetime,
) -> CallCard:
    staff = session.get_one(Staff, staff_id)
    legs = session.scalars(select(Leg).where(Leg.call_id == call.id).order_by(Leg.id)).all()
    # The last one, when she was rung back.
    patient_leg = next((leg for leg in reversed(legs) if leg.role == LegRole.PATIENT), None)
    own = [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]
    own_leg = own[-1] if own else None
    company = read_company(session, call.id, legs, staff_id=staff_id)
    state = _state_of(held, company, own)
    if state in _CALLING_BACK and call.direction == CallDirection.OUTBOUND and not _was_reached(legs):
        state = CardState.CALLING
    note, about = _note_and_patient(session, call.id)
    places = session.execute(
        select(Practitioner.name, Site.city)
        .join(Site, Site.id == Practitioner.site_id)
        .order_by(Practitioner.position, Practitioner.id)
    ).all()
    persons, patient = known_persons(session, call.from_number, about, practice_id=practice.id, at=at)
    booked = read_booked_here(session, call.id)
    messages = messages_on_card(
        session, call.id, None if patient is None else patient.id, since=at - MESSAGES_SHOWN_FOR
    )
    relay, in_emergency, disposition = _outcome(session, call.id)
    abuse = noted_abuse(session, call.id)
    live = [item for item in booked if not item.is_cancelled]
    known = [one.id for one in [*persons, patient] if one is not None]
    cautions = cautions_on(session, practice.id, number=call.from_number, patient_ids=known, at=at)
    return CallCard(
        call_id=call.id,
        sid=call.sid,
        practice_id=practice.id,
        state=state,
        joined_at=joined_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        state_since=held.agent.status_since,
        reservation_id=held.reservation.id if held.reservation else None,
        offered_at=held.reservation.offered_at if held.reservation else None,
        offer_expires_at=held.reservation.expires_at if held.reservation else None,
        why=read_why(session, call, staff_id),
        greeting=_first_words(call, practice, staff, at=at),
        on_call=on_call_line(session, practice.id, at=at),
        practice_name=practice.name,
        city=", ".join(dict.fromkeys(city for _, city in places if city)),
        practitioners=[name for name, _ in places],
        is_callback=call.direction == CallDirection.OUTBOUND,
        line_label=line.label,
        line_number=line.number,
        forwarding=Forwarding(line.forwarding),
        country=practice.country,
        zone=practice.zone,
        from_number=call.from_number,
        held_at=patient_leg.held_at if patient_leg is not None and patient_leg.on_hold else None,
        patient_has_left=patient_leg is not None and patient_leg.status == LegStatus.LEFT,
        may_leave=state is not CardState.HOLD or _has_company(legs, own_leg),
        lost=ringing_back(call, legs),
        telephone_failure=own_leg.failure if own_leg is not None and own_leg.status == LegStatus.FAILED else "",
        company=company,
        recorded_since=recording_since(session, call.id),
        recording_broke_off=practice.records_calls and was_stopped_for_company(session, call.id),
        may_record=practice.records_calls and not in_emergency,
        may_breathe=state is CardState.WRAP_UP and (relay or abuse is not None),
        abuse=abuse,
        cautions=[] if relay else cautions,
        watchers=watchers_of(session, call.id),
        instructions=_instructions(session, call, staff_id=staff_id, at=at),
        persons=persons,
        patient=patient,
        past_calls=_past_calls(session, call),
        words=note.words if note else "",
        booked=booked,
        messages=messages,
        emergency_opened=relay,
        in_emergency=in_emergency,
        likely=likely_disposition(
            relayed=relay,
            booked=bool(live),
            cancelled=len(live) < len(booked),
            messaged=any(one.call_id == call.id and one.status is not MessageStatus.WITHDRAWN for one in messages),
            put_through=company.put_through,
            abused=abuse is not None,
        ),
        qualified=disposition,
    )


def _state_of(held: _Held, company: Company, own: Sequence[Leg]) -> CardState:
    if held.reservation is not None:
        return CardState.RINGING
    if held.agent.status == AgentStatus.WRAP_UP:
        return CardState.WRAP_UP
    if not any(leg.status == LegStatus.JOINED for leg in own):
        return CardState.CUT if any(leg.joined_at is not None for leg in own) else CardState.CONNECTING
    if company.third is not None:
        return CardState.CONSULTING if company.is_held or not company.third_is_in else CardState.THREE_WAY
    return CardState.HOLD if company.is_held else CardState.TALKING


def _was_reached(legs: Sequence[Leg]) -> bool:
    """Whether the patient of a call of ours ever answered."""
    return any(leg.role == LegRole.PATIENT and leg.joined_at is not None for leg in legs)


def _has_company(legs: Sequence[Leg], own_leg: Leg | None) -> bool:
    others = [leg for leg in legs if leg.role != LegRole.PATIENT and leg is not own_leg]
    return any(leg.status == LegStatus.JOINED for leg in others)


def _instructions(session: Session, call: Call, *, staff_id: int, at: datetime) -> list[CardInstruction]:
    last = session.scalar(select(func.max(Leg.wanted_at)).where(Leg.staff_id == staff_id, Leg.call_id != call.id))
    standing = instructions_in_force(session, call.practice_id, at=at)
    found = [
        CardInstruction(
            text=one.text,
            valid_until=one.valid_until,
            written_at=one.written_at,
            is_new=last is not None and one.written_at > last,
        )
        for one in standing
    ]
    # New ones first, then those that expire, then the rest; within each the practice's own order.
    return sorted(found, key=lambda one: (not one.is_new, one.valid_until is None))


def _note_and_patient(session: Session, call_id: int) -> tuple[CallNote | None, Patient | None]:
    row = session.execute(
        select(CallNote, Patient)
        .outerjoin(Patient, Patient.id == CallNote.patient_id)
        .where(CallNote.call_id == call_id)
    ).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


def _outcome(session: Session, call_id: int) -> tuple[bool, bool, DispositionCode | None]:
    row = session.execute(
        select(EmergencyRelay.call_id, EmergencyRelay.taken_over_at, Disposition.code)
        .select_from(Call)
        .outerjoin(EmergencyRelay, EmergencyRelay.call_id == Call.id)
        .outerjoin(Disposition, Disposition.call_id == Call.id)
        .where(Call.id == call_id)
    ).one()
    relayed, taken_over_at, code = row
    in_emergency = relayed is not None and taken_over_at is None
    return relayed is not None, in_emergency, None if code is None else DispositionCode(code)


def _past_calls(session: Session, call: Call) -> list[PastCall]:
    if call.from_number is None:
        return []  # withheld: strangers must not share a history
    rows = session.execute(
        select(Call.received_at, CallNote.words, Disposition.code)
        .outerjoin(CallNote, CallNote.call_id == Call.id)
        .outerjoin(Disposition, Disposition.call_id == Call.id)
        .where(Call.from_number == call.from_number, Call.id != call.id, Call.received_at <= call.received_at)
        .order_by(Call.received_at.desc())
        .limit(_LAST_CALLS)
    )
    return [
        PastCall(received_at=received_at, words=words or "", code=None if code is None else DispositionCode(code))
        for received_at, words, code in rows
    ]
