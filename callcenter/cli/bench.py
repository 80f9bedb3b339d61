"""``callcenter bench``: what the product costs and how fast it answers, on this machine."""

import json
from typing import Annotated

import typer

from callcenter.cli.running import refusals

app = typer.Typer(help="Measure the product on this machine, beside a floor in the same run.", no_args_is_help=True)


@app.callback()
def _bench() -> None:
    """Keep the measurements' names although there is one."""


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
        from callcenter.bench.webhook import CALLERS, DATABASES, run

        unknown = set(database or ()) - set(DATABASES)
        if unknown:
            raise typer.BadParameter(f"{', '.join(sorted(unknown))}: sqlite or postgresql", param_hint="--database")
        report = run(
            databases=database or DATABASES,
            callers=callers or CALLERS,
            rounds=rounds,
            calls=requests,
            say=lambda line: typer.echo(line, err=True),
        )
        if as_json:
            typer.echo(json.dumps(report, ensure_ascii=False))
            return
        typer.echo(
            f"{'':42}{'database':12}{'n':>4}{'median':>10}{'low':>10}{'high':>10}{'p99':>9}{'floor':>9}{'ratio':>7}"
        )
        for row in report["rows"]:
            p99 = "" if row["p99"] is None else row["p99"]
            typer.echo(
                f"{row['name'] + ' (' + row['unit'] + ')':42}{row['database']:12}{row['n']:>4}{row['median']:>10}"
                f"{row['low']:>10}{row['high']:>10}{p99:>9}{row['floor']:>9}{row['ratio']:>7}"
            )
