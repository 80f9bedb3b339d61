"""Practices: the centre's customers, their lines and their sites' common particulars.

A practice is not owned by a practice: every reader says which ids it may see.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_callable
from callcenter.core.text import clean_line
from callcenter.core.training import refusal_in_training
from callcenter.directory.changes import code_from, fill, needed, valid_zone
from callcenter.directory.emergency_lines import read_emergency_number
from callcenter.directory.lines import refuse_own_line
from callcenter.directory.models import Practice, PracticeMode
from callcenter.directory.ordinary_numbers import refuse_emergency_line, refuse_ordinary

# Where the product is used or could be: what phonenumbers reads a national number against.
COUNTRIES = ("FR", "BE", "LU", "CH", "MC", "GP", "MQ", "GF", "RE", "YT", "NC", "PF", "CA", "GB", "IE", "DE", "ES", "IT")
LANGUAGES = ("fr", "en")
_SHORT = 4  # digits: 15, 112, 1733


@dataclass(frozen=True, slots=True)
class PracticeParticulars:
    """A practice as typed; ``greeting`` has been checked by whoever knows its placeholders."""

    name: str = ""
    short_name: str = ""
    country: str = "FR"
    zone: str = "Europe/Paris"
    language: str = "fr"
    mode: str = PracticeMode.TRAINING
    greeting: str = ""
    emergency_label: str = ""
    emergency_number: str = ""
    emergency_sentence: str = ""
    backup_number: str = ""
    records_calls: bool = False


def list_practices(session: Session, practice_ids: Collection[int]) -> Sequence[Practice]:
    """The practices among these ids, by name."""
    return session.scalars(select(Practice).where(Practice.id.in_(practice_ids)).order_by(Practice.name)).all()


def load_practice(session: Session, practice_id: int, practice_ids: Collection[int]) -> Practice:
    """One practice among those one may see. Raises ``NotFound``, told alike for both causes."""
    practice = session.get(Practice, practice_id) if practice_id in practice_ids else None
    if practice is None:
        raise NotFound(N_("There is no such practice."))
    return practice


def create_practice(
    session: Session, typed: PracticeParticulars, *, at: datetime, staff_id: int | None, code: str | None = None
) -> Practice:
    """Take on a practice; its code is made from its name unless given. Raises ``Invalid`` naming the field."""
    columns = _columns(typed)
    _refuse_numbers(session, columns)
    practice = Practice(
        code=code or code_from(str(columns["name"]), session.scalars(select(Practice.code))), created_at=at, **columns
    )
    session.add(practice)
    session.flush()
    _note(session, practice, "practice_created", at=at, staff_id=staff_id)
    return practice


def change_practice(
    session: Session, practice: Practice, typed: PracticeParticulars, *, at: datetime, staff_id: int | None
) -> bool:
    """Correct a practice's particulars and tell whether anything changed. Raises ``Invalid`` naming the field."""
    columns = _columns(typed)
    _refuse_numbers(session, columns)
    changed = fill(practice, columns)
    if changed:
        _note(session, practice, "practice_changed", at=at, staff_id=staff_id)
    return changed


def _refuse_numbers(session: Session, columns: Mapping[str, object]) -> None:
    """Raise ``Invalid`` for a backup number that leads back or to an emergency line, and the other way round."""
    backup, emergency = str(columns["backup_number"]), str(columns["emergency_number"])
    refuse_own_line(session, backup, field="backup_number")
    if backup:
        if backup == emergency:
            raise Invalid(
                N_("An emergency number cannot be the backup number: the emergency sentence names it."),
                field="backup_number",
            )
        refuse_emergency_line(session, backup, field="backup_number")
    refuse_ordinary(session, emergency, field="emergency_number")


def _note(session: Session, practice: Practice, action: str, *, at: datetime, staff_id: int | None) -> None:
    record_act(session, action, f"practice {practice.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    touch(session, f"practice-{practice.id}", "lines")


def _columns(typed: PracticeParticulars) -> dict[str, object]:
    name = needed(typed.name, N_("A name is needed."), field="name", limit=120)
    country, language = clean_line(typed.country).upper(), clean_line(typed.language).lower()
    if country not in COUNTRIES:
        raise Invalid(N_("This country is not known. Example: FR."), field="country")
    if language not in LANGUAGES:
        raise Invalid(N_("The language is fr or en."), field="language")
    try:
        mode = PracticeMode(clean_line(typed.mode).lower())
    except ValueError:
        raise Invalid(N_("The mode is live or training."), field="mode") from None
    return {
        "name": name,
        "short_name": clean_line(typed.short_name, limit=30) or name[:30].strip(),
        "country": country,
        "zone": valid_zone(typed.zone),
        "language": language,
        "mode": mode,
        "greeting": clean_line(typed.greeting, limit=300),
        "emergency_label": clean_line(typed.emergency_label, limit=80),
        "emergency_number": _emergency_number(typed.emergency_number, country=country, mode=mode),
        "emergency_sentence": clean_line(typed.emergency_sentence, limit=300),
        "records_calls": typed.records_calls,
        "backup_number": _backup_number(typed.backup_number, country=country),
    }


def _emergency_number(typed: str, *, country: str, mode: PracticeMode) -> str:
    """E.164, or a short number such as 15; in training only one that the regulator reserves for fiction."""
    if not clean_line(typed, limit=40):
        return ""
    number = read_emergency_number(typed, country=country, field="emergency_number")
    if refusal_in_training(mode, number):
        raise Invalid(
            N_("A practice in training never dials a real number. Example of a fictional one: 02 61 91 15 44."),
            field="emergency_number",
        )
    return number


def _backup_number(typed: str, *, country: str) -> str:
    """E.164 or empty; one that may be called, for the carrier rings it without this product."""
    cleaned = clean_line(typed, limit=40)
    if 0 < len("".join(c for c in cleaned if c.isdigit())) <= _SHORT:
        raise Invalid(
            N_("An emergency number cannot be the backup number: the emergency sentence names it."),
            field="backup_number",
        )
    return parse_callable(cleaned, country=country, field="backup_number") if cleaned else ""
