"""From an empty database to a confirmed appointment: set up once, then worked by keyboard alone."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from callcenter.directory.models import Role
from tests.stories.conftest import LINE, PASSWORD, Town


def test_from_an_empty_database_to_a_confirmed_appointment_by_keyboard(town: Town) -> None:
    town.account("amelie", "Amélie Petit", Role.ADMINISTRATOR)
    _set_up_a_practice(town.sign_in("amelie"))
    desk = town.sign_in_by_typing("camille")
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
    """What the administrator fills in, in the order a newcomer meets it."""
    _fill(admin, "/practices/new", name="Cabinet des Tilleuls", short_name="Tilleuls")
    _fill(admin, "/practices/1/lines", number=LINE, label="Ligne principale")
    _fill(admin, "/practices/1/sites", name="Tilleuls", address="3 rue des Tilleuls", city="Rezé")
    _fill(admin, "/practices/1/practitioners", name="Dr Lemoine", family_name="Lemoine")
    _fill(admin, "/practices/1/service-types", name="Consultation", short_name="Cs", duration_minutes="15")
    # Hours as her form sends them, every day around the clock: the story may be told at any time of any day.
    days = [str(day) for day in range(7)]
    week = {"weekday": days, "starts": ["00:00"] * 7, "ends": ["23:55"] * 7, "whole_week": "1"}
    answer = admin.request.post(
        "/practices/1/practitioners/1/hours",
        data=urlencode(week, doseq=True),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.ok
    _fill(
        admin,
        "/staff/new",
        login="camille",
        name="Camille Roux",
        first_name="Camille",
        endpoint="client:camille",
        password=PASSWORD,
    )


def _fill(admin: Page, address: str, /, **fields: str) -> None:
    """Type into a page's form and send it with Enter."""
    admin.goto(address)
    form = admin.locator(f'form[action="{address}"]')
    for name, typed in fields.items():
        form.locator(f"[name={name}]").fill(typed)
    with admin.expect_response(lambda answer: answer.request.method == "POST") as answered:
        form.locator(f"[name={next(iter(fields))}]").press("Enter")
    assert answered.value.status in {204, 303}, answered.value.text()
    admin.wait_for_load_state()


def _watch(page: Page) -> list[str]:
    """Faults the browser reports; a refused form (422) is part of the story."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda line: faults.append(line.text) if line.type == "error" and "422" not in line.text else None
    )
    return faults
