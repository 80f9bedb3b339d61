"""A minute of waiting: the text comes, she presses its button, hangs up, and is rung back in her place."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from callcenter.directory.models import Role
from callcenter.routing.models import Callback, QueueEntry
from callcenter.telephony.models import Call
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import ALL, SECOND_PATIENT, answer, open_tilleuls

TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_she_presses_the_button_in_her_text_hangs_up_and_is_rung_back_before_who_came_later(town: Town) -> None:
    open_tilleuls(town)
    phone = {"answers": "person", "after_seconds": 0.2}
    httpx.put(f"{town.carrier_url}/network/phones/{PATIENT}", json=phone).raise_for_status()
    town.account("camille", "Camille Roux", Role.OPERATOR, endpoint="client:camille")
    desk = town.sign_in("camille")
    first = waits(town)
    second = waits(town, SECOND_PATIENT)
    assert town.texts() == []
    let_pass(town, first, timedelta(seconds=60))
    until(lambda: len(town.texts()) == 1)
    assert town.texts(SECOND_PATIENT) == []

    hers = open_text(town)
    expect(hers.locator("h1")).to_have_text("Vous êtes dans la file")
    assert hers.evaluate("document.documentElement.scrollWidth") <= 390
    box = hers.get_by_role("button", name="Rappelez-moi").bounding_box()
    assert box is not None
    assert box["height"] >= 48
    hers.get_by_role("button", name="Rappelez-moi").tap()
    expect(hers.locator("h1")).to_have_text("Nous vous rappelons à votre tour")
    expect(hers.locator(".card")).to_contain_text("Vous pouvez raccrocher")
    httpx.post(f"{town.carrier_url}/network/calls/{first}/hangup")
    until(lambda: call(town, first)["status"] == "completed")
    assert place(town, first).status == "callback"
    assert call(town, second)["in_conference"]

    owed = desk.locator("#desk-callbacks li")
    expect(owed).to_have_count(1)
    expect(owed).to_contain_text("06 39 98 14 72")
    expect(owed).to_contain_text("Promis, par le lien")
    with town.database.reading(ALL) as session:
        promise = session.scalars(select(Callback)).one()
        rings = session.scalars(select(QueueEntry).where(QueueEntry.call_id == promise.outbound_call_id)).one()
    assert (promise.losses, rings.joined_at) == (0, place(town, first).joined_at)

    desk.keyboard.press("F9")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    expect(card).to_have_attribute("data-state", "calling", timeout=10_000)
    until(lambda: httpx.post(f"{town.carrier_url}/network/phones/{PATIENT}/answer").status_code == 200)
    expect(card).to_have_attribute("data-state", "talking", timeout=10_000)
    expect(desk.locator(".person").first).to_contain_text("Hélène Vasseur")
    expect(owed).to_have_count(0)
    hers.reload()
    expect(hers.locator("h1")).to_have_text("Votre appel est terminé")
    expect(hers.get_by_role("link")).to_have_text("01 99 00 42 17")
    assert len(town.texts()) == 1


def test_she_presses_just_after_somebody_has_taken_her_call_and_stays(town: Town) -> None:
    open_tilleuls(town)
    first = waits(town)
    let_pass(town, first, timedelta(seconds=60))
    until(lambda: len(town.texts()) == 1)
    hers = open_text(town)
    button = hers.get_by_role("button", name="Rappelez-moi")
    expect(button).to_be_visible()
    town.account("ines", "Inès Ferrand", Role.OPERATOR, endpoint="client:ines")
    desk = town.sign_in("ines")
    desk.keyboard.press("F9")
    answer(desk)
    button.tap()
    expect(hers.locator("h1")).to_have_text("Quelqu’un prend votre appel")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    assert call(town, first)["in_conference"]
    expect(desk.locator("#desk-callbacks li")).to_have_count(0)


def waits(town: Town, number: str = PATIENT) -> str:
    """She rings, presses nothing, and is in her room."""
    sid = town.dial(number=number)
    until(lambda: call(town, sid)["in_conference"], seconds=20)
    return sid


def let_pass(town: Town, sid: str, waited: timedelta) -> None:
    """So long she has waited: her place was hers that much earlier."""
    with town.database.unit_of_work(ALL) as session:
        hers = select(Call.id).where(Call.sid == sid).scalar_subquery()
        earlier = update(QueueEntry).where(QueueEntry.call_id == hers)
        session.execute(earlier.values(joined_at=town.now() - waited))


def open_text(town: Town) -> Page:
    """Her telephone: the text as it came, and its link under her thumb."""
    telephone = town.browser.new_context(**(town.context_args | TELEPHONE)).new_page()
    telephone.set_default_timeout(10_000)
    telephone.goto(f"{town.carrier_url}/messages")
    text = telephone.get_by_role("region", name="SMS pour 06 39 98 14 72")
    expect(text).to_contain_text("Tilleuls. Sans raccrocher, demandez ici un rappel à votre tour")
    with telephone.expect_popup() as opened:
        text.get_by_role("link", name=f"{town.url}/r/").tap()
    return opened.value


def place(town: Town, sid: str) -> QueueEntry:
    with town.database.reading(ALL) as session:
        return session.scalars(
            select(QueueEntry).join(Call, Call.id == QueueEntry.call_id).where(Call.sid == sid)
        ).one()


def call(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def until(reached: Callable[[], object], *, seconds: float = 12) -> None:
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)
