"""The board's figures: each caller once, only those on the line, and late by itself on a quiet floor."""

from __future__ import annotations

import time
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from callcenter.directory.models import Role
from callcenter.routing.callbacks import promise_callback
from callcenter.telephony.models import Call
from tests.stories.conftest import Town
from tests.stories.test_callbacks import hang_up, keep_phone
from tests.stories.tilleuls import ALL, SECOND_PATIENT, open_tilleuls, operator

QUARTER = 15 * 60


def says(board: Page, title: str, figure: str, words: str = "") -> None:
    """A figure of the board comes to say this, with these words under it."""
    card = board.locator(".fig", has=board.get_by_role("heading", name=title, exact=True))
    expect(card.locator(".figure")).to_have_text(figure)
    expect(card.locator(".sub")).to_contain_text(words)


def grow_old(screen: Page, timers: str, late: Locator) -> None:
    """A quarter of an hour passes, as these timers see it, and by itself the screen says "late".

    What was signalled just before may still be read again, and has the timers young once more: then it passes again.
    """
    for _ in range(5):
        screen.locator(timers).first.wait_for()
        screen.evaluate(
            "([timers, seconds]) => document.querySelectorAll(timers).forEach((one) => (one.dataset.since -= seconds))",
            [timers, QUARTER],
        )
        with suppress(AssertionError):
            expect(late).to_be_visible(timeout=4_000)
            return
    expect(late).to_be_visible()


def test_each_caller_counts_once_and_only_those_on_the_line_wait(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    board = town.sign_in("solene")
    board.goto("/board")
    keep_phone(town)
    lost = town.dial()
    expect(board.locator("#board-waiting .waiters li")).to_have_count(1)
    time.sleep(5.5)
    hang_up(town, lost)
    expect(board.locator("#board-waiting .waiters li")).to_have_count(0)

    # A try of ours that she does not answer is no second caller, lost or received.
    desk = operator(town, "camille", "Camille Roux")
    expect(desk.locator("#desk-callbacks li button")).to_be_enabled()
    desk.keyboard.press("a")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "calling", timeout=10_000)
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(board.locator("#agent-2")).to_contain_text("Fin d’appel")
    says(board, "Perdus aujourd’hui", "1", "100\u202f% de 1 appel")

    # Who asks to be rung back and hangs up keeps her place, and is on the line no more.
    asked = town.dial(number=SECOND_PATIENT)
    expect(board.locator("#board-waiting .waiters li")).to_have_count(1)
    says(board, "En attente", "1")
    with town.database.unit_of_work(ALL) as session:
        call_id = session.scalars(select(Call.id).where(Call.sid == asked)).one()
        assert promise_callback(session, call_id, at=town.now())
    hang_up(town, asked)
    waiter = board.locator("#board-waiting .waiters li")
    expect(waiter).to_contain_text("a raccroché, à rappeler")
    says(board, "En attente", "0")
    says(board, "Plus longue attente", "0:00", "personne n’attend")
    says(board, "Rappels dus", "2")
    says(board, "Perdus aujourd’hui", "1")
    expect(desk.locator("#desk-queue li")).to_contain_text("A raccroché, à rappeler")
    expect(desk.locator("#waiting-count")).to_have_text("")

    # On a quiet floor nobody signals anything, and a quarter of an hour passes.
    owed = board.locator(".fig[data-late='900']").get_by_text("en retard")
    expect(owed).to_be_hidden()
    grow_old(board, ".fig[data-late='900']", owed)
    late = desk.locator("#desk-callbacks li").first.get_by_text("en retard")
    expect(late).to_be_hidden()
    grow_old(desk, "#desk-callbacks [data-late='900']", late)
