"""The supervisor's board while the carrier is away: the text waits, is seen, and leaves by itself afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from callcenter.directory.models import Role
from tests.stories.conftest import Town
from tests.stories.tilleuls import SECOND_PATIENT, answer, choose_person, open_tilleuls, operator


def test_a_text_waits_for_the_carrier_and_the_supervisor_sees_it(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    board = town.sign_in("solene")
    board.goto("/board")
    expect(board.locator("#board-outbox .all-well")).to_be_visible()
    board.evaluate("document.stays = true")

    # A number that no practice has, then one caller on the line and one who waits.
    town.dial(number="+33639980042", line="+33199004299")
    misdialled = board.locator("#misdialled")
    expect(misdialled).to_contain_text("1 appel vers un numéro sans cabinet")
    misdialled.locator("summary").click()
    expect(misdialled).to_contain_text("01 99 00 42 99")
    expect(misdialled).to_contain_text("06 39 98 00 42")

    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    town.dial(number=SECOND_PATIENT)
    waiter = board.locator("#board-waiting .waiters li")
    expect(waiter).to_have_count(1)
    expect(waiter).to_contain_text("Cabinet des Tilleuls")
    expect(waiter.locator("[data-tick]")).to_have_text(re.compile(r"0:0[1-9]"))  # and it counts

    town.stop_carrier()
    desk.keyboard.press("l")
    expect(desk.locator("#book-it")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".booked-here li")).to_have_count(1)

    late = board.locator("#board-outbox li")
    expect(late).to_have_count(1)
    expect(late).to_contain_text("06 39 98 14 72")
    expect(late).to_contain_text("1 essai")
    expect(board.locator("#board-incidents .banner", has_text="opérateur")).to_be_visible()

    # Back again: it leaves without anybody's help, once.
    town.start_carrier()
    expect(board.locator("#board-outbox .all-well")).to_be_visible(timeout=20_000)
    expect(board.locator("#board-outbox dd").nth(2)).to_have_text("1", timeout=10_000)
    assert len(town.texts()) == 1
    assert board.evaluate("document.stays") is True
