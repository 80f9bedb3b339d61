"""``callcenter bench``: what the product costs and how fast it answers, on this machine."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from callcenter.cli.running import refusals

app = typer.Typer(help="Measure the product on this machine, beside a floor in the same run.", no_args_is_help=True)


@app.command()
def webhook(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each route.")] = 5,
    requests: Annotated[int, typer.Option(min=2, help="Requests a round.")] = 400,
    callers: Annotated[list[int] | None, typer.Option(min=1, help="Callers at once; may be repeated.")] = None,
    database: Annotated[list[str] | None, typer.Option(help="sqlite or postgresql; may be repeated.")] = None,
) -> None:
    """The whole voice webhook beside the same server that only verifies its signature (docs/bench.md)."""
    with refusals():
        from callcenter.bench.product import DATABASES
        from callcenter.bench.webhook import CALLERS, run

        report = run(
            databases=_known(database, DATABASES),
            callers=callers or CALLERS,
            rounds=rounds,
            calls=requests,
            say=lambda line: typer.echo(line, err=True),
        )
        _print(report, as_json=as_json)


@app.command()
def fanout(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    operators: Annotated[int, typer.Option(min=1, help="Screens connected.")] = 200,
    calls: Annotated[int, typer.Option(min=1, help="Calls a round.")] = 60,
    per_second: Annotated[float, typer.Option(min=0.1, help="Calls a second.")] = 1.4,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds.")] = 2,
    database: Annotated[list[str] | None, typer.Option(help="sqlite or postgresql; may be repeated.")] = None,
) -> None:
    """From a call's webhook to its card on the operator's screen, beside a bare signal (docs/bench.md)."""
    with refusals():
        from callcenter.bench.fanout import run
        from callcenter.bench.product import DATABASES

        report = run(
            databases=_known(database, DATABASES),
            operators=operators,
            calls=calls,
            per_second=per_second,
            rounds=rounds,
            say=lambda line: typer.echo(line, err=True),
        )
        _print(report, as_json=as_json)


@app.command()
def agenda(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds.")] = 5,
    requests: Annotated[int, typer.Option(min=1, help="Requests a round.")] = 100,
    practitioners: Annotated[int, typer.Option(min=8, help="In the group that is asked for its first.")] = 1000,
    appointments: Annotated[int, typer.Option(min=1, help="Of each of ten practitioners, over a year.")] = 2000,
    database: Annotated[list[str] | None, typer.Option(help="sqlite or postgresql; may be repeated.")] = None,
) -> None:
    """Free time found, booked, moved and shown, each beside its floor (docs/bench.md)."""
    with refusals():
        from callcenter.bench.agenda import run
        from callcenter.bench.agenda_data import Size
        from callcenter.bench.product import DATABASES

        report = run(
            databases=_known(database, DATABASES),
            rounds=rounds,
            requests=requests,
            size=Size(group=practitioners, appointments=appointments),
            say=lambda line: typer.echo(line, err=True),
        )
        _print(report, as_json=as_json)


def _known(asked: list[str] | None, known: Sequence[str]) -> Sequence[str]:
    unknown = set(asked or ()) - set(known)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: sqlite or postgresql", param_hint="--database")
    return asked or known


def _print(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    typer.echo(f"{'':42}{'database':12}{'n':>4}{'median':>10}{'low':>10}{'high':>10}{'p99':>9}{'floor':>9}{'ratio':>7}")
    for row in report["rows"]:
        p99 = "" if row["p99"] is None else row["p99"]
        typer.echo(
            f"{row['name'] + ' (' + row['unit'] + ')':42}{row['database']:12}{row['n']:>4}{row['median']:>10}"
            f"{row['low']:>10}{row['high']:>10}{p99:>9}{row['floor']:>9}{row['ratio']:>7}"
        )
