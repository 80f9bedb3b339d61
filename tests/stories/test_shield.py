"""An operator is abused: her key, her supervisor, a caution for the next call, and a breath that counts as work."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from callcenter.directory.models import Role
from tests.stories.conftest import PATIENT, Town
from tests.stories.test_supervision import supervisor
from tests.stories.test_transfers import at_carrier, hang_up, heard, say, sid_of, until
from tests.stories.tilleuls import answer, open_tilleuls, operator


def test_the_shield_calls_the_supervisor_and_the_next_call_carries_a_caution(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    board = supervisor(town)
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)

    desk.keyboard.press("F7")
    dialog = desk.locator("#ask dialog")
    expect(dialog.locator(".phrase")).to_contain_text("je ne peux pas poursuivre si vous m’insultez")
    desk.keyboard.press("2")
    expect(dialog.locator("[value=threat]")).to_be_checked()
    expect(dialog.locator("[value=threat]")).to_be_focused()  # the ring is where the choice is
    dialog.locator("textarea").fill("« Je sais où vous habitez » 👍 </Say><Dial>")
    dialog.locator("[value=threat]").focus()
    desk.keyboard.press("Enter")
    expect(dialog).to_have_count(0)

    # The card says so; the key shows what is noted.
    noted = desk.locator("#desk-card .noted")
    expect(noted).to_have_text(re.compile(r"Noté à 09:\d\d \(menace\)\. La superviseure est appelée\."))
    desk.keyboard.press("F7")
    expect(dialog.locator(".noted")).to_contain_text("(menace)")
    expect(dialog.locator("textarea")).to_have_value("« Je sais où vous habitez » 👍 </Say><Dial>")
    expect(dialog.locator("[value=threat]")).to_be_focused()
    desk.keyboard.press("Escape")

    alarm = board.locator("#board-incidents .alarm")
    expect(alarm).to_contain_text("Inès Haddad est agressée au téléphone et vous demande.")
    expect(board.locator(".beside form button")).to_be_visible()
    board.keyboard.press("F6")  # one key
    watcher = desk.locator("#desk-card .watcher")
    expect(watcher).to_have_attribute("data-mode", "join")
    expect(watcher).to_contain_text("Elle demande de l’aide")
    until(lambda: at_carrier(town, sid_of(town, "supervisor-1")).get("status") == "in-progress")
    beside = sid_of(town, "supervisor-1")
    say(town, beside, "Ici la responsable.")
    until(lambda: "Ici la responsable." in heard(town, patient))
    expect(alarm).to_contain_text("Inès Haddad est agressée au téléphone : Claire Roche est avec elle.")
    hang_up(town, PATIENT)
    expect(alarm).to_have_count(0)

    # A breath, by key; it counts, and she ends it.
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(noted).to_have_text(re.compile(r"Noté à 09:\d\d \(menace\)\.$"))  # nobody needs to come any more
    desk.keyboard.press("9")
    desk.keyboard.press("b")
    status = desk.locator("#desk-status")
    expect(status).to_contain_text("Pause de 5 min")
    expect(status.locator(".breather [data-tick]")).to_have_text(re.compile(r"[45]:\d\d"))
    expect(board.locator("#board-agents")).to_contain_text("compte comme du travail")

    board.goto("/cautions")
    board.locator("[name=reason]").fill("A menacé une opératrice ; restez calme, la responsable est prévenue.")
    board.locator("article button").click()
    expect(board.locator("#caution-1")).to_contain_text("06 39 98 14 72")

    desk.keyboard.press("F9")
    town.dial()
    answer(desk)
    caution = desk.locator("#desk-card .caution")
    expect(caution).to_contain_text("Prudence jusqu’au dimanche 21 février")
    expect(caution).to_contain_text("restez calme")

    # He says something against it; not the one who set it, another decides.
    board.locator("#caution-1 textarea").fill("Je regrette, mon fils était à l’hôpital.")
    board.locator("#caution-1 button").click()
    expect(board.locator("#caution-1 button")).to_have_count(0)
    other = town.sign_in("solene")
    other.goto("/cautions")
    expect(other.locator("#caution-1")).to_contain_text("mon fils était à l’hôpital")
    other.locator("#caution-1 textarea").fill("Excuses acceptées.")
    other.locator("#caution-1 button[value=true]").click()
    expect(other.locator("#caution-1")).to_have_count(0)
    desk.reload()
    expect(desk.locator("#desk-card")).to_be_visible()
    expect(caution).to_have_count(0)


@pytest.mark.parametrize("opens", ["F4", "F7"])
def test_an_emergency_waits_for_no_dialog_to_be_closed(town: Town, opens: str) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    dialog = desk.locator("#ask dialog")
    desk.keyboard.press(opens)
    expect(dialog).to_be_visible()
    desk.keyboard.press("F12")
    expect(desk.locator("#relay")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_no_dialog_that_was_asked_for_before_comes_over_an_emergency(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    address = desk.locator("form[hx-get$='/shield']").get_attribute("hx-get")
    desk.keyboard.press("F12")
    expect(desk.locator("#relay")).to_be_visible()
    with desk.expect_response("**/shield") as answered:  # as if F7 had been pressed before F12, on a slow line
        desk.evaluate("(address) => htmx.ajax('GET', address, {target: '#ask', swap: 'innerHTML'})", address)
    assert "<dialog" in answered.value.text()
    expect(desk.locator("#ask dialog")).to_have_count(0)
    expect(desk.locator("#relay")).to_be_visible()
