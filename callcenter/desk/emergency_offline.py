"""What lies ready in the page of a call, should the database stop answering when the emergency begins."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.config import Settings
from callcenter.desk.card import CallCard, CardState
from callcenter.desk.emergency_ticket import EmergencyTicket, expiry, seal_ticket
from callcenter.desk.relay_rows import lines_to_try
from callcenter.desk.relay_rules import may_be_dialled, own_telephone_number
from callcenter.directory.models import Practice
from callcenter.telephony.models import Leg, LegRole


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
    person: str


def offline_relay(
    session: Session, card: CallCard | None, *, staff_id: int, session_id: int, settings: Settings, at: datetime
) -> OfflineRelay | None:
    """What the page of this call keeps; None while she has no call."""
    if card is None or card.state in {CardState.RINGING, CardState.WRAP_UP}:
        return None
    practice = session.get_one(Practice, card.practice_id)
    usable = may_be_dialled(lines_to_try(session, practice, at=at), mode=practice.mode)
    counted = select(func.count()).where(Leg.call_id == card.call_id, Leg.role == LegRole.EMERGENCY)
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
    )
    return OfflineRelay(
        call_id=card.call_id,
        sealed=seal_ticket(ticket, secret=settings.secret_key.get_secret_value()),
        lines=ticket.lines,
        attempts=session.scalar(counted) or 0,
        own_number=own_telephone_number(practice.country),
        in_training=practice.mode != "live",
        from_number=card.from_number,
        person=card.patient.name if card.patient else "",
    )
