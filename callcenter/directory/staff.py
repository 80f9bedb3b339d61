"""The people who work with the product: who they are, what they may do, where their calls ring."""

from collections.abc import Sequence, Set
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.core.text import clean_line
from callcenter.directory.accounts import end_sessions, valid_endpoint
from callcenter.directory.changes import fill, needed
from callcenter.directory.models import Role, Staff


def list_staff(session: Session) -> Sequence[Staff]:
    """Everybody, those who may sign in first, by name."""
    return session.scalars(select(Staff).order_by(Staff.is_active.desc(), Staff.name, Staff.id)).all()


def practitioner_accounts(session: Session) -> Sequence[Staff]:
    """The active accounts that a practitioner may be linked to."""
    return session.scalars(
        select(Staff).where(Staff.role == Role.PRACTITIONER, Staff.is_active).order_by(Staff.name, Staff.id)
    ).all()


def load_staff(session: Session, staff_id: int) -> Staff:
    """One account. Raises ``NotFound``."""
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(N_("There is no such account."))
    return staff


def change_staff(
    session: Session,
    staff: Staff,
    *,
    name: str,
    first_name: str,
    role: Role,
    endpoint: str,
    is_active: bool,
    countries: Set[str] = CALL_COUNTRIES,
    at: datetime,
    by: int | None,
) -> bool:
    """Correct an account and tell whether anything changed; one that is closed or changes role is signed out.

    Raises ``Invalid`` also when somebody would shut herself out: an installation keeps an administrator.
    """
    if staff.id == by and not is_active:
        raise Invalid(N_("You cannot close your own account. Ask another administrator."), field="is_active")
    if staff.id == by and role != staff.role:
        raise Invalid(N_("You cannot change your own role. Ask another administrator."), field="role")
    full = needed(name, N_("A name is needed."), field="name", limit=120)
    must_sign_out = (staff.is_active and not is_active) or staff.role != role
    changed = fill(
        staff,
        {
            "name": full,
            "first_name": clean_line(first_name, limit=60) or full.split()[0],
            "role": role,
            "endpoint": valid_endpoint(session, endpoint, countries=countries),
            "is_active": is_active,
        },
    )
    if changed:
        record_act(session, "staff_changed", f"staff {staff.id}", at=at, staff_id=by)
        touch(session, f"desk-{staff.id}")  # the telephones that she may change between
    if must_sign_out:
        end_sessions(session, staff.id)
    return changed


def read_role(typed: str, *, field: str = "role") -> Role:
    """A role by its English word. Raises ``Invalid`` naming the four."""
    try:
        return Role(clean_line(typed).lower())
    except ValueError:
        sentence = N_("The role is operator, supervisor, practitioner or administrator.")
        raise Invalid(sentence, field=field) from None
