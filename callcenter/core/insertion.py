"""Inserting a row that somebody else may be inserting at the same moment."""

from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session


def insert_new(session: Session, table: type[DeclarativeBase], **values: object) -> bool:
    """Insert a row unless a unique constraint already has it; tells whether it was new.

    On PostgreSQL a repeat waits for the other transaction and then changes nothing: looking first and inserting after
    would let two of them through. The caller answers for the scope of what it writes.
    """
    core = cast(Table, table.__table__)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement: Any = (sqlite.insert if is_sqlite else postgresql.insert)(core).values(**values)
    # The row itself is asked back: what drivers count for an insert that may do nothing differs.
    inserted = session.execute(statement.on_conflict_do_nothing().returning(*core.primary_key))
    return inserted.first() is not None
