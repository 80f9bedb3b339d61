"""``callcenter telephony``: the numbers at the carrier, and what callers hear when this product is out of reach."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callcenter.cli.running import DEFAULT_DATABASE, DatabaseUrl, open_database, refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callcenter.core.config import Settings
    from callcenter.directory.line_entry import LineEntry
    from callcenter.telephony.provider import Provider
    from callcenter.telephony.provisioning import Difference

app = typer.Typer(
    help="Numbers at the carrier, and static documents for when it cannot reach us.", no_args_is_help=True
)

_SHOWN = {
    "voice_url": "calls go to",
    "voice_method": "calls by",
    "voice_fallback_url": "out of reach",
    "voice_fallback_method": "out of reach by",
    "status_callback": "ends are told to",
    "status_callback_method": "ends by",
}


@app.command()
def fallback(
    out: Annotated[Path, typer.Option("--out", help="Folder to write, then to publish on another server.")],
    database_url: DatabaseUrl = DEFAULT_DATABASE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Write one static document per line: what the carrier plays when this product does not answer."""
    with refusals():
        from callcenter.core.errors import NotFound
        from callcenter.exchange.fallback import document_name, static_document
        from callcenter.exchange.fallback_folder import write_folder

        entries = _read_lines(database_url)
        if not entries:
            raise NotFound(f"{database_url.split('@')[-1]} has no line: nothing was written, nothing removed.")
        written = write_folder(out, {document_name(entry): static_document(entry) for entry in entries})
        alone = sorted({entry.practice_code for entry in entries if not entry.backup_number})
        if as_json:
            told = {
                "folder": str(out),
                "written": written.written,
                "unchanged": written.unchanged,
                "removed": written.removed,
                "without_backup_number": alone,
            }
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo(
                f"{out}: {len(written.written)} written, {len(written.unchanged)} unchanged, "
                f"{len(written.removed)} removed."
            )
        for code in alone:
            typer.echo(f"{code} has no backup number: its callers are asked to call again later.", err=True)


@app.command()
def provision(
    yes: Annotated[bool, typer.Option("--yes", help="Change without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object; with --yes or --dry-run.")] = False,
) -> None:
    """Set at the carrier what each line's number does, after showing what would change. Repeatable."""
    with refusals():
        from callcenter.core.config import load_settings
        from callcenter.telephony.twilio_provider import TwilioProvider

        settings = load_settings()
        if as_json and not (yes or dry_run):
            raise typer.BadParameter("--json asks nothing: add --yes or --dry-run.")
        provision_numbers(settings, TwilioProvider(settings), yes=yes, dry_run=dry_run, as_json=as_json)


@app.command()
def reconcile(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Look at the carrier once and put right what no report said; the running product does so every 20 s."""
    with refusals():
        from callcenter.cli.reconciling import reconcile_once
        from callcenter.core.config import load_settings
        from callcenter.telephony.twilio_provider import TwilioProvider

        settings = load_settings()
        reconcile_once(settings, TwilioProvider(settings), as_json=as_json)


def provision_numbers(settings: "Settings", provider: "Provider", *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Compare, show, ask, set. Raises ``typer.Exit`` (status 1) when the carrier refused anything or nobody agreed."""
    from callcenter.core.errors import ProviderError
    from callcenter.telephony.provisioning import apply_changes

    try:
        difference = _compare(settings, provider)
    except ProviderError as error:
        typer.echo(f"The carrier did not tell its numbers: {error.reason}. Nothing was changed.", err=True)
        raise typer.Exit(1) from None
    if not as_json:
        _show(difference)
    for warning in _warnings(settings, difference):
        typer.echo(warning, err=True)
    wanted = bool(difference.changes) and not dry_run
    if wanted and not yes and not typer.confirm(f"Change {len(difference.changes)} at the carrier?"):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)
    refused = apply_changes(difference.changes, provider.set_number) if wanted else {}
    if as_json:
        typer.echo(json.dumps(_as_dict(difference, applied=wanted, refused=refused), ensure_ascii=False))
    elif wanted:
        typer.echo(f"{len(difference.changes) - len(refused)} changed.")
    for number, reason in refused.items():
        typer.echo(f"{number} was not changed: {reason}", err=True)
    if refused:
        raise typer.Exit(1)


def _compare(settings: "Settings", provider: "Provider") -> "Difference":
    from callcenter.exchange.fallback import document_address
    from callcenter.telephony.provisioning import compare_numbers
    from callcenter.telephony.twiml import callback_url

    return compare_numbers(
        {entry.number: document_address(settings.fallback_url, entry) for entry in _read_lines(settings.database_url)},
        provider.numbers(),
        voice_url=callback_url(settings.public_url, "/twilio/voice"),
        status_url=callback_url(settings.public_url, "/twilio/call-status"),
    )


def _read_lines(database_url: str) -> "Sequence[LineEntry]":
    from callcenter.core.scope import Centre, CentreReason
    from callcenter.directory.line_book import load_line_book

    with open_database(database_url) as database, database.reading(Centre(CentreReason.ADMINISTRATION)) as session:
        book = load_line_book(session)
        return [book[number] for number in sorted(book)]


def _show(difference: "Difference") -> None:
    for change in difference.changes:
        taken = f"  (answered by {change.taken_from} until now)" if change.taken_from else ""
        typer.echo(f"{change.number}{taken}")
        for name, before, after in change.differences:
            typer.echo(f"    {_SHOWN[name]:<18}{before or 'nothing'}")
            typer.echo(f"    {'':<15}-> {after}")
    for number in difference.missing:
        typer.echo(f"{number}  is not at the carrier: its calls do not come here.")
    for foreign in difference.unassigned:
        typer.echo(f"{foreign.number}  belongs to no practice: left alone.")
    if not difference.changes:
        typer.echo(f"Nothing to change: {len(difference.unchanged)} numbers are as they should be.")


def _warnings(settings: "Settings", difference: "Difference") -> list[str]:
    lines = [
        f"{one.number} is answered by {one.answered_by} at the carrier, which ignores its addresses then: undo that."
        for one in difference.overruled
    ]
    if not settings.fallback_url:
        lines.append(
            "CALLCENTER_FALLBACK_URL is not set: while this product is out of reach callers hear the carrier's own "
            "error. Publish the folder of `callcenter telephony fallback` and set its address."
        )
    return lines


def _as_dict(difference: "Difference", *, applied: bool, refused: dict[str, str]) -> dict[str, object]:
    return {
        "changes": [
            {
                "number": change.number,
                "taken_from": change.taken_from or None,
                "settings": {name: {"before": before, "after": after} for name, before, after in change.differences},
                "changed": applied and change.number not in refused,
            }
            for change in difference.changes
        ],
        "unchanged": list(difference.unchanged),
        "missing": list(difference.missing),
        "unassigned": [one.number for one in difference.unassigned],
        "overruled": {one.number: one.answered_by for one in difference.overruled},
        "refused": refused,
    }
