"""What operators were hired and trained for: the languages they take calls in, the practices they are certified for."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.directory.models import Certification, Practice, Role, Staff

SPOKEN = ("fr", "en", "nl", "de")
"""The house's languages."""


def set_languages(session: Session, staff: Staff, codes: Collection[str], *, at: datetime, by: int | None) -> bool:
    """Say in which languages somebody takes calls (none: in all of them), and tell whether that changed.

    Raises ``Invalid`` for a language that the house does not speak.
    """
    if not set(codes) <= set(SPOKEN):
        raise Invalid(N_("The languages are: %(languages)s."), field="languages", languages=", ".join(SPOKEN))
    spoken = " ".join(code for code in SPOKEN if code in codes)
    if staff.languages == spoken:
        return False
    staff.languages = spoken
    record_act(session, "languages_set", f"staff {staff.id}", at=at, staff_id=by)
    touch(session, "queue", f"desk-{staff.id}")
    return True


def set_certified_only(
    session: Session, practice: Practice, *, certified_only: bool, at: datetime, by: int | None
) -> bool:
    """Let only certified operators take this practice's calls, or all of them; whether that changed."""
    if practice.certified_only == certified_only:
        return False
    practice.certified_only = certified_only
    action = "certified_only" if certified_only else "open_to_all"
    record_act(session, action, f"practice {practice.id}", at=at, staff_id=by, practice_id=practice.id)
    touch(session, "queue", f"practice-{practice.id}")
    return True


def certify(session: Session, staff: Staff, practice: Practice, *, at: datetime, by: int | None) -> bool:
    """Note that an operator was trained for a practice; whether she was not before.

    Raises ``Invalid`` for somebody who takes no calls.
    """
    if staff.role not in {Role.OPERATOR, Role.SUPERVISOR}:
        raise Invalid(N_("Only somebody who takes calls is certified for a practice."), field="staff")
    is_new = insert_new(
        session, Certification, staff_id=staff.id, practice_id=practice.id, certified_by=by, certified_at=at
    )
    if is_new:
        _note(session, "certified", staff, practice, at=at, by=by)
    return is_new


def withdraw(session: Session, staff: Staff, practice: Practice, *, at: datetime, by: int | None) -> bool:
    """Take a certification back; whether there was one. What rings for her already she may still take."""
    found = session.scalar(
        select(Certification).where(Certification.staff_id == staff.id, Certification.practice_id == practice.id)
    )
    if found is None:
        return False
    session.delete(found)
    _note(session, "certification_withdrawn", staff, practice, at=at, by=by)
    return True


def certified_staff(session: Session, practice_id: int) -> Sequence[Staff]:
    """Who is certified for a practice, by name."""
    return session.scalars(
        select(Staff)
        .join(Certification, Certification.staff_id == Staff.id)
        .where(Certification.practice_id == practice_id)
        .order_by(Staff.name, Staff.id)
    ).all()


def certified_practices(session: Session, staff_id: int) -> Sequence[Practice]:
    """Which practices somebody is certified for, by name."""
    return session.scalars(
        select(Practice)
        .join(Certification, Certification.practice_id == Practice.id)
        .where(Certification.staff_id == staff_id)
        .order_by(Practice.name, Practice.id)
    ).all()


def who_takes_calls(session: Session) -> Sequence[Staff]:
    """Those who may be certified, by name."""
    roles = (Role.OPERATOR, Role.SUPERVISOR)
    return session.scalars(
        select(Staff).where(Staff.role.in_(roles), Staff.is_active).order_by(Staff.name, Staff.id)
    ).all()


def _note(session: Session, action: str, staff: Staff, practice: Practice, *, at: datetime, by: int | None) -> None:
    record_act(session, action, f"staff {staff.id}", at=at, staff_id=by, practice_id=practice.id)
    touch(session, "queue", f"desk-{staff.id}", f"practice-{practice.id}")
