"""The numbers that patients dial, read by the table's name: telephony and the directory are blind to each other."""

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

LINE = table("practice_line", column("id"), column("practice_id"), column("number"))


def number_of_line(session: Session, line_id: int) -> str:
    """The number (E.164) of a line."""
    return str(session.execute(select(LINE.c.number).where(LINE.c.id == line_id)).scalar_one())
