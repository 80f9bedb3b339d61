"""Whom the demonstration's callers can be put through to with F4, and what their telephones do."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.phone import parse_number
from callcenter.directory.contacts import ContactParticulars, add_contact
from callcenter.directory.models import Practice, Practitioner

# Practice, practitioner, number (fictional).
_PRACTITIONERS = (
    ("tilleuls", "lemoine", "06 39 98 00 21"),
    ("tilleuls", "arnaud", "06 39 98 00 22"),
    ("kaplan", "kaplan", "06 39 98 00 23"),
    ("rosiers", "benali", "06 39 98 00 24"),
)
# Practice, name, number (fictional), digits of an extension, note.
_CONTACTS = (
    ("tilleuls", "Laboratoire Biolor", "01 99 00 43 01", "", "Résultats, en semaine jusqu’à 18:00"),
    ("tilleuls", "Secrétariat du cabinet", "01 99 00 43 02", "ww12", "Poste 12, le matin"),
    ("kaplan", "Laboratoire Biolor", "01 99 00 43 01", "", "Résultats"),
)
# Who picks up, after how many seconds, and says what; the other telephones ring until somebody does on their page.
_ANSWER = (
    ("06 39 98 00 21", "Dr Lemoine", 4.0, "Lemoine, je vous écoute."),
    ("01 99 00 43 01", "Laboratoire Biolor", 3.0, "Laboratoire Biolor, bonjour."),
    ("01 99 00 43 02", "Secrétariat du cabinet", 3.0, "Le cabinet, bonjour."),
)
_BUSY = ("06 39 98 00 22", "Dr Arnaud")


def keep_telephones(session: Session, *, at: datetime) -> None:
    """Note the practitioners' telephones and the practices' contacts."""
    practices = {one.code: one for one in session.scalars(select(Practice))}
    for practice, code, number in _PRACTITIONERS:
        doctor = session.scalars(
            select(Practitioner).where(Practitioner.practice_id == practices[practice].id, Practitioner.code == code)
        ).one()
        doctor.phone = parse_number(number)
    for practice, name, number, digits, note in _CONTACTS:
        typed = ContactParticulars(name=name, number=number, digits=digits, note=note)
        add_contact(session, practices[practice], typed, at=at, staff_id=None)


def telephones() -> dict[str, dict[str, object]]:
    """What the stand-in is told of each number (E.164) that does not simply ring."""
    answering: dict[str, dict[str, object]] = {
        parse_number(number): {"answers": "auto", "after_seconds": after, "says": [says], "name": name}
        for number, name, after, says in _ANSWER
    }
    number, name = _BUSY
    return answering | {parse_number(number): {"answers": "busy", "name": name}}
