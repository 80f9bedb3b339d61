"""A patient whose telephone dies while she speaks with the regulator is rung back, and the card says so throughout."""

from __future__ import annotations

import os
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import REGULATOR, answer, open_tilleuls, operator


def test_a_patient_cut_off_during_an_emergency_is_rung_back_and_answers(town: Town) -> None:
    open_tilleuls(town)
    _phone(town, REGULATOR, answers="auto")
    _phone(town, PATIENT, answers="person")
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    expect(desk.locator("#relay")).to_be_visible()
    desk.keyboard.press("Enter")
    line = desk.locator("#relay-line")
    expect(line.locator(".speaking")).to_contain_text("régulateur")

    hung_up = httpx.post(f"{town.carrier_url}/network/calls/{patient}/hangup")
    assert hung_up.is_success, hung_up.text

    lost = line.locator("[data-lost]")
    expect(lost).to_have_attribute("data-lost", "ringing-back")
    expect(lost).to_contain_text("La ligne du patient a été coupée")
    expect(lost).to_contain_text("essai 1")
    _look(desk, "lost")

    # Nobody was cut off: operator and regulator speak on while her telephone rings.
    expect(line.locator(".speaking")).to_contain_text("régulateur")
    _until_it_rings(town, desk)
    picked_up = httpx.post(f"{town.carrier_url}/network/phones/{PATIENT}/answer")
    assert picked_up.is_success, picked_up.text

    expect(lost).to_have_attribute("data-lost", "back")
    expect(lost).to_contain_text("de nouveau en ligne")
    expect(line.locator(".legs li").first).to_contain_text("vous entend")
    _look(desk, "back")


def _phone(town: Town, number: str, *, answers: str) -> None:
    """Somebody has a telephone at this number."""
    kept = httpx.put(f"{town.carrier_url}/network/phones/{number}", json={"answers": answers})
    assert kept.is_success, kept.text


def _until_it_rings(town: Town, desk: Page) -> None:
    for _ in range(100):
        found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/phones/{PATIENT}").json()
        if found["state"] == "ringing":
            return
        desk.wait_for_timeout(50)
    raise AssertionError("her telephone does not ring")


def _look(desk: Page, name: str) -> None:
    folder = os.environ.get("LOOK_AT")
    if folder:
        desk.screenshot(path=f"{folder}/{name}.png")
