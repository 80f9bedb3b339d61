"""What every command needs: an up-to-date database, and refusals that end in a sentence and an exit status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from callcenter.core.errors import Problem, StartRefused

DEFAULT_DATABASE = "sqlite:///var/callcenter.db"
DatabaseUrl = Annotated[
    str,
    typer.Option(envvar="CALLCENTER_DATABASE_URL", help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"),
]

DEFAULT_COUNTRIES = ""
CallCountries = Annotated[
    str,
    typer.Option(
        envvar="CALLCENTER_CALL_COUNTRIES",
        help="Countries whose numbers may be called, as FR,BE,LU; the setting's own default when empty.",
    ),
]


def read_call_countries(typed: str) -> frozenset[str]:
    """The countries of this option. Raises ``StartRefused`` naming the setting."""
    from callcenter.core.config import read_countries
    from callcenter.core.phone import CALL_COUNTRIES

    try:
        return read_countries(typed) if typed else CALL_COUNTRIES
    except ValueError as wrong:
        raise StartRefused(f"CALLCENTER_CALL_COUNTRIES: {wrong}") from None


def prepare_database(database_url: str, *, say: Callable[[str], None]) -> None:
    """Make the tables of an empty database; raise ``StartRefused`` for an older or a newer one."""
    from alembic.script import ScriptDirectory

    from callcenter.core.migrate import alembic_config, current_revision, refuse_newer, upgrade

    present = current_revision(database_url)
    if present is None:
        upgrade(database_url)
        say("The database was empty: its tables are made.")
        return
    refuse_newer(database_url)
    newest = ScriptDirectory.from_config(alembic_config(database_url)).get_current_head()
    if present != newest:
        raise StartRefused(
            f"The database is at revision {present}, this version needs {newest}. Back it up, then run "
            "`callcenter migrate`; nothing was changed."
        )


@contextmanager
def open_database(database_url: str) -> Iterator[Any]:
    """The database of this version, closed afterwards; one that is not up to date is refused."""
    from callcenter.core.db import Database

    prepare_database(database_url, say=lambda line: typer.echo(line, err=True))
    database = Database(database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def refusals() -> Iterator[None]:
    """A refusal is a sentence and an exit status: 2 when nothing could start, 1 when something typed was refused."""
    try:
        yield
    except StartRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None
    except Problem as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
