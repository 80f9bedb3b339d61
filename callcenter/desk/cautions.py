"""Flags on a number or a patient after abuse: decided by a supervisor, with an end, open to appeal.

A caution tells the next operator to be prepared. It never blocks a call, never delays one, and is not shown in an
emergency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session, aliased

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, clean_text
from callcenter.desk.models import AbuseKind, AbuseReport, CallNote, Caution
from callcenter.desk.queue_view import person_name
from callcenter.directory.models import Patient, Practice, Staff
from callcenter.routing.agents import was_changed
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call

DEFAULT_DAYS, MOST_DAYS = 90, 365
REASON_LIMIT = 300
_WORDS_LIMIT = 2000
_REPORTS_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CardCaution:
    """What the operator reads: until when, and why."""

    reason: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report of abuse on which a supervisor may decide; ``patient_name`` empty when nobody was chosen."""

    call_id: int
    practice_name: str
    operator_name: str
    kind: AbuseKind
    words: str
    number: str | None
    patient_name: str
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class CautionLine:
    """One caution, with its appeal; ``setter_id`` may not decide on it."""

    id: int
    practice_name: str
    number: str | None
    patient_name: str
    reason: str
    setter_id: int
    setter_name: str
    set_at: datetime
    expires_at: datetime
    appeal: str
    appealed_at: datetime | None
    decision: str
    decider_name: str
    decided_at: datetime | None
    lifted_at: datetime | None


def cautions_on(
    session: Session, practice_id: int, *, number: str | None, patient_ids: Sequence[int], at: datetime
) -> list[CardCaution]:
    """The cautions that hold at this instant for this number, or for one of these patients. One query."""
    whom: list[ColumnElement[bool]] = [Caution.patient_id.in_(patient_ids)]
    if number is not None:
        whom.append(Caution.number == number)
    found = session.scalars(
        select(Caution)
        .where(Caution.practice_id == practice_id, Caution.lifted_at.is_(None), Caution.expires_at > at, or_(*whom))
        .order_by(Caution.id)
    )
    return [CardCaution(one.reason, one.expires_at) for one in found]


def set_caution(
    session: Session, call_id: int, *, on_patient: bool, reason: str, days: str, staff_id: int, at: datetime
) -> Caution:
    """Flag the number, or the patient, of a call in which an operator was abused. Set twice, it is the first.

    Raises ``NotFound`` when nothing was reported, ``Invalid`` (fields ``reason``, ``days``) and ``Conflict`` when the
    call has no such number or patient.
    """
    report = session.scalar(select(AbuseReport).where(AbuseReport.call_id == call_id))
    if report is None:
        raise NotFound(N_("Nothing was reported of this call."))
    why = clean_line(reason, limit=REASON_LIMIT)
    if not why:
        raise Invalid(N_("Say why: operators read it, and whoever is concerned may answer it."), field="reason")
    lasts = _read_days(days)
    call = lock_call(session, call_id)
    patient_id = session.scalar(select(CallNote.patient_id).where(CallNote.call_id == call_id)) if on_patient else None
    number = None if on_patient else call.from_number
    if number is None and patient_id is None:
        raise Conflict(N_("This call has no number, or no patient was chosen in it: there is nothing to flag."))
    existing = session.scalar(
        select(Caution).where(
            Caution.call_id == call_id,
            Caution.number.is_not_distinct_from(number),
            Caution.lifted_at.is_(None),
            Caution.patient_id.is_not_distinct_from(patient_id),
        )
    )
    if existing is not None:
        return existing
    caution = Caution(
        practice_id=call.practice_id,
        number=number,
        patient_id=patient_id,
        call_id=call_id,
        reason=why,
        set_by=staff_id,
        set_at=at,
        expires_at=at + timedelta(days=lasts),
    )
    session.add(caution)
    session.flush()
    _note(session, caution, "set", staff_id=staff_id, at=at)
    return caution


def note_appeal(session: Session, caution_id: int, *, words: str, staff_id: int, at: datetime) -> None:
    """Keep what the person concerned says against it. Raises ``Invalid`` (field ``words``) and ``NotFound``."""
    said = clean_text(words, limit=_WORDS_LIMIT)
    if not said:
        raise Invalid(N_("Write down what the person says."), field="words")
    caution = _find(session, caution_id)
    fresh = update(Caution).where(
        Caution.id == caution_id, Caution.appealed_at.is_(None), Caution.lifted_at.is_(None), Caution.expires_at > at
    )
    if was_changed(session, fresh.values(appeal=said, appealed_at=at)):
        _note(session, caution, "appeal", staff_id=staff_id, at=at)
    elif caution.appeal != said:
        raise Conflict(N_("An answer stands already, or this caution is over."))


