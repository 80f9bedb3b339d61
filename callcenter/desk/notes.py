"""What the operator writes down during a call: the caller's own words, and whom the call is about."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, clean_text
from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote
from callcenter.directory.models import Patient, Practice
from callcenter.directory.patients import read_birth_date
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call


def save_words(session: Session, call_id: int, *, staff_id: int, words: str, at: datetime) -> CallNote:
    """Keep the caller's words as typed so far; the last text sent wins.

    Once a colleague has the caller, what the one before her still sends changes nothing: it would be older. Signals
    nothing: the only screen that shows them is the one they are typed on. Raises ``NotFound``.
    """
    note = _note_of(session, handled_call(session, call_id, staff_id=staff_id), at=at)
    if _is_with_colleague(session, call_id, staff_id):
        return note
    note.words = clean_text(words)
    note.written_at = at
    return note


def words_and_person(session: Session, call_id: int) -> tuple[str, str]:
    """The caller's words, and the name of whom the call is about; empty until they are known."""
    row = session.execute(
        select(CallNote.words, Patient.title, Patient.given_name, Patient.family_name)
        .outerjoin(Patient, Patient.id == CallNote.patient_id)
        .where(CallNote.call_id == call_id)
    ).one_or_none()
    if row is None:
        return "", ""
    return row.words, " ".join(part for part in (row.title, row.given_name, row.family_name) if part)


def add_words(session: Session, call: Call, words: str, *, at: datetime) -> None:
    """Put a line below what the call's note says; said there already, it is not said again."""
    note = _note_of(session, call, at=at)
    if words not in note.words:
        note.words = clean_text(f"{note.words}\n{words}")
        note.written_at = at


def choose_patient(
    session: Session, call_id: int, *, staff_id: int, patient_id: int | None, at: datetime
) -> Patient | None:
    """Say whom the call is about, once the caller was asked; None goes back to asking.

    Raises ``NotFound`` when the call is not hers or the patient is not one of the called practice.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    patient = None
    if patient_id is not None:
        patient = session.scalar(select(Patient).where(Patient.id == patient_id))
        if patient is None:
            raise NotFound(N_("This person is not known at this practice."))
    note = _note_of(session, call, at=at)
    note.patient_id = patient_id
    touch(session, f"desk-{staff_id}")
    return patient


def noted_in_call(
    session: Session, call: Call, *, family_name: str, given_name: str, birth_on: str, phone: str, at: datetime
) -> Patient | None:
    """The patient added earlier in this very call with the same name, birth date and number: one form sent twice.

    None when nobody was, or somebody else. Raises ``Invalid`` as adding does.
    """
    patient = session.scalar(
        select(Patient)
        .join(CallNote, CallNote.patient_id == Patient.id)
        .where(CallNote.call_id == call.id, Patient.created_at >= call.received_at)
    )
    if patient is None or (patient.family_name, patient.given_name) != (
        clean_line(family_name, limit=80),
        clean_line(given_name, limit=80),
    ):
        return None
    country = session.scalar(select(Practice.country).where(Practice.id == call.practice_id)) or "FR"
    number = parse_number(phone, country=country, field="phone") if clean_line(phone) else None
    same = (patient.birth_on, patient.phone) == (read_birth_date(birth_on, at=at), number)
    return patient if same else None


def _is_with_colleague(session: Session, call_id: int, staff_id: int) -> bool:
    talking = select(Agent.staff_id).where(Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL)
    on_it = session.scalars(talking).all()
    return bool(on_it) and staff_id not in on_it


def _note_of(session: Session, call: Call, *, at: datetime) -> CallNote:
    note = session.get(CallNote, call.id)
    if note is None:
        note = CallNote(call_id=call.id, practice_id=call.practice_id, written_at=at, words="")
        session.add(note)
    return note
