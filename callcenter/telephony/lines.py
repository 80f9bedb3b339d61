"""The numbers that patients dial, read by the table's name: telephony and the directory are blind to each other."""

from dataclasses import dataclass

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

_LINE = table("practice_line", column("id"), column("practice_id"), column("number"))


@dataclass(frozen=True, slots=True)
class DialledLine:
    """A practice's line."""

    line_id: int
    practice_id: int


def line_dialled(session: Session, number: str) -> DialledLine | None:
    """The line with this number (E.164), whoever's it is: the number decides the practice."""
    row = session.execute(select(_LINE.c.id, _LINE.c.practice_id).where(_LINE.c.number == number)).one_or_none()
    return None if row is None else DialledLine(line_id=row[0], practice_id=row[1])


def number_of_line(session: Session, line_id: int) -> str:
    """The number (E.164) of a line."""
    return str(session.execute(select(_LINE.c.number).where(_LINE.c.id == line_id)).scalar_one())
