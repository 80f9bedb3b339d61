"""Bringing a database to this version's tables, and refusing one that is newer."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from callcenter.core.errors import StartRefused

_CONNECT_WITHIN = 5  # seconds
_SCRIPTS = Path(__file__).parent.parent / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database to ``revision``. Raises ``StartRefused`` when it comes from a newer version."""
    refuse_newer(database_url)
    command.upgrade(alembic_config(database_url), revision)


def refuse_newer(database_url: str) -> None:
    """Raise ``StartRefused`` when the database holds a revision that this version does not know."""
    present = current_revision(database_url)
    if present is None:
        return
    try:
        ScriptDirectory.from_config(alembic_config(database_url)).get_revision(present)
    except CommandError:
        raise StartRefused(
            f"The database comes from a newer version of callcenter (its revision is {present}). "
            "Install that version or newer; nothing was changed."
        ) from None


def current_revision(database_url: str) -> str | None:
    """The revision the database is at; None for an empty one. Raises ``StartRefused`` when it cannot be opened."""
    try:
        if database_url.startswith("sqlite:///"):
            Path(database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        # A database that accepts and then says nothing must not keep the start hanging.
        patience = {} if database_url.startswith("sqlite") else {"connect_timeout": _CONNECT_WITHIN}
        engine = create_engine(driver_url(database_url), connect_args=patience)
        try:
            with engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError, ImportError) as fault:
        cause = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
        reason = (str(cause).splitlines() or [type(cause).__name__])[0]
        raise StartRefused(
            f"CALLCENTER_DATABASE_URL: the database cannot be opened ({reason}). It takes sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME, and a database that answers."
        ) from None


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    # Alembic interpolates percent signs, which passwords in addresses may hold.
    config.set_main_option("sqlalchemy.url", driver_url(database_url).replace("%", "%%"))
    return config


def driver_url(database_url: str) -> str:
    """The address with the driver that SQLAlchemy is to use."""
    return database_url.replace("postgresql://", "postgresql+psycopg://", 1)
