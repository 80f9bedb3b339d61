"""``callcenter telephony reconcile``: one look at the carrier by hand."""

import json
from contextlib import closing
from typing import TYPE_CHECKING

import typer

from callcenter.cli.running import prepare_database

if TYPE_CHECKING:
    from callcenter.core.config import Settings
    from callcenter.telephony.provider import Provider


def reconcile_once(settings: "Settings", provider: "Provider", *, as_json: bool) -> None:
    """Compare calls and texts with the carrier, put right what differs, and say how many.

    Harmless beside a running product. Raises ``typer.Exit`` (status 1) when the carrier did not answer.
    """
    from callcenter.core.clock import SystemClock
    from callcenter.core.db import Database
    from callcenter.core.errors import ProviderError
    from callcenter.main import wire_events
    from callcenter.messaging.reconciling import TextReconciler
    from callcenter.routing.reconciling import Reconciler

    clock = SystemClock(settings.clock_offset)
    prepare_database(settings.database_url, say=lambda line: typer.echo(line, err=True))
    with closing(Database(settings.database_url, bus=wire_events())) as database:
        found = Reconciler(database, provider, clock).run()
        if found.carrier_answered:
            try:
                found.add("texts", TextReconciler(database, provider, clock).run())
            except ProviderError:
                found.carrier_answered = False
    if as_json:
        typer.echo(json.dumps({"carrier_answered": found.carrier_answered, "repaired": found.counts}))
    elif found.counts:
        typer.echo("Put right: " + ", ".join(f"{kind} {count}" for kind, count in sorted(found.counts.items())) + ".")
    elif found.carrier_answered:
        typer.echo("Nothing differs from the carrier.")
    if not found.carrier_answered:
        typer.echo("The carrier did not answer: no call was compared.", err=True)
        raise typer.Exit(1)
