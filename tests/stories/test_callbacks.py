"""A caller who waited in vain is rung back: found on the list, one key, her telephone rings, and it is done."""

from __future__ import annotations

import re
import time

import httpx
from playwright.sync_api import expect

from callcenter.directory.models import Role
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import open_tilleuls, operator


def hang_up(town: Town, sid: str) -> None:
    assert httpx.post(f"{town.carrier_url}/network/calls/{sid}/hangup").status_code == 200


def keep_phone(town: Town, number: str = PATIENT, *, answers: str = "person") -> None:
    """The patient's own telephone, that may be rung."""
    phone = {"answers": answers, "after_seconds": 0.2, "says": ["Ah, vous me rappelez."]}
    assert httpx.put(f"{town.carrier_url}/network/phones/{number}", json=phone).status_code == 200


def pick_up(town: Town, number: str = PATIENT) -> None:
    """The patient answers, once it rings."""
    until = time.monotonic() + 10
    while httpx.post(f"{town.carrier_url}/network/phones/{number}/answer").status_code != 200:
        assert time.monotonic() < until, "her telephone never rang"
        time.sleep(0.1)


def test_a_lost_caller_is_rung_back_by_keyboard(town: Town) -> None:
    open_tilleuls(town)
    keep_phone(town)
    lost = town.dial()
    time.sleep(5.5)
    hang_up(town, lost)
    desk = operator(town, "camille", "Camille Roux")
    owed = desk.locator("#desk-callbacks li")
    expect(owed).to_have_count(1)
    expect(owed).to_contain_text("06 39 98 14 72")
    expect(owed).to_contain_text("Perdu à 09:00")

    expect(owed.locator("button")).to_be_enabled()
    desk.keyboard.press("a")
    expect(owed.locator("button")).to_be_focused()
    desk.keyboard.press("Enter")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "calling", timeout=10_000)
    expect(card).to_contain_text("Cabinet des Tilleuls")
    expect(owed).to_contain_text("Camille rappelle")
    pick_up(town)
    expect(card).to_have_attribute("data-state", "talking", timeout=10_000)
    expect(desk.locator(".person").first).to_contain_text("Hélène Vasseur")
    expect(owed).to_have_count(0)
    desk.keyboard.press("F8")
    expect(card).to_have_attribute("data-state", "wrap_up")


def test_nobody_answers_and_it_stays_on_the_list_of_every_operator(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    keep_phone(town)
    for _try in range(2):
        lost = town.dial()
        time.sleep(5.5)
        hang_up(town, lost)
    desk = operator(town, "camille", "Camille Roux")
    owed = desk.locator("#desk-callbacks li")
    expect(owed).to_have_count(1)
    expect(owed).to_contain_text("2 essais")
    expect(owed.locator("button")).to_be_enabled()
    desk.keyboard.press("a")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "calling", timeout=10_000)
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(owed).to_contain_text(re.compile("sans réponse, à nouveau à 09:1"))
    board = town.sign_in("solene")
    board.goto("/board")
    expect(board.locator("#board-waiting")).to_contain_text("Rappels dus")
