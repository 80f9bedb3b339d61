"""Whom a practice's callers are put through to besides its practitioners: its secretary, a laboratory, a nurse."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES, parse_callable
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill, needed
from callcenter.directory.models import Contact, Practice

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
    """Note a contact. Raises ``Invalid`` naming the field."""
    contact = Contact(practice_id=practice.id, **_columns(session, practice, typed, countries=countries, known=None))
    session.add(contact)
    session.flush()
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
    """Correct a contact and tell whether anything changed. Raises ``Invalid``."""
    changed = fill(contact, _columns(session, practice, typed, countries=countries, known=contact.id))
    if changed:
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


def _columns(
    session: Session, practice: Practice, typed: ContactParticulars, *, countries: Set[str], known: int | None
) -> dict[str, object]:
    name = needed(typed.name, N_("Say who answers there. Example: Laboratoire Biolor."), field="name", limit=120)
    number = parse_callable(typed.number, country=practice.country, countries=countries, field="number")
    taken = session.scalar(
        select(Contact.name).where(
            Contact.practice_id == practice.id, Contact.number == number, Contact.id != (known or 0)
        )
    )
    if taken is not None:
        raise Invalid(N_("%(name)s has this number already."), field="number", name=taken)
    digits = "".join(typed.digits.split()).lower()
    if not _DIGITS.fullmatch(digits):
        raise Invalid(N_("Digits, * and # only; w waits half a second. Example: ww12."), field="digits")
    return {"name": name, "number": number, "digits": digits, "note": clean_line(typed.note, limit=200)}
