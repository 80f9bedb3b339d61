"""Whom a practice's callers are put through to besides its practitioners: its secretary, a laboratory, a nurse."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill, needed
from callcenter.directory.models import Contact, Practice
from callcenter.directory.ordinary_numbers import read_ordinary_number

_DIGITS = re.compile(r"[0-9*#w]{0,20}")


@dataclass(frozen=True, slots=True)
class ContactParticulars:
    """A contact as typed; ``digits`` are pressed once it answers, w waits half a second."""

    name: str = ""
    number: str = ""
    digits: str = ""
    note: str = ""


def list_contacts(session: Session, practice_id: int) -> Sequence[Contact]:
    """The practice's contacts, by name."""
    return session.scalars(
        select(Contact).where(Contact.practice_id == practice_id).order_by(Contact.name, Contact.id)
    ).all()


def load_contact(session: Session, practice_id: int, contact_id: int) -> Contact:
    """One contact of this practice. Raises ``NotFound``."""
    contact = session.scalar(select(Contact).where(Contact.practice_id == practice_id, Contact.id == contact_id))
    if contact is None:
        raise NotFound(N_("This practice has no such contact."))
    return contact


def add_contact(
    session: Session,
    practice: Practice,
    typed: ContactParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    countries: Set[str] = CALL_COUNTRIES,
) -> Contact:
    """Note a contact; the same one sent twice is noted once. Raises ``Invalid`` naming the field, and ``Conflict``."""
    columns = _columns(session, practice, typed, countries=countries)
    known = _with_number(session, practice.id, columns["number"])
    if known is not None and all(getattr(known, name) == value for name, value in columns.items()):
        return known
    _refuse_known(known)
    contact = Contact(practice_id=practice.id, **columns)
    session.add(contact)
    _keep(session)
    record_act(session, "contact_added", f"contact {contact.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    return contact


def change_contact(
    session: Session,
    practice: Practice,
    contact: Contact,
    typed: ContactParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    countries: Set[str] = CALL_COUNTRIES,
) -> bool:
    """Correct a contact and tell whether anything changed. Raises ``Invalid`` naming the field, and ``Conflict``."""
    columns = _columns(session, practice, typed, countries=countries)
    known = _with_number(session, practice.id, columns["number"])
    _refuse_known(known if known is not contact else None)
    changed = fill(contact, columns)
    if changed:
        _keep(session)
        record_act(
            session, "contact_changed", f"contact {contact.id}", at=at, staff_id=staff_id, practice_id=practice.id
        )
    return changed


def remove_contact(session: Session, contact: Contact, *, at: datetime, staff_id: int | None) -> None:
    """Forget a contact; the calls put through to it keep its name."""
    record_act(
        session, "contact_removed", f"contact {contact.id}", at=at, staff_id=staff_id, practice_id=contact.practice_id
    )
    session.execute(delete(Contact).where(Contact.id == contact.id))


def _columns(session: Session, practice: Practice, typed: ContactParticulars, *, countries: Set[str]) -> dict[str, str]:
    name = needed(typed.name, N_("Say who answers there. Example: Laboratoire Biolor."), field="name", limit=120)
    number = read_ordinary_number(session, typed.number, country=practice.country, countries=countries, field="number")
    digits = "".join(typed.digits.split()).lower()
    if not _DIGITS.fullmatch(digits):
        raise Invalid(N_("Digits, * and # only; w waits half a second. Example: ww12."), field="digits")
    return {"name": name, "number": number, "digits": digits, "note": clean_line(typed.note, limit=200)}


def _with_number(session: Session, practice_id: int, number: str) -> Contact | None:
    return session.scalar(select(Contact).where(Contact.practice_id == practice_id, Contact.number == number))


def _refuse_known(known: Contact | None) -> None:
    if known is not None:
        raise Invalid(N_("%(name)s has this number already."), field="number", name=known.name)


def _keep(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        # Somebody else noted this number between our look and our row; this transaction is rolled back.
        raise Conflict(N_("This number was noted at the same moment: look at the list.")) from None
