"""The wallboard follows the floor by itself, and tells no name."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from callcenter.directory.models import Role
from tests.stories.conftest import Town
from tests.stories.tilleuls import SECOND_PATIENT, answer, open_tilleuls, operator


def test_the_wall_follows_the_floor_and_names_nobody(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    wall = town.sign_in("solene")
    wall.goto("/wallboard")
    expect(wall.locator(".wait .huge")).to_have_text("0")
    wall.evaluate("document.stays = true")

    desk = operator(town, "camille", "Camille Roux")
    expect(wall.locator(".team .ready b")).to_have_text("1")
    town.dial()
    answer(desk)
    expect(wall.locator(".team .talk b")).to_have_text("1")
    expect(wall.locator(".sl .huge")).to_contain_text("100")
    town.dial(number=SECOND_PATIENT)
    expect(wall.locator(".wait .huge")).to_have_text("1")
    expect(wall.locator(".long [data-tick]")).to_have_text(re.compile(r"0:0[1-9]"))  # and it counts
    assert wall.evaluate("document.stays") is True
    wall.evaluate("htmx.trigger('body', 'live:reconnect')")
    expect(wall.locator("#wall-chart .counts text")).to_have_text("2")  # how many, above the bar
    for name in ("Camille", "Roux", "Solène", "Tilleuls"):
        expect(wall.locator("body")).not_to_contain_text(name)


def test_a_new_version_is_taken_up_by_a_wall_that_nobody_touches(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    wall = town.sign_in("solene")
    wall.goto("/wallboard")
    expect(wall.locator(".wait .huge")).to_have_text("0")
    wall.evaluate("document.old = true; document.body.dataset.version = 'before'")
    town.dial()
    # A function: the page may not evaluate a text once more, should the first look come too soon.
    wall.wait_for_function("() => document.old === undefined")
    expect(wall.locator(".wait .huge")).to_have_text("1")
