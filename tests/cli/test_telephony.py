"""`callcenter telephony`, as the centre's technician types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callcenter.cli import app
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.directory.models import Practice, PracticeLine
from callcenter.telephony.provider import CarrierNumber, NumberSettings
from tests.fakes import FakeProvider
from tests.floor import ALL, MONDAY

TILLEULS, ACACIAS, NEW, OTHER = "+33199001234", "+33199001300", "+33199001400", "+33199009999"
FRESH = NumberSettings("https://demo.example.com/welcome", "POST", "", "POST", "", "POST")

Command = Callable[..., Result]


class Picky(FakeProvider):
    """A carrier that will not have one of its numbers changed."""

    def __init__(self) -> None:
        super().__init__()
        self.stubborn = ""

    def set_number(self, sid: str, settings: NumberSettings) -> None:
        if sid == self.stubborn:
            raise ProviderError("Permission denied", permanent=True, code=20003)
        super().set_number(sid, settings)


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Picky:
    provider = Picky()
    provider.owned = {
        "PN1": CarrierNumber("PN1", TILLEULS, FRESH),
        "PN2": CarrierNumber("PN2", ACACIAS, FRESH),
        "PN9": CarrierNumber("PN9", OTHER, FRESH),
    }
    monkeypatch.setattr("callcenter.telephony.twilio_provider.TwilioProvider", lambda _settings: provider)
    return provider


@pytest.fixture
def command(database: Database) -> Command:
    """Two practices, three lines; one practice has a backup number."""
    with database.unit_of_work(ALL) as session:
        for code, backup, numbers in (("tilleuls", "+33199005678", [TILLEULS, NEW]), ("acacias", "", [ACACIAS])):
            practice = Practice(code=code, name=code, short_name=code, backup_number=backup, created_at=MONDAY)
            session.add(practice)
            session.flush()
            for number in numbers:
                session.add(PracticeLine(practice_id=practice.id, number=number))
                session.flush()

    def run(*arguments: str, typed: str = "", **more: str) -> Result:
        environment = {
            "CALLCENTER_DATABASE_URL": database.url,
            "CALLCENTER_PUBLIC_URL": "https://centre.example.org",
            "CALLCENTER_FALLBACK_URL": "https://static.example.net/c",
            "CALLCENTER_SECRET_KEY": "s" * 32,
            "CALLCENTER_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "CALLCENTER_TWILIO_AUTH_TOKEN": "token",
        }
        return CliRunner().invoke(app, ["telephony", *arguments], input=typed, env=environment | more)

    return run


def test_the_numbers_are_set_once_she_agrees_and_a_second_run_has_nothing_to_do(
    command: Command, carrier: Picky
) -> None:
    declined = command("provision", typed="n\n")
    assert (declined.exit_code, carrier.owned["PN1"].settings) == (1, FRESH)
    assert f"{TILLEULS}  (answered by demo.example.com until now)" in declined.output
    assert f"{NEW}  is not at the carrier" in declined.output
    assert f"{OTHER}  belongs to no practice: left alone." in declined.output

    agreed = command("provision", typed="y\n")
    assert (agreed.exit_code, "2 changed." in agreed.output) == (0, True)
    assert carrier.owned["PN1"].settings == NumberSettings(
        voice_url="https://centre.example.org/twilio/voice#rc=2&rp=ct,rt,5xx",
        voice_method="POST",
        voice_fallback_url="https://static.example.net/c/tilleuls-1.xml",
        voice_fallback_method="GET",
        status_callback="https://centre.example.org/twilio/call-status#rc=2&rp=ct,rt,5xx",
        status_callback_method="POST",
    )
    assert carrier.owned["PN9"].settings == FRESH
    assert "Nothing to change: 2 numbers are as they should be." in command("provision").output


def test_a_number_the_carrier_refuses_is_named_and_the_others_are_set(command: Command, carrier: Picky) -> None:
    carrier.stubborn = "PN2"
    done = command("provision", "--yes", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["refused"]) == (1, {ACACIAS: "Permission denied"})
    assert [(change["number"], change["changed"]) for change in told["changes"]] == [(TILLEULS, True), (ACACIAS, False)]
    assert (told["missing"], told["unassigned"], told["unchanged"]) == ([NEW], [OTHER], [])
    assert f"{ACACIAS} was not changed: Permission denied" in done.stderr


def test_a_dry_run_changes_nothing_and_a_missing_folder_is_told(command: Command, carrier: Picky) -> None:
    done = command("provision", "--dry-run", "--json", CALLCENTER_FALLBACK_URL="")
    change = json.loads(done.stdout)["changes"][0]
    assert (done.exit_code, change["changed"], sorted(change["settings"])) == (
        0,
        False,
        ["status_callback", "voice_url"],
    )
    assert "CALLCENTER_FALLBACK_URL is not set" in done.stderr
    assert carrier.owned["PN1"].settings == FRESH
    assert command("provision", "--json").exit_code == 2  # it would have to ask


def test_a_carrier_that_does_not_answer_is_a_sentence(command: Command, carrier: Picky) -> None:
    carrier.refusing = ProviderError("the carrier cannot be reached", permanent=False)
    done = command("provision", "--yes")
    assert (done.exit_code, done.output) == (
        1,
        "The carrier did not tell its numbers: the carrier cannot be reached. Nothing was changed.\n",
    )


def test_each_line_gets_its_document(command: Command, tmp_path: Path) -> None:
    done = command("fallback", "--out", str(tmp_path / "published"), "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (
        0,
        {
            "folder": str(tmp_path / "published"),
            "written": ["acacias-3.xml", "tilleuls-1.xml", "tilleuls-2.xml"],
            "unchanged": [],
            "removed": [],
            "without_backup_number": ["acacias"],
        },
    )
    assert "acacias has no backup number" in done.stderr
    again = command("fallback", "--out", str(tmp_path / "published"))
    assert "0 written, 3 unchanged, 0 removed." in again.output


def test_a_database_without_lines_takes_nobody_s_documents_away(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "fallback"
    assert command("fallback", "--out", str(folder)).exit_code == 0
    before = sorted(folder.iterdir())
    empty = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    refused = CliRunner().invoke(app, ["telephony", "fallback", "--out", str(folder), "--database-url", empty])
    assert refused.exit_code == 1
    assert "has no line" in refused.output
    assert sorted(folder.iterdir()) == before
