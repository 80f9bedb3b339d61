"""`callcenter telephony reconcile`, as the centre's technician types it."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from callcenter.cli import app
from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import CarrierCall, CarrierParticipant, CarrierRoom
from tests.floor import CALL, LINE, PATIENT, Floor


@pytest.fixture
def floor(database: Database) -> Floor:
    # The command goes by the real clock.
    return Floor(database, clock=ManualClock(datetime.now(UTC)))


def reconcile(floor: Floor, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setattr("callcenter.telephony.twilio_provider.TwilioProvider", lambda _settings: floor.provider)
    environment = {
        "CALLCENTER_DATABASE_URL": floor.database.url,
        "CALLCENTER_PUBLIC_URL": "https://centre.example.org",
        "CALLCENTER_SECRET_KEY": "s" * 32,
        "CALLCENTER_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "CALLCENTER_TWILIO_AUTH_TOKEN": "token",
    }
    return CliRunner().invoke(app, ["telephony", "reconcile", *options], env=environment)


def test_it_tells_what_it_put_right_once_and_what_follows_is_wired(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.hire("Ines")
    floor.provider.calls = {CALL: CarrierCall(CALL, "in-progress", "inbound", PATIENT, LINE)}
    there = CarrierParticipant(CALL, "patient", on_hold=False, muted=False, coaching=False)
    floor.provider.rooms = {CarrierRoom("CF1", f"call-{CALL}"): [there]}
    done = reconcile(floor, monkeypatch, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"carrier_answered": True, "repaired": {"callers": 1}})
    assert floor.status_of("Ines") == "reserved"
    assert reconcile(floor, monkeypatch).stdout == "Nothing differs from the carrier.\n"


def test_a_silent_carrier_is_a_sentence_and_a_status(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    floor.provider.refusing = ProviderError("the carrier cannot be reached", permanent=False)
    done = reconcile(floor, monkeypatch)
    assert (done.exit_code, done.stderr) == (1, "The carrier did not answer: no call was compared.\n")
