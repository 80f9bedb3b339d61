"""The product is out of reach: the carrier plays the practice's static document and rings its backup number."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.carrier.clock import RealClock
from callcenter.cli import app
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine
from callcenter.drills.static_server import StaticServer
from tests.carrier.running import PATIENT, SID, TOKEN, Running
from tests.floor import MONDAY

TILLEULS, BACKUP = "+33199001234", "+33199005678"
NOWHERE = "http://127.0.0.1:9"  # nobody listens on the discard port


@pytest.fixture
def published(tmp_path: Path) -> Iterator[StaticServer]:
    """Another web server, with the folder."""
    server = StaticServer(tmp_path)
    yield server
    server.close()


def test_a_caller_hears_the_static_document_and_reaches_the_backup_number(
    start: Callable[..., Running], published: StaticServer, sqlite_url: str, tmp_path: Path
) -> None:
    carrier = start(RealClock(20.0), voice_url=f"{NOWHERE}/voice", voice_status_url="")
    carrier.http.put(f"/network/numbers/{TILLEULS}", json={"label": "Accueil"}).raise_for_status()
    answering = {"answers": "auto", "after_seconds": 1, "says": ["Cabinet des Tilleuls, bonjour."], "name": "secours"}
    carrier.http.put(f"/network/phones/{BACKUP}", json=answering).raise_for_status()
    database = Database(sqlite_url)
    with database.unit_of_work(Centre(CentreReason.SEED)) as session:
        practice = Practice(code="tilleuls", name="T", short_name="T", backup_number=BACKUP, created_at=MONDAY)
        session.add(practice)
        session.flush()
        session.add(PracticeLine(practice_id=practice.id, number=TILLEULS))
    database.close()

    def run(*arguments: str) -> dict[str, object]:
        environment = {
            "CALLCENTER_DATABASE_URL": sqlite_url,
            "CALLCENTER_PUBLIC_URL": NOWHERE,
            "CALLCENTER_FALLBACK_URL": published.url,
            "CALLCENTER_SECRET_KEY": "s" * 32,
            "CALLCENTER_TWILIO_ACCOUNT_SID": SID,
            "CALLCENTER_TWILIO_AUTH_TOKEN": TOKEN,
            "CALLCENTER_TWILIO_BASE_URL": carrier.base,
        }
        done = CliRunner().invoke(app, ["telephony", *arguments, "--json"], env=environment)
        assert done.exit_code == 0, done.output
        told: dict[str, object] = json.loads(done.stdout)
        return told

    assert run("fallback", "--out", str(tmp_path))["written"] == ["tilleuls-1.xml"]
    [change] = run("provision", "--yes")["changes"]  # type: ignore[misc]
    assert (change["number"], change["changed"]) == (TILLEULS, True)
    assert (run("provision", "--dry-run")["changes"], run("provision", "--dry-run")["unchanged"]) == ([], [TILLEULS])

    placed = carrier.http.post("/network/calls", json={"from": PATIENT, "to": TILLEULS})
    sid = placed.json()["sid"]
    until = time.monotonic() + 15
    while not any("Cabinet des Tilleuls" in text for _who, text in carrier.heard_by(sid)):
        assert time.monotonic() < until, carrier.call(sid)
        time.sleep(0.05)
    words = [text for _who, text in carrier.heard_by(sid)]
    assert words[:2] == [
        "En cas d'urgence vitale, raccrochez et composez le 15.",
        "Nous vous mettons en relation avec le cabinet.",
    ]
