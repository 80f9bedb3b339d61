"""What has a key and no other story of its own: an offer left to a colleague, days, the search, what is left to do."""

from __future__ import annotations

from playwright.sync_api import Route, expect
from sqlalchemy import delete, select

from callcenter.desk.models import Disposition
from callcenter.directory.models import Role
from callcenter.routing.models import Reservation
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, answer, choose_person, open_tilleuls, operator


def test_an_offer_is_left_to_a_colleague_by_the_key_that_hangs_up(town: Town) -> None:
    open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    lea = operator(town, "lea", "Léa Morel")
    place = ines.locator("#key-hang-up button")
    expect(place).to_be_disabled()
    ines.keyboard.press("F8")  # nothing rings: nothing happens

    town.dial()
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(place).to_contain_text("Laisser")
    ines.keyboard.press("F8")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "available")
    expect(place).to_be_disabled()
    answer(lea)
    lea.keyboard.press("F8")  # the same key, in a conversation
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    with town.database.reading(ALL) as session:
        statuses = session.scalars(select(Reservation.status).order_by(Reservation.id)).all()
    assert statuses == ["declined", "accepted"]


def test_the_days_of_the_agenda_and_the_search_go_by_keyboard(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    day = desk.locator("#desk-agenda h2.day")
    today = day.text_content() or ""
    desk.keyboard.press("ArrowRight")
    expect(day).not_to_have_text(today)
    tomorrow = day.text_content() or ""
    desk.keyboard.press("ArrowRight")
    expect(day).not_to_have_text(tomorrow)
    desk.keyboard.press("ArrowLeft")
    expect(day).to_have_text(tomorrow)
    desk.keyboard.press("ArrowLeft")
    expect(day).to_have_text(today)

    # Another person than those known on this number: the arrows are the field's own while she types.
    desk.keyboard.press("/")
    expect(desk.locator("[role=search] [type=search]")).to_be_focused()
    desk.keyboard.type("morreau")
    for _ in range(3):
        desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("Backspace")
    expect(desk.locator(".found .person")).to_contain_text("Paul Moreau")
    expect(day).to_have_text(today)
    desk.keyboard.press("Enter")
    expect(desk.locator(".found .person")).to_be_focused()
    desk.keyboard.press("2")  # after the one who is known on this number
    expect(desk.locator("#desk-card .phrase")).to_contain_text("Paul Moreau")


def test_a_search_finds_who_stands_on_the_card_and_is_left_by_keyboard(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    search = desk.locator("[role=search] [type=search]")
    found = desk.locator(".found .person")

    # She who is known on this number is found too, under the digit that she has above.
    desk.keyboard.press("/")
    desk.keyboard.type("vass")
    expect(found).to_contain_text("Hélène Vasseur")
    expect(found.locator("kbd")).to_have_text("1")

    # Escape empties, then leaves: the desk's own keys answer again.
    desk.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    desk.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    desk.keyboard.press("0")
    expect(desk.locator("#np-family_name")).to_be_focused()

    # Whom nobody knows is not typed twice.
    desk.locator(".new-patient > summary").click()
    expect(desk.locator("#np-family_name")).not_to_be_visible()
    desk.locator("body").press("/")
    desk.keyboard.type("Quentin")
    expect(desk.locator("[data-nobody]")).to_contain_text("Entrée ouvre un nouveau patient")
    desk.keyboard.press("Enter")
    expect(desk.locator("#np-family_name")).to_be_focused()
    expect(desk.locator("#np-family_name")).to_have_value("Quentin")


def test_nothing_of_the_card_moves_when_she_answers_or_holds(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    below = card.locator("#persons-title")
    rung = below.bounding_box()
    answer(desk)
    expect(card.locator(".company-acts button").first).to_be_visible()
    assert below.bounding_box() == rung
    desk.keyboard.press("F3")
    expect(card).to_have_attribute("data-state", "hold")
    assert below.bounding_box() == rung


def test_the_day_she_turned_to_stays_whatever_was_asked_of_the_one_before(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    day = desk.locator("#desk-agenda h2.day")
    today = day.text_content() or ""
    held: list[Route] = []
    desk.route("**/desk/agenda*", lambda route: held.append(route), times=1)
    with desk.expect_request("**/desk/agenda*"):
        desk.evaluate("document.body.dispatchEvent(new CustomEvent('topic:agenda-1'))")
    desk.keyboard.press("ArrowRight")
    expect(day).not_to_have_text(today)
    tomorrow = day.text_content() or ""
    desk.evaluate("""() => {
      window.came = new Promise((came) => document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
        if (detail.requestConfig.elt.id === "desk-agenda") came();
      }));
    }""")
    held[0].continue_()
    desk.evaluate("window.came")
    expect(day).to_have_text(tomorrow)


def test_the_doctor_turns_her_days_by_keyboard(town: Town) -> None:
    account = town.account("lemoine", "Dr Lemoine", Role.PRACTITIONER)
    open_tilleuls(town, doctor_account=account)
    page = town.sign_in("lemoine")
    page.goto("/my-agenda?view=day")
    day, present = page.locator(".day-mode h1"), page.locator(".day-mode [aria-current=date]")
    expect(present).to_be_visible()
    today = day.text_content() or ""
    page.keyboard.press("ArrowLeft")
    expect(present).to_have_count(0)
    yesterday = day.text_content() or ""
    assert yesterday != today
    page.keyboard.press("ArrowRight")
    expect(day).to_have_text(today)
    page.keyboard.press("ArrowRight")
    expect(day).not_to_have_text(today)
    page.keyboard.press("t")
    expect(day).to_have_text(today)
    expect(present).to_be_visible()


def test_a_call_that_nobody_qualified_is_reached_and_said_by_keyboard(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    desk.keyboard.press("4")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")
    with town.database.unit_of_work(ALL) as session:
        session.execute(delete(Disposition))
    desk.reload()
    expect(desk.locator("#desk-todo summary")).to_have_count(1)

    desk.keyboard.press("d")
    expect(desk.locator("#desk-todo summary")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Tab")
    expect(desk.locator("#desk-todo [name=code]").first).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-todo summary")).to_have_count(0)
    with town.database.reading(ALL) as session:
        assert session.scalars(select(Disposition.code)).all() == ["booked"]
