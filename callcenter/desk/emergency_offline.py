"""What lies ready in the page of a call, should the database stop answering when the emergency begins."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.config import Settings
from callcenter.core.text import clean_line
from callcenter.core.training import refusal_in_training
from callcenter.desk.card import CallCard, CardState
from callcenter.desk.emergency_ticket import EmergencyTicket, expiry, seal_ticket
from callcenter.desk.relay_rows import lines_to_try
from callcenter.desk.relay_rules import may_be_dialled, own_telephone_number
from callcenter.directory.models import Practice
from callcenter.telephony.lines import is_emergency_line
from callcenter.telephony.models import Call, Leg, LegRole


@dataclass(frozen=True, slots=True)
class OfflineRelay:
    """One call's emergency card as the page keeps it, filled already; ``lines`` are number and label in order."""

    call_id: int
    sealed: str  # the ticket
    lines: tuple[tuple[str, str], ...]
    attempts: int  # lines rung so far, as far as the page knows
    own_number: str
    in_training: bool
    from_number: str | None
    patient_number: str  # where she is rung back; empty when that may not be, or is not known
    person: str


def offline_relay(
    session: Session, card: CallCard | None, *, staff_id: int, session_id: int, settings: Settings, at: datetime
) -> OfflineRelay | None:
    """What the page of this call keeps; None while she has no call."""
    if card is None or card.state in {CardState.RINGING, CardState.WRAP_UP}:
        return None
    practice = session.get_one(Practice, card.practice_id)
    usable = may_be_dialled(lines_to_try(session, practice, at=at), mode=practice.mode)
    rung = select(Leg.role, func.count()).where(Leg.call_id == card.call_id).group_by(Leg.role)
    counted = {LegRole(role): number for role, number in session.execute(rung)}
    ticket = EmergencyTicket(
        practice_id=card.practice_id,
        call_id=card.call_id,
        call_sid=card.sid,
        staff_id=staff_id,
        session_id=session_id,
        mode=practice.mode,
        country=practice.country,
        caller=settings.caller_number or card.line_number,
        lines=tuple((line.number, line.label) for line in usable),
        expires_at=expiry(at),
        patient_number=_where_she_is_rung_back(session, card.call_id, practice.mode),
        patients=counted.get(LegRole.PATIENT, 1),
    )
    return OfflineRelay(
        call_id=card.call_id,
        sealed=seal_ticket(ticket, secret=settings.secret_key.get_secret_value()),
        lines=ticket.lines,
        attempts=counted.get(LegRole.EMERGENCY, 0),
        own_number=own_telephone_number(practice.country),
        in_training=practice.mode != "live",
        from_number=card.from_number,
        patient_number=ticket.patient_number,
        # No longer than the field it is sent back in: a longer one would be refused, and all that was typed with it.
        person=clean_line(card.patient.name, limit=120) if card.patient else "",
    )


def _where_she_is_rung_back(session: Session, call_id: int, mode: str) -> str:
    """The number she told, or else the one she rang from; in training never a real one that was typed."""
    told, rang_from = session.execute(select(Call.callback_number, Call.from_number).where(Call.id == call_id)).one()
    for number in (told, rang_from):
        is_line = number is not None and is_emergency_line(session, number)
        is_hers = number == rang_from
        if number and not refusal_in_training(mode, number, takes_part=is_hers, is_emergency_line=is_line):
            return str(number)
    return ""
