"""A signed ticket that lets one operator ring the emergency lines of one call while the database does not answer. Pure.

It lies in the page of her call, which shows the patient's number as well; beside that it says nothing of the patient
but the carrier's names of her call and telephone.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from callcenter.core.errors import Conflict, Forbidden, Problem
from callcenter.core.i18n import N_
from callcenter.desk.relay_rules import refusal_to_dial

LASTS = timedelta(hours=2)
"""From the last reading of its page on, which renews it; what was done with it may be written down for longer."""

WRITTEN_DOWN_WITHIN = timedelta(hours=10)
_RENEWED_EVERY = 15 * 60  # seconds: between two, the page is the same at each reading
_PURPOSE = b"callcenter emergency ticket 1"
_LONGEST = 6000  # characters


@dataclass(frozen=True, slots=True)
class EmergencyTicket:
    """What is needed to ring a call's emergency lines without looking anything up. Numbers are E.164 or short."""

    practice_id: int
    call_id: int
    call_sid: str
    staff_id: int
    session_id: int  # the browser it was given to: signed out, or its desk taken over, it rings while nobody can tell
    mode: str  # the practice's: in training only fictional numbers are rung
    country: str
    caller: str  # the number shown
    lines: tuple[tuple[str, str], ...]  # number and label, in the order of trying
    expires_at: int  # seconds since 1970
    patient_number: str = ""  # where she is rung back
    patients: int = 1  # her telephones so far: the next is labelled as the ordinary ring back would label it


def expiry(at: datetime) -> int:
    """Until when a ticket given out at this instant is valid, in seconds since 1970."""
    return (int(at.timestamp()) // _RENEWED_EVERY + 1) * _RENEWED_EVERY + int(LASTS.total_seconds())


def seal_ticket(ticket: EmergencyTicket, *, secret: str) -> str:
    """The ticket as text, signed."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(ticket), separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{body}.{_signature(body, secret)}"


def open_ticket(sealed: str, *, secret: str, at: datetime, late: timedelta = timedelta(0)) -> EmergencyTicket:
    """The ticket, if it is ours and still valid, or was until ``late`` ago. Raises ``Forbidden``."""
    body, _, signature = sealed.partition(".")
    if len(sealed) > _LONGEST or not sealed.isascii() or not hmac.compare_digest(signature, _signature(body, secret)):
        raise Forbidden(N_("This page may not ring the emergency line. Dial on your own telephone."))
    try:
        facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, binascii.Error):
        raise Forbidden(N_("This page may not ring the emergency line. Dial on your own telephone.")) from None
    lines = tuple((str(number), str(label)) for number, label in facts.pop("lines"))
    ticket = EmergencyTicket(**facts, lines=lines)
    if (at - late).timestamp() >= ticket.expires_at:
        raise Forbidden(N_("This page is too old to ring the emergency line. Dial on your own telephone."))
    return ticket


def line_of(ticket: EmergencyTicket, place: int) -> tuple[str, str] | Problem:
    """Number and label of the line at this place, from 0; after the last comes the first. A refusal when none may be.

    What training forbids is asked once more here: a ticket must be no way around it.
    """
    if not ticket.lines:
        return refusal_to_dial(ticket.mode, "", country=ticket.country) or Conflict(N_("No line may be dialled."))
    number, label = ticket.lines[place % len(ticket.lines)]
    return refusal_to_dial(ticket.mode, number, country=ticket.country) or (number, label)


def _signature(body: str, secret: str) -> str:
    key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
    return hmac.digest(key, body.encode(), hashlib.sha256).hex()
