"""Who a signed-in browser is, and which practices she may see."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice, Practitioner, Role, Staff, StaffSession


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in member of the staff, as every page knows her."""

    staff_id: int
    login: str
    name: str
    first_name: str
    role: Role
    language: str | None
    theme: str | None
    endpoint: str
    practice_ids: frozenset[int]
    session_id: int  # which of her browsers this is


def load_identity(session: Session, token: str, *, at: datetime) -> Identity | None:
    """The person this token was given to; None when it is unknown, expired, or her account is closed.

    Needs a centre scope: who somebody is comes before which practices she may see.
    """
    found = session.execute(
        select(Staff, StaffSession.id)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.token_hash == hash_token(token), StaffSession.expires_at > at, Staff.is_active)
    ).one_or_none()
    if found is None:
        return None
    staff, session_id = found
    return Identity(
        staff_id=staff.id,
        login=staff.login,
        name=staff.name,
        first_name=staff.first_name,
        role=staff.role,
        language=staff.language,
        theme=staff.theme,
        endpoint=staff.endpoint,
        practice_ids=practices_of(session, staff),
        session_id=session_id,
    )


def is_signed_in(session: Session, session_id: int, *, staff_id: int, at: datetime) -> bool:
    """Whether this browser is still hers, and her account open."""
    found = (
        select(StaffSession.id)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.id == session_id, Staff.id == staff_id, StaffSession.expires_at > at, Staff.is_active)
    )
    return session.scalar(found) is not None


def practices_of(session: Session, staff: Staff) -> frozenset[int]:
    """The practices she may see: every one for the centre's people, a practitioner's own for a practitioner."""
    if staff.role == Role.PRACTITIONER:
        own = select(Practitioner.practice_id).where(Practitioner.staff_id == staff.id)
        return frozenset(session.scalars(own))
    return frozenset(session.scalars(select(Practice.id)))


def hash_token(token: str) -> str:
    """What the database keeps of a token: a leaked table lets nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()
