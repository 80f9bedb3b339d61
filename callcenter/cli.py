"""The command ``callcenter``. Heavy imports stand inside the functions, so that ``--help`` answers at once."""

import errno
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from callcenter.core.errors import NotFound, Problem, StartRefused

app = typer.Typer(
    help="A medical telephone secretariat. Settings come from the environment: see `callcenter settings`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
staff = typer.Typer(help="Accounts of the people who sign in.", no_args_is_help=True)
app.add_typer(staff, name="staff")

DatabaseUrl = Annotated[
    str,
    typer.Option(envvar="CALLCENTER_DATABASE_URL", help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"),
]
_DEFAULT_DATABASE = "sqlite:///var/callcenter.db"
_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@app.command()
def serve() -> None:
    """Start the product. An empty database gets its tables; an older one is refused until `callcenter migrate`."""
    with _refusals():
        from callcenter.core.config import load_settings

        settings = load_settings()
        prepare_database(settings.database_url, say=typer.echo)
        listening = listen(settings.host, settings.port)
        from callcenter.main import create_app
        from callcenter.web.server import Server

        product = create_app(settings)
        typer.echo(f"callcenter: {settings.public_url} (listening on {settings.host}:{listening.getsockname()[1]})")

        server = Server(product)
        server.run(sockets=[listening])
        if not server.started:
            raise typer.Exit(1)


@app.command()
def migrate(database_url: DatabaseUrl = _DEFAULT_DATABASE) -> None:
    """Bring the database to this version's tables; repeating it changes nothing."""
    with _refusals():
        from callcenter.core.migrate import current_revision, upgrade

        before = current_revision(database_url)
        upgrade(database_url)
        after = current_revision(database_url)
        typer.echo(
            f"The database is at revision {after} already."
            if before == after
            else f"The database went from {before or 'empty'} to revision {after}."
        )


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of CSV files, docs/import.md")],
    database_url: DatabaseUrl = _DEFAULT_DATABASE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Import practices and everything in them from CSV files; all of it, or nothing when a line is refused."""
    with _refusals(), _database(database_url) as database:
        from callcenter.core.clock import SystemClock
        from callcenter.core.i18n import set_language
        from callcenter.exchange.importing import ImportRefused, import_into

        set_language("en")
        try:
            report = import_into(database, folder, at=SystemClock().now(), dry_run=dry_run)
        except ImportRefused as refused:
            if as_json:
                typer.echo(json.dumps({"errors": [fault.as_dict() for fault in refused.faults]}, ensure_ascii=False))
            for fault in refused.faults:
                typer.echo(str(fault), err=True)
            typer.echo(f"{len(refused.faults)} refused; nothing was written.", err=True)
            raise typer.Exit(1) from None
        if as_json:
            typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
        else:
            typer.echo(report.as_text())


@staff.command("create")
def staff_create(
    login: Annotated[str, typer.Option(help="What she types to sign in.")],
    role: Annotated[str, typer.Option(help="operator, supervisor, practitioner or administrator.")],
    name: Annotated[str, typer.Option(help="Her name; the login when not given.")] = "",
    endpoint: Annotated[str, typer.Option(help="Where her calls ring: a number or client:name.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    database_url: DatabaseUrl = _DEFAULT_DATABASE,
) -> None:
    """Create an account; the first administrator of an installation is made this way."""
    with _refusals():
        prepare_database(database_url, say=typer.echo)
    with _refusals(), _database(database_url) as database:
        from callcenter.core.clock import SystemClock
        from callcenter.core.scope import Centre, CentreReason
        from callcenter.directory.accounts import create_staff
        from callcenter.directory.staff import read_role

        known_role = read_role(role)
        password = _ask_password(from_stdin=password_stdin)
        with database.unit_of_work(Centre(CentreReason.ADMINISTRATION)) as session:
            made = create_staff(
                session,
                login=login,
                name=name or login,
                role=known_role,
                password=password,
                endpoint=endpoint,
                at=SystemClock().now(),
            )
            typer.echo(f"Account {made.login} ({made.role}) is ready.")


@staff.command("password")
def staff_password(
    login: Annotated[str, typer.Option(help="Whose password.")],
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    database_url: DatabaseUrl = _DEFAULT_DATABASE,
) -> None:
    """Give an account a new password; it is signed out everywhere."""
    with _refusals(), _database(database_url) as database:
        from sqlalchemy import select

        from callcenter.core.clock import SystemClock
        from callcenter.core.scope import Centre, CentreReason
        from callcenter.directory.accounts import clean_login, set_password
        from callcenter.directory.models import Staff

        password = _ask_password(from_stdin=password_stdin)
        with database.unit_of_work(Centre(CentreReason.ADMINISTRATION)) as session:
            staff_id = session.scalar(select(Staff.id).where(Staff.login == clean_login(login)))
            if staff_id is None:
                raise NotFound("There is no such account.")
            set_password(session, staff_id, password, at=SystemClock().now())
        typer.echo("The password is changed.")


@app.command(context_settings=_PASS_ON, add_help_option=False)
def carrier(ctx: typer.Context) -> None:
    """Start the stand-in for the telephone carrier (own options: `callcenter carrier --help`)."""
    from callcenter.carrier.command import carrier as command

    _run_elsewhere("callcenter carrier", command, ctx.args)


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="Stop after that long (with --headless).")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Simulated operators; one report at the end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Start over with fresh data.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the demonstration keeps its data.")] = Path("var/demo"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the product.")] = 8000,
    carrier_port: Annotated[int, typer.Option(help="Port of the stand-in carrier.")] = 8100,
    seed: Annotated[int, typer.Option(help="Which imaginary callers (with --headless).")] = 1,
) -> None:
    """Start everything with imaginary practices, and patients who ring."""
    with _refusals():
        from callcenter.demo import command

        if not headless:
            command.run_by_hand(folder, host=host, port=port, carrier_port=carrier_port, reset=reset, say=typer.echo)
            return
        report = command.run_headless(folder, seconds=seconds or 120, host=host, seed=seed)
        lines = [f"{name}: {value}" for name, value in report.as_json().items()]
        typer.echo(command.as_json(report) if as_json else "\n".join(lines))
        for shortcoming in (missing := report.shortcomings()):
            typer.echo(shortcoming, err=True)
        if missing:
            raise typer.Exit(1)


@app.command()
def settings() -> None:
    """Print every setting, its default and what it takes."""
    from callcenter.core.config import Settings

    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        typer.echo(f"CALLCENTER_{name.upper()}")
        typer.echo(f"    {field.description}")
        typer.echo(f"    default: {shown if shown not in ('', None) else 'none'}")


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


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``typer.Exit`` (status 1) after a sentence when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as fault:
        bound.close()
        why = "is taken by another program" if fault.errno == errno.EADDRINUSE else f"cannot be had ({fault.strerror})"
        typer.echo(f"Port {port} on {host} {why}. Stop it, or set CALLCENTER_PORT to another one.", err=True)
        raise typer.Exit(1) from None
    return bound


@contextmanager
def _database(database_url: str) -> Iterator[Any]:
    """The database of this version, closed afterwards; one that is not up to date is refused."""
    from callcenter.core.db import Database

    prepare_database(database_url, say=lambda line: typer.echo(line, err=True))
    database = Database(database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is a sentence and an exit status: 2 when nothing could start, 1 when something typed was refused."""
    try:
        yield
    except StartRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None
    except Problem as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None


def _ask_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _run_elsewhere(name: str, command: Callable[..., None], arguments: list[str]) -> None:
    """Run another room's command with the arguments that were left for it."""
    other = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    other.command()(command)
    with _refusals():
        other(arguments, prog_name=name)
