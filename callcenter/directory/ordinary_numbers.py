"""Numbers of lines, persons and offices are never emergency lines, and no emergency line is anybody's number."""

from collections.abc import Iterator, Set
from contextlib import contextmanager

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_callable
from callcenter.core.scope import Centre, CentreReason, scope_of, set_scope
from callcenter.core.text import clean_line
from callcenter.directory.models import Contact, EmergencyLine, Practice, PracticeLine, Practitioner, Staff

# What a person dials in an emergency, or for a doctor on duty, in the countries of our practices.
EMERGENCY_NUMBERS = frozenset(
    {"15", "17", "18", "112", "114", "115", "116", "117", "118", "119", "144", "191", "196", "197", "116117"}
    | {"100", "101", "102", "911", "999", "1733", "3114"}
)
_RESERVED = N_(
    "This is an emergency line. It is reached by the emergency card alone (F12), never as anybody else's number."
)


@contextmanager
def whole_centre(session: Session) -> Iterator[None]:
    """Every practice's rows, for what is unlike in the whole centre; only that it is taken is told."""
    scope = scope_of(session)
    set_scope(session, Centre(CentreReason.ADMINISTRATION))
    try:
        yield
    finally:
        if scope is not None:
            set_scope(session, scope)


def read_ordinary_number(session: Session, typed: str, *, country: str = "FR", countries: Set[str], field: str) -> str:
    """A typed number that may be rung for a line, a person or an office, as E.164.

    Raises ``Invalid``, also for an emergency number and for a line of the centre's directory of emergencies.
    """
    digits = "".join(c for c in clean_line(typed, limit=40) if c.isalnum() or c == "+")
    if digits in EMERGENCY_NUMBERS:
        raise Invalid(_RESERVED, field=field)
    number = parse_callable(typed, country=country, countries=countries, field=field)
    refuse_emergency_line(session, number, field=field)
    return number


def refuse_emergency_line(session: Session, number: str, *, field: str) -> None:
    """Raise ``Invalid`` when this number (E.164) is an emergency line, also a retired one or a practice's own."""
    kept = select(EmergencyLine.id).where(EmergencyLine.number == number).limit(1)
    own = select(Practice.id).where(Practice.emergency_number == number).limit(1)
    if session.scalar(kept) is not None or session.scalar(own) is not None:
        raise Invalid(_RESERVED, field=field)


def refuse_ordinary(session: Session, number: str, *, field: str) -> None:
    """Raise ``Invalid`` when this emergency line (E.164) is kept anywhere as an ordinary number."""
    if not number.startswith("+"):
        return
    lines = or_(
        PracticeLine.number == number, PracticeLine.outside_number == number, PracticeLine.overflow_number == number
    )
    with whole_centre(session):
        found = (
            select(PracticeLine.id).where(lines),
            select(Practice.id).where(Practice.backup_number == number),
            select(Contact.id).where(Contact.number == number),
            select(Practitioner.id).where(Practitioner.phone == number),
            select(Staff.id).where(Staff.endpoint == number),
        )
        if any(session.scalar(one.limit(1)) is not None for one in found):
            raise Invalid(
                N_(
                    "This number is kept already as a line, an outside, overflow or backup number, a contact, a "
                    "practitioner or a colleague's telephone: it cannot be an emergency line as well."
                ),
                field=field,
            )