def decide_appeal(session: Session, caution_id: int, *, lifts: bool, words: str, staff_id: int, at: datetime) -> None:
    """Lift it or keep it, in words; never by whoever set it. Decided twice, the first decision stays.

    Raises ``Invalid`` (field ``words``), ``NotFound``, and ``Conflict`` for whoever set it or before an appeal.
    """
    said = clean_text(words, limit=_WORDS_LIMIT)
    if not said:
        raise Invalid(N_("Say why you decide so."), field="words")
    caution = _find(session, caution_id)
    if caution.set_by == staff_id:
        raise Conflict(N_("Somebody else than who set it decides."))
    if caution.appealed_at is None:
        raise Conflict(N_("Nobody has said anything against it yet."))
    undecided = update(Caution).where(Caution.id == caution_id, Caution.decided_at.is_(None))
    decided = {"decision": said, "decided_by": staff_id, "decided_at": at, "lifted_at": at if lifts else None}
    if was_changed(session, undecided.values(**decided)):
        _note(session, caution, "lift" if lifts else "keep", staff_id=staff_id, at=at)


def reports_to_judge(session: Session, *, at: datetime) -> list[ReportLine]:
    """The reports of the last 30 days on which no caution was set, the newest first."""
    decided = select(Caution.call_id).where(Caution.call_id.is_not(None))
    rows = session.execute(
        select(AbuseReport, Call.from_number, Practice.name, Staff.name, Patient)
        .join(Call, Call.id == AbuseReport.call_id)
        .join(Practice, Practice.id == AbuseReport.practice_id)
        .join(Staff, Staff.id == AbuseReport.staff_id)
        .outerjoin(CallNote, CallNote.call_id == AbuseReport.call_id)
        .outerjoin(Patient, Patient.id == CallNote.patient_id)
        .where(AbuseReport.reported_at > at - _REPORTS_SHOWN_FOR, AbuseReport.call_id.not_in(decided))
        .order_by(AbuseReport.reported_at.desc())
    )
    return [
        ReportLine(
            call_id=one.call_id,
            practice_name=practice,
            operator_name=operator,
            kind=AbuseKind(one.kind),
            words=one.words,
            number=number,
            patient_name=person_name(patient) if patient is not None else "",
            reported_at=one.reported_at,
        )
        for one, number, practice, operator, patient in rows
    ]


def cautions_that_hold(session: Session, *, at: datetime) -> list[CautionLine]:
    """Every caution that holds at this instant, the next to expire first; expired and lifted ones are out of sight."""
    setter, decider = aliased(Staff), aliased(Staff)
    rows = session.execute(
        select(Caution, Practice.name, setter.name, decider.name, Patient)
        .join(Practice, Practice.id == Caution.practice_id)
        .join(setter, setter.id == Caution.set_by)
        .outerjoin(decider, decider.id == Caution.decided_by)
        .outerjoin(Patient, Patient.id == Caution.patient_id)
        .where(Caution.lifted_at.is_(None), Caution.expires_at > at)
        .order_by(Caution.expires_at, Caution.id)
    )
    return [
        CautionLine(
            id=one.id,
            practice_name=practice,
            number=one.number,
            patient_name=person_name(patient) if patient is not None else "",
            reason=one.reason,
            setter_id=one.set_by,
            setter_name=setter_name,
            set_at=one.set_at,
            expires_at=one.expires_at,
            appeal=one.appeal,
            appealed_at=one.appealed_at,
            decision=one.decision,
            decider_name=decider_name or "",
            decided_at=one.decided_at,
            lifted_at=one.lifted_at,
        )
        for one, practice, setter_name, decider_name, patient in rows
    ]


def _find(session: Session, caution_id: int) -> Caution:
    found = session.scalar(select(Caution).where(Caution.id == caution_id))
    if found is None:
        raise NotFound(N_("There is no such caution."))
    return found


def _read_days(typed: str) -> int:
    text = typed.strip()
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:4]) <= MOST_DAYS:
        raise Invalid(N_("Give 1 to %(most)s days, for example 90."), field="days", most=MOST_DAYS)
    return int(text[:4])


def _note(session: Session, caution: Caution, what: str, *, staff_id: int, at: datetime) -> None:
    subject = f"caution {caution.id}"
    record_act(session, f"caution.{what}", subject, staff_id=staff_id, practice_id=caution.practice_id, at=at)
    touch(session, "queue")
