"""The persons who receive patients in a practice."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.core.text import clean_line
from callcenter.directory.changes import code_from, fill, needed
from callcenter.directory.models import Practice, Practitioner, Role, Site, Staff
from callcenter.directory.ordinary_numbers import read_ordinary_number


@dataclass(frozen=True, slots=True)
class PractitionerParticulars:
    """A practitioner as typed; ``account_id`` is the staff account that signs in as this person.

    ``phone`` is where patients are put through; None leaves it as it is.
    """

    name: str = ""
    family_name: str = ""
    profession: str = ""
    site_id: int | None = None
    account_id: int | None = None
    phone: str | None = None


def list_practitioners(session: Session, practice_id: int) -> Sequence[Practitioner]:
    """The practice's practitioners, in the order of their tabs."""
    return session.scalars(
        select(Practitioner)
        .where(Practitioner.practice_id == practice_id)
        .order_by(Practitioner.position, Practitioner.id)
    ).all()


def practitioners_of_account(session: Session, staff_id: int) -> Sequence[Practitioner]:
    """The practitioners that one account signs in as: one at each practice where that person receives."""
    return session.scalars(
        select(Practitioner).where(Practitioner.staff_id == staff_id).order_by(Practitioner.id)
    ).all()


def load_practitioner(session: Session, practice_id: int, practitioner_id: int) -> Practitioner:
    """One practitioner of this practice. Raises ``NotFound``."""
    practitioner = session.scalar(
        select(Practitioner).where(Practitioner.practice_id == practice_id, Practitioner.id == practitioner_id)
    )
    if practitioner is None:
        raise NotFound(N_("This practice has no such practitioner."))
    return practitioner


def add_practitioner(
    session: Session,
    practice_id: int,
    typed: PractitionerParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    code: str | None = None,
    countries: Set[str] = CALL_COUNTRIES,
) -> Practitioner:
    """Note a practitioner; the agenda is opened by ``agenda.editing.setup.open_schedule``. Raises ``Invalid``."""
    columns = _columns(session, practice_id, typed, countries=countries)
    known = list_practitioners(session, practice_id)
    last = session.scalar(select(func.max(Practitioner.position)).where(Practitioner.practice_id == practice_id))
    practitioner = Practitioner(
        practice_id=practice_id,
        code=code or code_from(str(columns["family_name"]), [one.code for one in known]),
        position=(last or 0) + 1,
        **columns,
    )
    session.add(practitioner)
    session.flush()
    _note(session, practitioner, "practitioner_added", at=at, staff_id=staff_id)
    return practitioner


def change_practitioner(
    session: Session,
    practitioner: Practitioner,
    typed: PractitionerParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    countries: Set[str] = CALL_COUNTRIES,
) -> bool:
    """Correct a practitioner and tell whether anything changed. Raises ``Invalid``."""
    changed = fill(practitioner, _columns(session, practitioner.practice_id, typed, countries=countries))
    if changed:
        _note(session, practitioner, "practitioner_changed", at=at, staff_id=staff_id)
    return changed


def _note(session: Session, practitioner: Practitioner, action: str, *, at: datetime, staff_id: int | None) -> None:
    subject = f"practitioner {practitioner.id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=practitioner.practice_id)
    touch(session, f"agenda-{practitioner.practice_id}")


def _columns(
    session: Session, practice_id: int, typed: PractitionerParticulars, *, countries: Set[str]
) -> dict[str, object]:
    name = needed(typed.name, N_("The name as said on the telephone. Example: Dr Lemoine."), field="name", limit=120)
    if typed.site_id is None or not session.scalar(
        select(Site.id).where(Site.practice_id == practice_id, Site.id == typed.site_id)
    ):
        raise Invalid(N_("Choose a site of this practice; add one first if there is none."), field="site")
    if typed.account_id is not None:
        role = session.scalar(select(Staff.role).where(Staff.id == typed.account_id))
        if role != Role.PRACTITIONER:
            raise Invalid(N_("Choose an account whose role is practitioner."), field="account")
    return {
        "name": name,
        "family_name": clean_line(typed.family_name, limit=80) or name.split()[-1][:80],
        "profession": clean_line(typed.profession, limit=80),
        "site_id": typed.site_id,
        "staff_id": typed.account_id,
        **_phone(session, practice_id, typed.phone, countries=countries),
    }


def _phone(session: Session, practice_id: int, typed: str | None, *, countries: Set[str]) -> dict[str, object]:
    if typed is None:
        return {}
    if not typed.strip():
        return {"phone": ""}
    country = session.scalars(select(Practice.country).where(Practice.id == practice_id)).one()
    return {"phone": read_ordinary_number(session, typed, country=country, countries=countries, field="phone")}
