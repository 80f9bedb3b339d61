"""The database's last word on double booking: two occupations of one actor and lane cannot overlap."""

from sqlalchemy import Connection, inspect, text

# Half-open intervals: one that ends when the other starts does not overlap it.
_OVERLAP = """
    SELECT RAISE(ABORT, 'occupation_overlap') WHERE EXISTS (
        SELECT 1 FROM occupation AS other
        WHERE {same} AND other.id IS NOT NEW.id AND other.start < NEW."end" AND NEW.start < other."end")
"""
_SQLITE = (
    "CREATE TRIGGER IF NOT EXISTS occupation_no_overlap_insert BEFORE INSERT ON occupation BEGIN {overlap}; END",
    (
        "CREATE TRIGGER IF NOT EXISTS occupation_no_overlap_update "
        'BEFORE UPDATE OF {columns}, start, "end" ON occupation BEGIN {overlap}; END'
    ),
)
# int8range(key, key, '[]') compares two numbers without the btree_gist extension.
_POSTGRESQL = """
    ALTER TABLE occupation ADD CONSTRAINT ex_occupation_overlap EXCLUDE USING gist
    ({same}, int8range(start, "end", '[)') WITH &&)
"""
_POSTGRESQL_HAS = "SELECT 1 FROM pg_constraint WHERE conname = 'ex_occupation_overlap'"


def ensure_overlap_guard(connection: Connection) -> None:
    """Put the guard in place if it is not; batch migrations on SQLite rebuild tables and drop their triggers."""
    names = {column["name"] for column in inspect(connection).get_columns("occupation")}
    # A database before revision 0005 guards its schedules.
    columns = ("actor", "lane") if "actor" in names else ("schedule_id",)
    if connection.dialect.name == "sqlite":
        overlap = _OVERLAP.format(same=" AND ".join(f"other.{name} = NEW.{name}" for name in columns))
        for statement in _SQLITE:
            connection.execute(text(statement.format(overlap=overlap, columns=", ".join(columns))))
    elif not connection.execute(text(_POSTGRESQL_HAS)).first():
        same = ", ".join(f"int8range({name}, {name}, '[]') WITH &&" for name in columns)
        connection.execute(text(_POSTGRESQL.format(same=same)))
