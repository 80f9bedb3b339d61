"""The emergency card in a browser: the regulator rings within two seconds of Enter, and nobody is left alone."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from callcenter.directory.models import Role
from callcenter.messaging.models import OutboxMessage
from tests.stories.conftest import PATIENT, Town, open_town
from tests.stories.tilleuls import (
    ALL,
    REGULATOR,
    SECOND_LINE,
    answer,
    choose_person,
    keep_emergency_lines,
    open_tilleuls,
    operator,
    set_real_emergency_line,
)

OWN_TELEPHONE = "+33639980041"


def test_an_emergency_is_relayed_by_keyboard_until_the_regulator_takes_over(
    town: Town, figure: Callable[[str], None]
) -> None:
    open_tilleuls(town)
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)

    desk.keyboard.press("F12")
    relay = desk.locator("#relay")
    expect(relay.locator("#relay-line .number")).to_have_text("02 61 91 15 44")
    expect(relay.locator("#relay-line .label").first).to_have_text("Centre 15")

    # Awake, but not breathing as usual.
    _answer_gate(desk, "1", answered=1)
    _answer_gate(desk, "2", answered=2)
    expect(relay.locator("#relay-gate .flag")).to_have_count(1)
    # The others are not asked any more, and it says why a digit does nothing now.
    expect(relay.locator("#relay-gate .spared b")).to_have_text(["Inutile"] * 3)
    expect(relay.locator("#relay-gate [role=status]")).to_contain_text("Signe d’alerte : appelez d’abord")

    # Enter leaves the field, with Shift it is a new line; nothing is dialled by it, and what is typed is kept.
    desk.keyboard.press("F6")
    address = desk.locator("#relay-address")
    expect(address).to_be_focused()
    desk.keyboard.type("12 rue des Acacias, 44400 Rezé")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("Cour")
    desk.keyboard.press("Enter")
    expect(address).not_to_be_focused()
    expect(address).to_have_value("12 rue des Acacias, 44400 Rezé\nCour")
    expect(desk.locator("#relay-keys [data-address=noted]")).to_be_visible()
    expect(relay).to_be_visible()
    assert _calls_at_carrier(town) == {"in-progress": 2}

    # A nervous hand: Enter twice, one telephone rings.
    pressed = time.monotonic()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    _until_rings(town, REGULATOR)
    lasted = time.monotonic() - pressed
    figure(f"emergency line ringing at the carrier {lasted * 1000:.0f} ms after Enter")
    assert lasted < 2
    expect(desk.locator("#relay-line .speaking")).to_contain_text("Sonnerie")
    assert _calls_at_carrier(town) == {"in-progress": 2, "ringing": 1}  # patient, operator, one regulator

    _nobody_is_left_alone(town, desk, patient)

    _pick_up(town, REGULATOR)
    expect(desk.locator("#relay-primary button")).to_be_disabled()  # not in the first five seconds
    desk.keyboard.press("Enter")
    _nobody_is_left_alone(town, desk, patient)
    assert sorted(_call(town, patient)["with"]) == ["emergency-1", "operator-1"]

    expect(desk.locator("#relay-primary [data-key=Enter]")).to_be_enabled(timeout=10_000)
    expect(relay.locator(".strip.calm")).to_have_count(0)
    desk.keyboard.press("Enter")
    expect(relay.locator(".strip.calm")).to_be_visible()
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay")).to_have_count(0)

    # Back on the desk, which stays the desk after a reload; hold and hanging up are hers again.
    expect(desk.locator("#key-hold button")).to_be_enabled()
    # Nobody else is asked in while the emergency line is there: the key says so before it is pressed.
    expect(desk.locator("#key-transfer button")).to_be_disabled()
    expect(desk.locator("#key-transfer button")).to_contain_text("régulateur en ligne")
    desk.reload()
    # Her telephone was in the page that went: the two others speak on, and F2 has her with them again.
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "cut")
    expect(desk.locator("#relay")).to_have_count(0)
    assert _call(town, patient)["with"] == ["emergency-1"]
    desk.keyboard.press("F2")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    assert sorted(_call(town, patient)["with"]) == ["emergency-1", "operator-1-again-1"]
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(desk.locator("[name=code]:checked")).to_have_value("urgent_relayed")
    # She has left; the regulator and the patient speak on.
    assert _call(town, patient)["with"] == ["emergency-1"]
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")
    assert _call(town, patient)["with"] == ["emergency-1"]


def test_a_patient_who_drops_before_enter_is_rung_back_and_another_telephone_reaches_the_regulator(town: Town) -> None:
    open_tilleuls(town)
    for number, answers in ((PATIENT, "person"), (REGULATOR, "busy")):
        kept = httpx.put(f"{town.carrier_url}/network/phones/{number}", json={"answers": answers})
        assert kept.is_success, kept.text
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)
    choose_person(desk, "Vasseur")
    desk.keyboard.press("F12")
    line = desk.locator("#relay-line")
    expect(desk.locator("#relay-caller")).to_have_value("Hélène Vasseur")

    # Her mobile drops before the line is dialled: she is rung back at once, and nothing has to be pressed for it.
    hung_up = httpx.post(f"{town.carrier_url}/network/calls/{patient}/hangup")
    assert hung_up.is_success, hung_up.text
    expect(line.locator("[data-lost]")).to_have_attribute("data-lost", "ringing-back")
    _until_rings(town, PATIENT)
    _pick_up(town, PATIENT)
    expect(line.locator("[data-lost]")).to_have_attribute("data-lost", "back")

    # Who, where, which number: read back with F4; another answer has to be read back again.
    desk.locator("#relay-caller").fill("M. Vasseur, son époux")
    desk.keyboard.press("F6")
    desk.keyboard.type("12 rue des Acacias, 44400 Rezé")
    desk.keyboard.press("F4")
    read_back = desk.locator("#relay-read-back")
    expect(read_back.locator(".badge")).to_contain_text("Relue au patient")
    expect(desk.locator("#relay-steps .done").last).to_contain_text("relue")
    # The digit answers the question, and is not typed into what was confirmed.
    _answer_gate(desk, "1", answered=1)
    expect(desk.locator("#relay-address")).to_have_value("12 rue des Acacias, 44400 Rezé")
    # Changed, it is not what was read back: unsaid at once, long before it is kept, and said again when taken back.
    desk.keyboard.press("F6")
    desk.keyboard.press("Control+End")
    desk.keyboard.type("5")
    assert read_back.locator(".badge").is_hidden()
    assert desk.locator("#relay-keys [data-address=noted]").is_visible()
    desk.keyboard.press("Backspace")
    assert read_back.locator(".badge").is_visible()
    desk.keyboard.press("Enter")
    desk.locator("#relay-detail").fill("3e, porte gauche")
    desk.keyboard.press("Tab")
    expect(read_back.locator("button")).to_be_visible()
    desk.keyboard.press("F4")
    expect(read_back.locator(".badge")).to_be_visible()
    _look(desk, "read-back")

    # Busy: she reaches the regulator on her own telephone, and says so with F7.
    expect(desk.locator("#relay-elsewhere")).to_have_count(0)
    desk.keyboard.press("Enter")  # in no field any more: it dials
    expect(desk.locator("#relay-elsewhere button")).to_be_enabled()
    desk.keyboard.press("F7")
    expect(desk.locator("#relay .strip.calm")).to_be_visible()
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay")).to_have_count(0)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")


def test_f12_opens_the_card_from_whatever_page_she_looks_at(town: Town) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Marin", Role.SUPERVISOR, endpoint=OWN_TELEPHONE)
    kept = httpx.put(f"{town.carrier_url}/network/phones/{OWN_TELEPHONE}", json={"answers": "person"})
    assert kept.is_success, kept.text
    sofia = town.sign_in("sofia")
    sofia.goto("/board")
    sofia.keyboard.press("F12")  # nobody is on the line: said, and the page stays
    expect(sofia.locator("#notices")).to_contain_text("Personne n’est en ligne")
    for page in ("/board", "/cautions", "/wallboard", "/emergency-lines", "/wrap-up-times"):
        sofia.goto(page)
        expect(sofia.locator("[data-key=F12]")).to_be_visible()
        assert sofia.evaluate("document.documentElement.scrollWidth <= innerWidth")
    _look(sofia, "f12-wrap-up-times")

    sofia.goto("/desk")
    sofia.keyboard.press("F9")
    town.dial()
    expect(sofia.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    sofia.keyboard.press("F2")
    _until_rings(town, OWN_TELEPHONE)
    _pick_up(town, OWN_TELEPHONE)
    expect(sofia.locator("#desk-card")).to_have_attribute("data-state", "connecting")
    _press(town, OWN_TELEPHONE, "1")
    expect(sofia.locator("#desk-card")).to_have_attribute("data-state", "talking")
    for page in ("/board", "/wallboard"):
        sofia.goto(page)
        sofia.keyboard.press("F12")
        expect(sofia).to_have_url(re.compile("/desk"))
        expect(sofia.locator("#relay-line .number")).to_have_text("02 61 91 15 44")
    expect(sofia.locator("#relay-line .number")).to_be_visible()  # she sees it: the card has the keyboard
    sofia.keyboard.press("Enter")
    _until_rings(town, REGULATOR)


def test_a_practice_in_training_never_rings_a_real_emergency_line(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    set_real_emergency_line(town, tilleuls.practice_id, "15")
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)

    desk.set_viewport_size({"width": 390, "height": 844})  # the number first, also on a telephone
    desk.keyboard.press("F12")
    line = desk.locator("#relay-line")
    expect(line.locator(".number")).to_have_text("15")
    expect(line.locator(".number")).to_be_in_viewport()
    expect(desk.locator("#relay .strip h1")).to_be_in_viewport()
    expect(line).to_contain_text("en formation")
    expect(desk.locator("#relay-primary button")).to_be_disabled()
    desk.keyboard.press("Enter")

    # Nor when the request is made without the button.
    call_id = desk.locator("#relay").get_attribute("data-call")
    refused = desk.request.post(f"/calls/{call_id}/emergency/dial", headers={"HX-Request": "true"})
    assert refused.status == 403
    assert "en formation" in refused.text()
    assert _calls_at_carrier(town) == {"in-progress": 2}

    # Nothing was dialled: Escape closes the card, and the call goes on.
    desk.keyboard.press("Escape")
    expect(desk.locator("#relay")).to_have_count(0)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")


def test_a_busy_line_is_followed_by_the_next_without_anybody_s_doing(
    sqlite_url: str, browser: Browser, browser_context_args: dict[str, Any], figure: Callable[[str], None]
) -> None:
    """Without jobs: the handler of the carrier's report dials, and nothing of it passes through the outbox."""
    with open_town(sqlite_url, browser, browser_context_args, jobs=False) as town:
        tilleuls = open_tilleuls(town)
        keep_emergency_lines(town, tilleuls.practice_id, ("44", "SAMU 44, seconde ligne", SECOND_LINE))
        busy = httpx.put(f"{town.carrier_url}/network/phones/{REGULATOR}", json={"answers": "busy"})
        assert busy.is_success, busy.text
        desk = operator(town, "camille", "Camille Roux")
        patient = town.dial()
        answer(desk)
        desk.keyboard.press("F12")
        line = desk.locator("#relay-line")
        expect(line.locator(".fallback .next")).to_contain_text("SAMU 44, seconde ligne")
        _look(desk, "order-ready")

        pressed = time.monotonic()
        desk.keyboard.press("Enter")
        _until_rings(town, SECOND_LINE)
        lasted = time.monotonic() - pressed
        figure(f"second emergency line ringing {lasted * 1000:.0f} ms after Enter, the first one busy")

        expect(line.locator(".number")).to_have_text("02 61 91 15 45")
        expect(line.locator(".speaking")).to_contain_text("Sonnerie")
        expect(desk.locator("#relay-steps .amiss")).to_have_count(1)
        _look(desk, "order-second-rings")
        _pick_up(town, SECOND_LINE)
        expect(line.locator(".speaking")).to_contain_text("régulateur")
        assert sorted(_call(town, patient)["with"]) == ["emergency-2", "operator-1"]
        _look(desk, "order-second-answers")
        desk.set_viewport_size({"width": 390, "height": 844})
        _look(desk, "order-telephone")
        with town.database.reading(ALL) as session:
            assert session.scalars(select(OutboxMessage.id)).all() == []


