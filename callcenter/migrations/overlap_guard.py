"""The database's last word on double booking: two occupations of one schedule cannot overlap."""

from sqlalchemy import Connection, text

# Half-open intervals: one that ends when the other starts does not overlap it.
_OVERLAP = """
    SELECT RAISE(ABORT, 'occupation_overlap') WHERE EXISTS (
        SELECT 1 FROM occupation AS other
        WHERE other.schedule_id = NEW.schedule_id AND other.id IS NOT NEW.id
          AND other.start < NEW."end" AND NEW.start < other."end")
"""
_SQLITE = (
    f"CREATE TRIGGER IF NOT EXISTS occupation_no_overlap_insert BEFORE INSERT ON occupation BEGIN {_OVERLAP}; END",
    (
        "CREATE TRIGGER IF NOT EXISTS occupation_no_overlap_update "
        f'BEFORE UPDATE OF schedule_id, start, "end" ON occupation BEGIN {_OVERLAP}; END'
    ),
)
# int8range(key, key, '[]') compares the schedule without the btree_gist extension.
_POSTGRESQL = """
    ALTER TABLE occupation ADD CONSTRAINT ex_occupation_overlap EXCLUDE USING gist
    (int8range(schedule_id, schedule_id, '[]') WITH &&, int8range(start, "end", '[)') WITH &&)
"""
_POSTGRESQL_HAS = "SELECT 1 FROM pg_constraint WHERE conname = 'ex_occupation_overlap'"


def ensure_overlap_guard(connection: Connection) -> None:
    """Put the guard in place if it is not; batch migrations on SQLite rebuild tables and drop their triggers."""
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE:
            connection.execute(text(statement))
    elif not connection.execute(text(_POSTGRESQL_HAS)).first():
        connection.execute(text(_POSTGRESQL))
