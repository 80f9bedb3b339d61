"""The command ``callcenter``. Heavy imports stand inside the functions, so that ``--help`` answers at once."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from callcenter.cli import bench, staff, telephony
from callcenter.cli.running import (
    DEFAULT_COUNTRIES,
    DEFAULT_DATABASE,
    CallCountries,
    DatabaseUrl,
    open_database,
    prepare_database,
    read_call_countries,
    refusals,
)

app = typer.Typer(
    help="A medical telephone secretariat. Settings come from the environment: see `callcenter settings`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(bench.app, name="bench")
app.add_typer(staff.app, name="staff")
app.add_typer(telephony.app, name="telephony")

_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@app.command()
def serve() -> None:
    """Start the product. An empty database gets its tables; an older one is refused until `callcenter migrate`.

    SIGHUP replaces the serving process without closing the listening socket (docs/deployment.md).
    """
    with refusals():
        from callcenter.core.config import load_settings
        from callcenter.serving.holder import Holder, notify_service_manager
        from callcenter.serving.sockets import PortTaken, address_of, open_sockets

        settings = load_settings()
        try:
            sockets = open_sockets(settings.host, settings.port, os.environ)
        except PortTaken as taken:
            typer.echo(str(taken), err=True)
            raise typer.Exit(1) from None

        addresses = ", ".join(map(address_of, sockets))

        def started() -> None:
            typer.echo(f"callcenter: {settings.public_url} (listening on {addresses})")
            notify_service_manager(os.environ)

        status = Holder(sockets, started=started, tell=lambda line: typer.echo(line, err=True)).run()
        raise typer.Exit(status)


@app.command("serve-child", hidden=True)
def serve_child(
    sockets: Annotated[str, typer.Option(help="Descriptors to listen on, with commas.")],
    channel: Annotated[int, typer.Option(help="Descriptor of the line to the parent.")],
) -> None:
    """Serve on sockets that `callcenter serve` holds; started by it alone."""
    from callcenter.serving.child import serve_on

    prepare = partial(prepare_database, say=typer.echo)
    raise typer.Exit(serve_on([int(one) for one in sockets.split(",")], channel, prepare=prepare))


@app.command()
def migrate(database_url: DatabaseUrl = DEFAULT_DATABASE) -> None:
    """Bring the database to this version's tables; repeating it changes nothing."""
    with refusals():
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
    database_url: DatabaseUrl = DEFAULT_DATABASE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    call_countries: CallCountries = DEFAULT_COUNTRIES,
) -> None:
    """Import practices and everything in them from CSV files; all of it, or nothing when a line is refused."""
    with refusals(), open_database(database_url) as database:
        from callcenter.core.clock import SystemClock
        from callcenter.core.i18n import set_language
        from callcenter.exchange.importing import ImportRefused, import_into

        set_language("en")
        countries = read_call_countries(call_countries)
        try:
            report = import_into(database, folder, at=SystemClock().now(), dry_run=dry_run, countries=countries)
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
    with refusals():
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


def _run_elsewhere(name: str, command: Callable[..., None], arguments: list[str]) -> None:
    """Run another room's command with the arguments that were left for it."""
    other = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    other.command()(command)
    with refusals():
        other(arguments, prog_name=name)