def test_a_verification_that_is_due_is_said_everywhere_and_stops_nothing(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    keep_emergency_lines(town, tilleuls.practice_id, ("44", "Centre 15, ligne directe", REGULATOR))
    town.account("sofia", "Sofia Marin", Role.SUPERVISOR)
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    expect(desk.locator("#relay-line")).to_contain_text("pas été vérifiée à temps")
    expect(desk.locator("#relay-primary button")).to_be_enabled()

    board = town.sign_in("sofia")
    expect(board.locator("#unproven-lines")).to_contain_text("à vérifier")
    _look(board, "lines-board")
    board.locator("#unproven-lines a").click()
    expect(board.locator(".emergency-lines .badge.attn").last).to_contain_text("jamais vérifiée")
    _look(board, "lines-list")
    board.get_by_role("button", name="Vérifiée aujourd’hui").click()
    expect(board.locator(".emergency-lines .badge.ok")).to_contain_text("21/02/2027")
    expect(board.locator(".emergency-lines")).to_contain_text("23/11/2026, par Sofia Marin")

    # Another number has to be verified anew; a line that is retired is tried no more.
    board.get_by_role("link", name="Centre 15, ligne directe").click()
    board.get_by_label("Numéro", exact=True).fill("02 61 91 15 46")
    _look(board, "lines-one")
    board.keyboard.press("Enter")
    expect(board.locator(".emergency-lines")).to_contain_text("jamais vérifiée")
    board.get_by_role("button", name="Retirer").click()
    expect(board.locator(".emergency-lines")).to_contain_text("retirée")
    board.set_viewport_size({"width": 390, "height": 844})
    _look(board, "lines-telephone")

    # A new one, by keyboard.
    board.goto("/emergency-lines")
    board.keyboard.press("n")
    expect(board).to_have_url(re.compile("/emergency-lines/new"))
    expect(board.locator("input:focus")).to_be_visible()  # the page is there once its first field has the keyboard
    board.keyboard.type("SAMU 44")
    board.keyboard.press("Tab")
    board.keyboard.type("06 39")
    board.keyboard.press("Enter")
    expect(board.locator("#number-why")).to_be_visible()
    board.get_by_label("Numéro", exact=True).fill("02 61 91 15 47")
    board.get_by_label("Département").fill("2C")
    board.keyboard.press("Enter")
    expect(board.locator("#department-why")).to_contain_text("2A")
    board.get_by_label("Département").fill("44")
    board.keyboard.press("Enter")
    expect(board.get_by_role("link", name="SAMU 44")).to_be_visible()


def _answer_gate(desk: Page, digit: str, *, answered: int) -> None:
    desk.keyboard.press(digit)
    expect(desk.locator("#relay-gate :is(.given, .flag)")).to_have_count(answered)


def _nobody_is_left_alone(town: Town, desk: Page, patient: str) -> None:
    """The patient hears the conversation and the operator is in it; the card and the desk both refuse to leave."""
    call_id = desk.locator("#relay").get_attribute("data-call")
    htmx = {"HX-Request": "true"}
    left = desk.request.post(f"/calls/{call_id}/hang-up", headers=htmx)
    assert (left.status, "pris en charge" in left.text()) == (409, True), left.text()
    held = desk.request.post(f"/calls/{call_id}/hold", headers=htmx, form={"on_hold": "true"})
    assert held.status == 409
    desk.keyboard.press("F8")
    desk.keyboard.press("Escape")
    expect(desk.locator("#relay")).to_be_visible()
    heard = _call(town, patient)
    assert heard["hold"] is False
    assert "operator-1" in heard["with"]


def _call(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def _calls_at_carrier(town: Town) -> dict[str, int]:
    counted: dict[str, int] = httpx.get(f"{town.carrier_url}/network/state").json()["calls"]
    return counted


def _until_rings(town: Town, number: str) -> None:
    ends = time.monotonic() + 5
    while httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"] != "ringing":
        assert time.monotonic() < ends, "the emergency line does not ring"
        time.sleep(0.02)


def _pick_up(town: Town, number: str) -> None:
    answered = httpx.post(f"{town.carrier_url}/network/phones/{number}/answer")
    assert answered.is_success, answered.text


def _press(town: Town, number: str, digits: str) -> None:
    """Once she is asked for it."""
    ends = time.monotonic() + 10
    while not any("Tapez 1" in one for one in _heard_on(town, number)):
        assert time.monotonic() < ends, "nobody asks for a key"
        time.sleep(0.02)
    httpx.post(f"{town.carrier_url}/network/phones/{number}/digits", json={"digits": digits})


def _heard_on(town: Town, number: str) -> list[str]:
    return [str(one) for one in httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["transcript"]]


def _look(desk: Page, name: str) -> None:
    folder = os.environ.get("LOOK_AT")
    if folder:
        desk.screenshot(path=f"{folder}/{name}.png")
