"""The persons a practice knows: found by number, by a few letters or by a date of birth, and created in a call."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, search_key
from callcenter.directory.changes import fill
from callcenter.directory.models import Patient, Practice

_DATE = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
# Among other words without spaces: "06 39 98" is the beginning of a telephone number.
_DATE_AMONG_WORDS = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?![\d/.-])")


def persons_on_number(session: Session, practice_id: int, number: str | None) -> Sequence[Patient]:
    """Every patient of this practice on this number (E.164), in the order of their names; none is assumed to call."""
    if not number:
        return ()
    return session.scalars(
        select(Patient)
        .where(Patient.practice_id == practice_id, Patient.phone == number)
        .order_by(Patient.family_name, Patient.given_name, Patient.id)
        .limit(20)
    ).all()


def search_patients(session: Session, practice_id: int, text: str, *, limit: int = 8) -> Sequence[Patient]:
    """Patients whose names hold every word typed as the beginning of a word, in any order, accents ignored.

    A date (day/month/year) among the words is a date of birth; words of digits are a part of the telephone number.
    """
    wanted = _conditions(clean_line(text, limit=200))
    if not wanted:
        return ()
    found = select(Patient).where(Patient.practice_id == practice_id, *wanted)
    return session.scalars(
        found.order_by(Patient.family_name, Patient.given_name, Patient.birth_on, Patient.id).limit(limit)
    ).all()


def list_patients(session: Session, practice_id: int, *, limit: int = 50) -> Sequence[Patient]:
    """The practice's first patients by name."""
    return session.scalars(
        select(Patient)
        .where(Patient.practice_id == practice_id)
        .order_by(Patient.family_name, Patient.given_name, Patient.id)
        .limit(limit)
    ).all()


def load_patient(session: Session, practice_id: int, patient_id: int) -> Patient:
    """One patient of this practice. Raises ``NotFound``."""
    patient = session.scalar(select(Patient).where(Patient.practice_id == practice_id, Patient.id == patient_id))
    if patient is None:
        raise NotFound(N_("This practice has no such patient."))
    return patient


def create_patient(
    session: Session,
    practice_id: int,
    *,
    family_name: str,
    given_name: str = "",
    birth_on: date | str | None = None,
    phone: str = "",
    title: str = "",
    note: str = "",
    external_id: str | None = None,
    at: datetime,
    staff_id: int | None,
) -> Patient:
    """Note a new patient of a practice. Raises ``Invalid`` naming the field that cannot be used."""
    patient = Patient(practice_id=practice_id, external_id=external_id, created_at=at, family_name="", search_key="")
    _fill(
        session,
        patient,
        family_name=family_name,
        given_name=given_name,
        birth_on=birth_on,
        phone=phone,
        title=title,
        note=note,
        at=at,
    )
    session.add(patient)
    session.flush()
    record_act(session, "patient_created", f"patient {patient.id}", at=at, staff_id=staff_id, practice_id=practice_id)
    return patient


def change_patient(
    session: Session,
    patient: Patient,
    *,
    family_name: str,
    given_name: str = "",
    birth_on: date | str | None = None,
    phone: str = "",
    title: str = "",
    note: str = "",
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Correct a patient's particulars and tell whether anything changed. Raises ``Invalid`` naming the field."""
    changed = _fill(
        session,
        patient,
        family_name=family_name,
        given_name=given_name,
        birth_on=birth_on,
        phone=phone,
        title=title,
        note=note,
        at=at,
    )
    if changed:
        subject = f"patient {patient.id}"
        record_act(session, "patient_changed", subject, at=at, staff_id=staff_id, practice_id=patient.practice_id)
    return changed


def read_birth_date(typed: date | str | None, *, at: datetime, field: str = "birth_on") -> date | None:
    """A date of birth as typed: day/month/year, or the year first as browsers send it. Raises ``Invalid``.

    A year of two digits is the last one that has passed: 03/05/27 in 2026 is 1927.
    """
    if typed is None or isinstance(typed, date):
        return typed
    cleaned = clean_line(typed, limit=20)
    if not cleaned:
        return None
    born = _iso_date(cleaned) or _typed_date(cleaned, at=at)
    if born is None or born > at.date() or born.year < 1880:
        raise Invalid(N_("This is not a date of birth. Example: 03/05/1958."), field=field)
    return born


def _fill(
    session: Session,
    patient: Patient,
    *,
    family_name: str,
    given_name: str,
    birth_on: date | str | None,
    phone: str,
    title: str,
    note: str,
    at: datetime,
) -> bool:
    family, given = clean_line(family_name, limit=80), clean_line(given_name, limit=80)
    if not search_key(family):
        raise Invalid(N_("A family name is needed."), field="family_name")
    if not any(letter.isalpha() for letter in family):
        raise Invalid(N_("“%(typed)s” is no family name: it has no letters."), field="family_name", typed=family)
    country = session.scalar(select(Practice.country).where(Practice.id == patient.practice_id)) or "FR"
    number = parse_number(phone, country=country, field="phone") if clean_line(phone) else None
    born = read_birth_date(birth_on, at=at)
    return fill(
        patient,
        {
            "family_name": family,
            "given_name": given,
            "birth_on": born,
            "phone": number,
            "title": clean_line(title, limit=12),
            "note": clean_line(note, limit=200),
            "search_key": search_key(family, given)[:200],
        },
    )


def _conditions(text: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    date_typed = _DATE_AMONG_WORDS.search(text)
    if date_typed:
        years = _possible_dates(date_typed)
        wanted.append(Patient.birth_on.in_(years))
        text = text[: date_typed.start()] + " " + text[date_typed.end() :]
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 4:
        wanted.append(_phone_holds(digits, typed_international="+" in text or digits.startswith("00")))
    # search_key keeps letters, digits and single spaces only: nothing in a word is a wildcard.
    words = search_key("".join(c for c in text if not c.isdigit())).split()
    return wanted + [or_(Patient.search_key.like(f"{w}%"), Patient.search_key.like(f"% {w}%")) for w in words]


def _phone_holds(digits: str, *, typed_international: bool) -> ColumnElement[bool]:
    national = digits.removeprefix("00") if typed_international else digits.removeprefix("0")
    return Patient.phone.like(f"%{national}%")


def _possible_dates(typed: re.Match[str]) -> list[date]:
    day, month, year = (int(part) for part in typed.groups())
    years = [year] if len(typed[3]) == 4 else [1900 + year, 2000 + year]
    return [found for full in years if (found := _date_or_none(full, month, day))]


def _iso_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if "-" in text else None
    except ValueError:
        return None


def _typed_date(text: str, *, at: datetime) -> date | None:
    typed = _DATE.fullmatch(text)
    if typed is None and text.isdigit() and len(text) == 8:
        typed = _DATE.fullmatch(f"{text[:2]}/{text[2:4]}/{text[4:]}")
    if typed is None:
        return None
    return max((found for found in _possible_dates(typed) if found <= at.date()), default=None)


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
