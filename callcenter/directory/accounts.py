"""Accounts of the staff: signing in and out, and the passwords behind it."""

import re
import secrets
from collections.abc import Set
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.core.text import clean_line
from callcenter.directory.identity import hash_token
from callcenter.directory.models import Role, Staff, StaffSession
from callcenter.directory.ordinary_numbers import read_ordinary_number
from callcenter.directory.passwords import SHORTEST, UNUSABLE, FailureCount, hash_password, matches

SIGNED_IN_FOR = timedelta(hours=12)  # a shift, then the password again

_failures = FailureCount()
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")


def sign_in(session: Session, login: str, password: str, *, at: datetime) -> str:
    """Check a password and open a session; the token goes into the browser's cookie.

    Raises ``Invalid`` with one sentence for every cause, so that nobody learns which logins exist.
    """
    return open_session(session, check_password(session, login, password, at=at), at=at)


def check_password(session: Session, login: str, password: str, *, at: datetime) -> int:
    """The id of the account that this login and password open; writes nothing. Raises ``Invalid``.

    Apart from ``open_session`` because hashing takes a tenth of a second: no writer should queue behind it.
    """
    login = clean_login(login)
    if _failures.must_wait(login, at=at):
        raise Invalid(N_("Too many attempts. Wait ten minutes, or ask an administrator for a new password."))
    staff = session.scalar(select(Staff).where(Staff.login == login))
    right = matches(password, staff.password_hash if staff else None)
    if staff is None or not right or not staff.is_active:
        _failures.add(login, at=at)
        raise Invalid(N_("Login or password does not match an account. Check both and try again."))
    _failures.forget(login)
    return staff.id


def open_session(session: Session, staff_id: int, *, at: datetime) -> str:
    """Open a session of twelve hours and give its token; sessions that have lapsed are swept away."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= at))
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(token_hash=hash_token(token), staff_id=staff_id, created_at=at, expires_at=at + SIGNED_IN_FOR)
    )
    record_act(session, "signed_in", f"staff {staff_id}", at=at, staff_id=staff_id)
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session of this token; a token already forgotten is no error."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == hash_token(token)))


def create_staff(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    password: str | None,
    at: datetime,
    shortest_password: int = SHORTEST,
    first_name: str = "",
    endpoint: str = "",
    language: str | None = None,
    countries: Set[str] = CALL_COUNTRIES,
    by: int | None = None,
) -> Staff:
    """Open an account; without a password nobody can sign in until one is set.

    ``countries`` (ISO 3166) are those whose numbers may be called; ``by`` is the staff member who does it, None from
    the command line. Raises ``Invalid``.
    """
    login = valid_login(login)
    name = clean_line(name, limit=120)
    if not name:
        raise Invalid(N_("A name is needed."), field="name")
    if session.scalar(select(Staff.id).where(Staff.login == login)) is not None:
        raise Invalid(N_("The login %(login)s is already taken."), field="login", login=login)
    staff = Staff(
        login=login,
        name=name,
        first_name=clean_line(first_name, limit=60) or name.split()[0],
        role=role,
        password_hash=UNUSABLE if password is None else hash_password(password, shortest=shortest_password),
        language=language,
        endpoint=valid_endpoint(session, endpoint, countries=countries),
        created_at=at,
    )
    session.add(staff)
    session.flush()
    record_act(session, "staff_created", f"staff {staff.id}", at=at, staff_id=by)
    return staff


def set_password(session: Session, staff_id: int, password: str, *, at: datetime, by: int | None = None) -> None:
    """Give an account a new password and end its sessions everywhere. Raises ``Invalid`` or ``NotFound``."""
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(N_("There is no such account."))
    staff.password_hash = hash_password(password)
    _failures.forget(staff.login)
    end_sessions(session, staff_id)
    record_act(session, "password_set", f"staff {staff_id}", at=at, staff_id=by)


def end_sessions(session: Session, staff_id: int) -> None:
    """Sign somebody out of every browser."""
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def choose_language(session: Session, staff_id: int, language: str) -> None:
    """Remember the language of somebody's screens (fr or en)."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(language=language))


def choose_theme(session: Session, staff_id: int, theme: str | None) -> None:
    """Remember light or dark; None follows the machine."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(theme=theme))


def clean_login(typed: str) -> str:
    """A login as it is kept: lower case, no spaces around."""
    return clean_line(typed, limit=200).lower()  # one too long is refused, not cut into somebody else's


def valid_login(typed: str, *, field: str = "login") -> str:
    """A login that can be kept. Raises ``Invalid`` with an example."""
    login = clean_login(typed)
    if not _LOGIN.fullmatch(login):
        raise Invalid(
            N_("A login has letters, digits, dots or dashes, without spaces. Example: camille.roux"), field=field
        )
    return login


def valid_endpoint(
    session: Session, typed: str, *, countries: Set[str] = CALL_COUNTRIES, field: str = "endpoint"
) -> str:
    """Where somebody's calls ring: a number that may be called (as E.164), a softphone ``client:name``, or nothing.

    Raises ``Invalid`` for a number of another country or of a kind that is never called, and for an emergency line.
    """
    cleaned = clean_line(typed, limit=80)
    if not cleaned:
        return ""
    if cleaned.startswith("client:"):
        if not re.fullmatch(r"client:[A-Za-z0-9_.@-]+", cleaned):
            raise Invalid(
                N_("A softphone is written client:name, without spaces. Example: client:camille"), field=field
            )
        return cleaned
    return read_ordinary_number(session, cleaned, countries=countries, field=field)
