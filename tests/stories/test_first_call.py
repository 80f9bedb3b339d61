"""From an empty database to a confirmed appointment: set up once, then worked by keyboard alone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from callcenter.directory.models import Role
from tests.stories.conftest import LINE, Town


def test_from_an_empty_database_to_a_confirmed_appointment_by_keyboard(town: Town) -> None:
    town.account("amelie", "Amélie Petit", Role.ADMINISTRATOR)
    _set_up_a_practice(town.sign_in("amelie"))
    desk = town.sign_in("camille")
    faults = _watch(desk)

    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "offline")
    desk.keyboard.press("F9")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")

    # The phone rings: the whole card is there before she picks up.
    town.dial()
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    expect(card.locator(".phrase")).to_contain_text("Cabinet des Tilleuls, bonjour, Camille à votre écoute.")
    expect(card).to_contain_text("06 39 98 14 72")

    desk.keyboard.press("F2")
    expect(card).to_have_attribute("data-state", "talking")

    # Nobody is known on this number: a new patient, a wrong date first, and nothing typed is lost.
    desk.keyboard.press("0")
    expect(desk.locator("[name=family_name]")).to_be_focused()
    desk.keyboard.type("Vasseur")
    desk.keyboard.press("Tab")
    desk.keyboard.type("Hélène")
    desk.keyboard.press("Tab")
    desk.keyboard.type("31/02/1958")
    desk.keyboard.press("Enter")
    expect(desk.locator(".new-patient .why")).to_be_visible()
    expect(desk.locator("[name=birth_on]")).to_be_focused()
    expect(desk.locator("[name=family_name]")).to_have_value("Vasseur")
    desk.keyboard.press("Control+a")
    desk.keyboard.type("14/03/1958")
    desk.keyboard.press("Enter")
    expect(card.locator(".phrase")).to_contain_text("Hélène Vasseur")

    # Her words are kept while she types, and a live region never takes them away.
    desk.keyboard.press("n")
    desk.keyboard.type("Mes gouttes, c’est possible ?")
    town.dial(number="+33639980001")
    expect(desk.locator("#desk-queue .take")).to_have_count(1)
    expect(desk.locator("textarea[name=words]")).to_have_value("Mes gouttes, c’est possible ?")
    expect(desk.locator("textarea[name=words]")).to_be_focused()
    desk.locator("textarea[name=words]").blur()

    desk.keyboard.press("l")
    expect(desk.locator("#book-it")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".booked-here li")).to_have_count(1)
    expect(desk.locator("[data-text=delivered]")).to_be_visible(timeout=30_000)
    assert len(town.texts()) == 1

    desk.keyboard.press("F8")
    expect(card).to_have_attribute("data-state", "wrap_up")
    desk.reload()
    expect(card).to_have_attribute("data-state", "wrap_up")
    expect(desk.locator("[name=code]:checked")).to_have_value("booked")
    desk.keyboard.press("Enter")

    # Available again: the second caller, who waited, rings at once.
    expect(card).to_have_attribute("data-state", "ringing")
    assert faults == []


def _set_up_a_practice(admin: Page) -> None:
    """What the administrator's pages do, in the order a newcomer meets them."""
    _post(admin, "/practices/new", name="Cabinet des Tilleuls", short_name="Tilleuls", emergency_label="SAMU")
    _post(admin, "/practices/1/lines", number=LINE, label="Ligne principale")
    _post(admin, "/practices/1/sites", name="Tilleuls", address="3 rue des Tilleuls", city="Rezé", zone="Europe/Paris")
    _post(admin, "/practices/1/practitioners", name="Dr Lemoine", family_name="Lemoine", site="1")
    _post(admin, "/practices/1/service-types", name="Consultation", short_name="Cs", duration_minutes="15", colour="1")
    week = [(str(day), "00:00", "23:55") for day in range(7)]
    _post(
        admin,
        "/practices/1/practitioners/1/hours",
        weekday=[one[0] for one in week],
        starts=[one[1] for one in week],
        ends=[one[2] for one in week],
    )
    _post(
        admin,
        "/staff/new",
        login="camille",
        name="Camille Roux",
        first_name="Camille",
        role="operator",
        endpoint="client:camille",
        password="tilleuls-et-marronniers",
    )


def _post(admin: Page, address: str, /, **fields: str | list[str]) -> None:
    answer = admin.request.post(
        address,
        data=urlencode(fields, doseq=True),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        max_redirects=0,
    )
    assert answer.status == 303, f"{address}: {answer.status} {re.sub('<[^>]+>', ' ', answer.text())[-600:]}"


def _watch(page: Page) -> list[str]:
    """Faults the browser reports; a refused form (422) is part of the story."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda line: faults.append(line.text) if line.type == "error" and "422" not in line.text else None
    )
    return faults
