"""The centre's directory of emergency lines: direct numbers agreed with in writing, verified again and again."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number, refusal_to_call
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill, needed
from callcenter.directory.emergency_order import (
    KeptLine,
    LineToTry,
    Proof,
    department_of,
    due_date,
    is_department,
    order_of_trying,
    proof_of,
)
from callcenter.directory.models import EmergencyLine, Practice, Site, Staff
from callcenter.directory.ordinary_numbers import refuse_ordinary

COUNTRIES = ("FR", "BE", "LU", "CH", "MC")
TOPIC = "emergency-lines"
_EVERYWHERE = "112"
_LONGEST = 365  # days between two verifications


@dataclass(frozen=True, slots=True)
class EmergencyLineParticulars:
    """A line as typed; days as numbers, dates as ISO writes them."""

    label: str = ""
    number: str = ""
    country: str = "FR"
    department: str = ""
    agreement: str = ""
    agreed_on: str = ""
    verify_every: str = "90"
    position: str = "0"


@dataclass(frozen=True, slots=True)
class ListedLine:
    """A line as the screen lists it; ``due_on`` is the last day on which it counts as verified."""

    line: EmergencyLine
    proof: Proof
    due_on: date | None
    verified_by: str


@dataclass(frozen=True, slots=True)
class ProofCounts:
    """How many active lines ask for a verification call."""

    due: int
    overdue: int  # or never verified


def list_emergency_lines(session: Session, *, today: date) -> list[ListedLine]:
    """Every line, those in use first, each country and département in the order of trying."""
    rows = session.execute(
        select(EmergencyLine, Staff.name)
        .outerjoin(Staff, Staff.id == EmergencyLine.verified_by)
        .order_by(
            EmergencyLine.is_active.desc(),
            EmergencyLine.country,
            EmergencyLine.department,
            EmergencyLine.position,
            EmergencyLine.id,
        )
    ).all()
    return [
        ListedLine(
            line=line,
            proof=_proof(line, today),
            due_on=due_date(line.verified_on, verify_every=line.verify_every) if line.verified_on else None,
            verified_by=name or "",
        )
        for line, name in rows
    ]


def count_unproven(session: Session, *, today: date) -> ProofCounts:
    """How many lines in use are due, and how many overdue or never verified."""
    lines = session.scalars(select(EmergencyLine).where(EmergencyLine.is_active)).all()
    proofs = [_proof(line, today) for line in lines]
    return ProofCounts(due=proofs.count(Proof.DUE), overdue=proofs.count(Proof.OVERDUE) + proofs.count(Proof.NEVER))


def lines_of_practice(session: Session, practice: Practice, *, today: date) -> list[LineToTry]:
    """The lines to try for a practice, in order; whether each may be dialled in training is not asked here.

    Needs a scope that sees the practice's sites.
    """
    codes = session.scalars(
        select(Site.postal_code).where(Site.practice_id == practice.id, Site.postal_code != "").order_by(Site.id)
    ).all()
    kept = session.scalars(select(EmergencyLine).where(EmergencyLine.is_active)).all()
    own = LineToTry(practice.emergency_number, practice.emergency_label) if practice.emergency_number else None
    return order_of_trying(
        [
            KeptLine(
                line_id=line.id,
                country=line.country,
                department=line.department,
                label=line.label,
                number=line.number,
                position=line.position,
                proof=_proof(line, today),
            )
            for line in kept
        ],
        own=own,
        country=practice.country,
        departments=[department_of(code) for code in codes],
    )


def load_emergency_line(session: Session, line_id: int) -> EmergencyLine:
    """One line. Raises ``NotFound``."""
    line = session.get(EmergencyLine, line_id)
    if line is None:
        raise NotFound(N_("There is no such emergency line."))
    return line


def add_emergency_line(
    session: Session, typed: EmergencyLineParticulars, *, at: datetime, staff_id: int | None
) -> EmergencyLine:
    """Take a line into the directory, verified by nobody yet. Raises ``Invalid`` naming the field."""
    line = EmergencyLine(**_columns(typed))
    refuse_ordinary(session, line.number, field="number")
    session.add(line)
    session.flush()
    _note(session, "emergency_line_added", line, at=at, staff_id=staff_id)
    return line


def change_emergency_line(
    session: Session, line: EmergencyLine, typed: EmergencyLineParticulars, *, at: datetime, staff_id: int
) -> bool:
    """Correct a line and tell whether anything changed; another number has to be verified anew.

    Raises ``Invalid`` naming the field.
    """
    columns = _columns(typed)
    if columns["number"] != line.number:
        refuse_ordinary(session, str(columns["number"]), field="number")
        columns |= {"verified_on": None, "verified_by": None}
    changed = fill(line, columns)
    if changed:
        _note(session, "emergency_line_changed", line, at=at, staff_id=staff_id)
    return changed


def retire_emergency_line(session: Session, line: EmergencyLine, *, at: datetime, staff_id: int) -> None:
    """Dial a line no more; it stays, with what was agreed. Retired twice, nothing changes."""
    if fill(line, {"is_active": False}):
        _note(session, "emergency_line_retired", line, at=at, staff_id=staff_id)


def restore_emergency_line(session: Session, line: EmergencyLine, *, at: datetime, staff_id: int) -> None:
    """Dial a retired line again."""
    if fill(line, {"is_active": True}):
        _note(session, "emergency_line_restored", line, at=at, staff_id=staff_id)


def verify_emergency_line(session: Session, line: EmergencyLine, *, today: date, at: datetime, staff_id: int) -> None:
    """Note that the line answered a test call today. ``today`` is the centre's date."""
    if fill(line, {"verified_on": today, "verified_by": staff_id}):
        _note(session, "emergency_line_verified", line, at=at, staff_id=staff_id)


