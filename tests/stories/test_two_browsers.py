"""Two browsers of one person: the desk goes to the second visibly, and comes back when that one is closed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Response, expect
from sqlalchemy import select, update

from callcenter.directory.models import Role, StaffSession
from callcenter.routing.models import Agent
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, answer, open_tilleuls, operator


def test_when_the_second_signs_out_the_first_works_again(town: Town) -> None:
    open_tilleuls(town)
    first = operator(town, "ines", "Inès Haddad")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    second = sign_in_elsewhere(town, first, "ines")
    second.locator("form[action='/sign-out'] button").click()
    expect(second).to_have_url(re.compile("/sign-in"))

    card = first.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "offline")
    expect(first.locator("#switch-status")).to_be_attached()
    first.keyboard.press("F9")
    expect(card).to_have_attribute("data-state", "available")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    town.dial()
    answer(first)
    assert first.evaluate("softphone.isHere")


def test_when_the_second_is_signed_out_by_the_hour_the_first_has_the_desk_by_itself(town: Town) -> None:
    open_tilleuls(town)
    first = operator(town, "ines", "Inès Haddad")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    sign_in_elsewhere(town, first, "ines")
    with town.database.unit_of_work(ALL) as session:
        held = select(Agent.session_id).scalar_subquery()
        session.execute(update(StaffSession).where(StaffSession.id == held).values(expires_at=town.now()))
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "available")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    town.dial()
    answer(first)


def test_a_supervisor_who_opens_the_desk_in_a_second_browser_has_it_there(town: Town) -> None:
    open_tilleuls(town)
    town.account("claire", "Claire Roche", Role.SUPERVISOR, endpoint="client:claire")
    first = town.sign_in("claire")
    first.goto("/desk")
    first.keyboard.press("F9")
    card = first.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "available")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    second = town.sign_in("claire")
    expect(second).to_have_url(f"{town.url}/board")
    # At the board she takes no calls: her desk stays where it is.
    assert 'data-state="available"' in first.request.get("/desk/card").text()
    second.goto("/desk")
    expect(card).to_have_attribute("data-state", "elsewhere")
    town.dial()
    answer(second)
    # Taken back, it stays taken back, whatever the second reads again.
    first.keyboard.press("F9")
    expect(card).to_have_attribute("data-state", "talking")
    assert 'data-state="elsewhere"' in second.request.get("/desk").text()  # a reload would hang up what she hears there
    expect(second.locator("#desk-card")).to_have_attribute("data-state", "elsewhere")


def sign_in_elsewhere(town: Town, first: Page, login: str) -> Page:
    """A second browser of hers; the first has been told."""

    def is_refused(response: Response) -> bool:
        return response.url.endswith("/agent/heartbeat") and response.status == 409

    with first.expect_response(is_refused):
        second = town.sign_in(login)
        expect(first.locator("#desk-card")).to_have_attribute("data-state", "elsewhere")
    return second
