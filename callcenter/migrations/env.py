"""How Alembic runs here: see docs/decisions on migrations."""

from alembic import context
from sqlalchemy import Connection, create_engine, inspect, pool, text

from callcenter.migrations.metadata import all_tables
from callcenter.migrations.overlap_guard import ensure_overlap_guard


def run() -> None:
    """Upgrade in one transaction; then the guard is put back and the foreign keys are checked."""
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("no database address")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Batch mode rebuilds a table; with foreign keys on, dropping the old one deletes its children.
            connection.execute(text("PRAGMA foreign_keys=OFF"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=all_tables(),
            render_as_batch=sqlite,
            compare_server_default=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
            if inspect(connection).has_table("occupation"):
                ensure_overlap_guard(connection)
            _refuse_broken_references(connection)
        connection.commit()
    engine.dispose()


def _refuse_broken_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise RuntimeError(f"a migration broke references: {broken[:5]}")


run()
