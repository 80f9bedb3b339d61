"""A line is closed in the browser: its callers hear the sentence. It is opened again: the next one rings."""

from __future__ import annotations

import time

import httpx
from playwright.sync_api import expect

from callcenter.core.emergency_words import emergency_sentence
from callcenter.directory.models import Role
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import SECOND_PATIENT, open_tilleuls, operator

EMERGENCY = emergency_sentence("", country="FR", language="fr")
SENTENCE = "Le cabinet est fermé aujourd’hui. Nous répondons de nouveau demain."


def heard(town: Town, sid: str) -> str:
    """What this caller has heard once the closure's sentence has been said, or after fifteen seconds."""
    said = ""
    for _try in range(150):
        call = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
        said = " ".join(line["text"] for line in call["heard"])
        if SENTENCE in said:
            break
        time.sleep(0.1)
    return said


def test_a_closed_line_speaks_and_an_open_one_rings(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    town.account("amelie", "Amélie Petit", Role.ADMINISTRATOR)
    admin, desk = town.sign_in("amelie"), operator(town, "camille", "Camille Roux")

    admin.goto(f"/practices/{tilleuls.practice_id}/lines")
    expect(admin.locator("table .badge.ok")).to_have_count(1)
    admin.get_by_role("link", name="01 99 00 42 17").click()
    form = admin.locator("#period")
    form.locator("[name=starts_on]").fill(f"{town.now():%Y-%m-%d}")
    form.locator("[name=sentence]").fill(SENTENCE)
    form.locator("button.primary").click()
    expect(admin.locator("blockquote")).to_contain_text(SENTENCE)

    said = heard(town, town.dial(number=PATIENT))
    assert said.startswith(EMERGENCY)
    assert said.endswith(SENTENCE)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")

    admin.locator("form[action*='/periods/'][action$='/removal'] button").click()
    expect(admin.locator("#line-standing .badge.ok")).to_be_visible()
    town.dial(number=SECOND_PATIENT)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
