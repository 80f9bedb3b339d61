"""Her telephone leaves in the middle of an emergency: a colleague goes on at once, or she is back by one key."""

from __future__ import annotations

import os

import httpx
from playwright.sync_api import Page, expect

from tests.stories.conftest import Town
from tests.stories.test_cut_conversation import at_carrier, hang_up_hers, until
from tests.stories.tilleuls import REGULATOR, answer, open_tilleuls, operator


def test_a_colleague_goes_on_with_the_emergency_of_whoever_is_cut_off(town: Town) -> None:
    open_tilleuls(town)
    camille = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(camille)
    camille.keyboard.press("F12")
    relay = camille.locator("#relay")
    expect(relay.locator("#relay-primary button")).to_be_enabled()
    camille.keyboard.press("F6")
    camille.keyboard.type("12 rue des Acacias, 44400 Rezé")
    camille.keyboard.press("Escape")
    camille.keyboard.press("Enter")
    until(lambda: phone(town, REGULATOR) == "ringing")
    httpx.post(f"{town.carrier_url}/network/phones/{REGULATOR}/answer").raise_for_status()
    expect(relay.locator(".speaking")).to_contain_text("régulateur")

    # She is back by one key: nobody else is at her desk, and the patient did not lose the regulator.
    hang_up_hers(town)
    expect(relay).to_contain_text("Votre téléphone a quitté la conversation.")
    look(camille, "cut-hers")
    assert in_room(town, patient) == ["emergency-1"]
    camille.keyboard.press("F2")
    until(lambda: len(in_room(town, patient)) == 2)
    expect(relay).not_to_contain_text("Votre téléphone a quitté la conversation.")

    # A colleague is there: she is asked at once, before everybody.
    lea = operator(town, "lea", "Léa Morel")
    hang_up_hers(town)
    hers = lea.locator("#desk-card")
    expect(hers).to_have_attribute("data-state", "ringing")
    expect(hers).to_contain_text("Camille était en ligne avec ce patient jusqu’à")
    expect(hers).to_contain_text("Coupée pendant une urgence.")
    expect(lea.locator("#desk-queue .badge.emergency")).to_be_visible()
    look(lea, "cut-offered")
    answer(lea)
    opened = lea.locator("#relay")
    expect(opened.locator("#relay-address")).to_have_value("12 rue des Acacias, 44400 Rezé")
    expect(opened).to_contain_text("Camille a été coupée pendant cette urgence")
    expect(opened.locator("#relay-line .speaking")).to_contain_text("régulateur")
    expect(opened.locator("#relay-steps .amiss")).to_have_count(2)
    look(lea, "cut-taken-up")
    lea.set_viewport_size({"width": 390, "height": 844})
    look(lea, "cut-taken-up-telephone")
    until(lambda: len(in_room(town, patient)) == 2)

    # It is Léa's now: the card has gone from Camille's screen, and Léa ends it.
    expect(camille.locator("#relay")).to_have_count(0)
    expect(camille.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(opened.locator("#relay-primary [data-key=Enter]")).to_be_enabled(timeout=10_000)
    lea.keyboard.press("Enter")
    expect(opened.locator(".strip.calm")).to_be_visible()


def in_room(town: Town, patient: str) -> list[str]:
    """Who is with the patient, whom nobody keeps on hold."""
    heard = at_carrier(town, patient)
    assert heard["status"] == "in-progress"
    assert heard["hold"] is False
    found = heard["with"]
    assert isinstance(found, list)
    return found


def phone(town: Town, number: str) -> str:
    return str(httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"])


def look(desk: Page, name: str) -> None:
    folder = os.environ.get("LOOK_AT")
    if folder:
        desk.screenshot(path=f"{folder}/{name}.png")