def read_emergency_number(typed: str, *, country: str, field: str) -> str:
    """E.164, or a short number such as 112. Raises ``Invalid``.

    Refused here already when it would never be called, rather than when somebody is in danger.
    """
    cleaned = clean_line(typed, limit=40)
    digits = cleaned.replace(" ", "")
    short = digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 4 and not digits.startswith("0")
    number = digits if short else parse_number(cleaned, country=country, field=field)
    refusal = refusal_to_call(number, emergency=True)
    if refusal:
        raise Invalid(refusal, field=field)
    return number


def _columns(typed: EmergencyLineParticulars) -> dict[str, object]:
    country = clean_line(typed.country).upper()
    if country not in COUNTRIES:
        raise Invalid(N_("This country is not known. Example: FR."), field="country")
    department = clean_line(typed.department, limit=10).upper()
    if department and (country != "FR" or not is_department(department)):
        raise Invalid(
            N_("This is not a French département. Example: 44, 2A or 974; empty for the whole country."),
            field="department",
        )
    number = read_emergency_number(typed.number, country=country, field="number")
    if not number.startswith("+") and number != _EVERYWHERE:
        raise Invalid(
            N_("A short number reaches the centre of our own place, not the patient's. Only 112 may be short."),
            field="number",
        )
    return {
        "label": needed(typed.label, N_("A name is needed."), field="label", limit=80),
        "number": number,
        "country": country,
        "department": department,
        "agreement": clean_line(typed.agreement, limit=200),
        "agreed_on": _day(typed.agreed_on, field="agreed_on"),
        "verify_every": _whole(typed.verify_every, least=1, most=_LONGEST, field="verify_every"),
        "position": _whole(typed.position, least=0, most=99, field="position"),
    }


def _day(typed: str, *, field: str) -> date | None:
    cleaned = clean_line(typed, limit=10)
    try:
        return date.fromisoformat(cleaned) if cleaned else None
    except ValueError:
        raise Invalid(N_("This is not a date. Example: 2026-11-23."), field=field) from None


def _whole(typed: str, *, least: int, most: int, field: str) -> int:
    cleaned = clean_line(typed, limit=10)
    if not (cleaned.isascii() and cleaned.isdecimal() and least <= int(cleaned) <= most):
        raise Invalid(N_("A whole number from %(least)s to %(most)s is needed."), field=field, least=least, most=most)
    return int(cleaned)


def _proof(line: EmergencyLine, today: date) -> Proof:
    return proof_of(line.verified_on, verify_every=line.verify_every, today=today)


def _note(session: Session, action: str, line: EmergencyLine, *, at: datetime, staff_id: int | None) -> None:
    record_act(session, action, f"emergency_line {line.id}", at=at, staff_id=staff_id)
    touch(session, TOPIC, "queue")
