"""The numbers that patients dial, read by the table's name: telephony and the directory are blind to each other."""

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

_PRACTICE = table("practice", column("id"), column("mode"), column("emergency_number"))
_EMERGENCY_LINE = table("emergency_line", column("number"))
LINE = table("practice_line", column("id"), column("practice_id"), column("number"))


def number_of_line(session: Session, line_id: int) -> str:
    """The number (E.164) of a line."""
    return str(session.execute(select(LINE.c.number).where(LINE.c.id == line_id)).scalar_one())


def mode_of_practice(session: Session, practice_id: int) -> str:
    """Whether a practice is live or in training."""
    return str(session.execute(select(_PRACTICE.c.mode).where(_PRACTICE.c.id == practice_id)).scalar_one())


def is_emergency_line(session: Session, number: str) -> bool:
    """Whether this number (E.164) is an emergency line of the centre, or any practice's own."""
    kept = select(_EMERGENCY_LINE.c.number).where(_EMERGENCY_LINE.c.number == number)
    own = select(_PRACTICE.c.emergency_number).where(_PRACTICE.c.emergency_number == number)
    return session.execute(kept.union_all(own).limit(1)).first() is not None
