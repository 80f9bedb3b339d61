"""A key that has nothing to do says so, or is drawn so; and one that the telephone gives back hurts no page."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from callcenter.directory.models import Role
from tests.stories.conftest import PATIENT, Town
from tests.stories.test_callbacks import hang_up
from tests.stories.tilleuls import SECOND_PATIENT, answer, open_tilleuls, operator


def test_who_has_one_telephone_is_told_so_and_call_backs_wait_for_the_end_of_a_call(town: Town) -> None:
    open_tilleuls(town)
    lost = town.dial(number=SECOND_PATIENT)
    time.sleep(5.5)
    hang_up(town, lost)
    desk = operator(town, "camille", "Camille Roux")
    to_callbacks = desk.locator("#desk-callbacks [data-key=a]")
    expect(to_callbacks).to_be_enabled()
    faults: list[str] = []
    desk.on("pageerror", lambda fault: faults.append(str(fault)))
    town.dial(number=PATIENT)
    answer(desk)
    expect(to_callbacks).to_be_disabled()  # and so drawn as a key that does nothing now
    desk.keyboard.press("a")
    expect(desk.locator("#notices")).to_contain_text("entre deux appels")
    desk.keyboard.press("F10")
    expect(desk.locator("#notices")).to_contain_text("Vous n’avez que ce téléphone")

    # As frame and telephone give keys back: to the document, which is no element.
    desk.evaluate(
        """() => { for (const key of ["F10", "Enter", "ArrowDown"])
        document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })); }"""
    )
    for event in ("input", "submit", "click"):
        desk.evaluate("name => document.dispatchEvent(new Event(name, { bubbles: true }))", event)
    assert faults == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 800)])
def test_a_supervisors_desk_fits_its_header_into_one_line(town: Town, width: int, height: int) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint="client:sofia")
    page = town.sign_in("sofia", viewport={"width": width, "height": height})
    page.goto("/desk")
    page.keyboard.press("F9")
    expect(page.locator(".topbar .state")).to_have_attribute("data-status", "available")
    page.keyboard.press("F9")
    expect(page.locator(".topbar .state")).to_have_attribute("data-status", "break_")  # her longest state
    town.dial()
    expect(page.locator(".waiting-count .badge")).to_be_visible()
    expect(page.locator(".topbar .clock")).to_be_in_viewport(ratio=1)
    expect(page.locator(".topbar .help")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    bar = page.locator(".topbar").bounding_box()
    state = page.locator(".topbar .state").bounding_box()
    assert bar is not None
    assert state is not None
    assert (bar["height"] <= 60, state["height"] <= 36) == (True, True)


def test_on_a_small_laptop_a_supervisors_pages_stand_in_one_line_beside_her_name(town: Town) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint="client:sofia")
    page = town.sign_in("sofia", viewport={"width": 1366, "height": 768})
    page.goto("/desk")
    town.dial()
    expect(page.locator(".waiting-count .badge")).to_be_visible()
    tops = page.locator(".topbar nav a").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(tops) > 5
    assert len(set(tops)) == 1
    expect(page.get_by_text("Sofia Lambert")).to_be_in_viewport(ratio=1)


def test_the_wall_says_that_its_clock_is_a_demonstrations(town: Town) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint="client:sofia")
    wall = town.sign_in("sofia")
    wall.goto("/wallboard")
    expect(wall.locator("#shifted-clock")).to_contain_text("lundi 23 novembre")
