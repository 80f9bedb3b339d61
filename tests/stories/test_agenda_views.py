"""The wide agenda by keyboard alone: over the desk in a call, without a call, and given up when one rings."""

from __future__ import annotations

from datetime import time

from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from callcenter.agenda.editing.setup import WeeklyHours, open_schedule, set_openings
from callcenter.agenda.models import Appointment, Schedule
from callcenter.directory.models import Role, Site
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, Tilleuls, answer, choose_person, open_tilleuls, operator


def test_she_goes_to_next_week_chooses_a_time_and_books_and_another_sees_it_at_once(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    town.account("lea", "Léa Morel", Role.OPERATOR)
    lea = town.sign_in("lea")
    lea.goto("/agenda?day=2026-11-30")
    town.dial()
    answer(ines)
    choose_person(ines, "Hélène Vasseur")

    ines.keyboard.press("g")
    title = ines.locator("#agenda-layer h1")
    expect(title).to_contain_text("23 – 29 novembre 2026")
    expect(ines.locator("#desk-card")).not_to_be_visible()
    expect(ines.locator("#key-hang-up button")).to_be_visible()
    expect(ines.locator("#wide-agenda")).to_contain_text("Hélène Vasseur")
    ines.keyboard.press("PageDown")
    expect(title).to_contain_text("30 novembre – 6 décembre 2026")

    # The cursor stays at its hour; from there a quarter of an hour down and a day to the right.
    start = _cursor(ines)
    ines.keyboard.press("ArrowDown")
    assert _cursor(ines) == start + 15 * 60
    ines.keyboard.press("ArrowRight")
    chosen = start + 15 * 60 + 24 * 3600
    assert _cursor(ines) == chosen
    ines.keyboard.press("Enter")
    expect(ines.locator("#wide-book-it")).to_be_focused()
    # While she speaks it is hers: her colleague sees so at once.
    expect(lea.locator(".wide-grid .hold")).to_contain_text("Inès")
    ines.keyboard.press("Enter")

    cell = f"#c{tilleuls.doctor_id}-{chosen}"
    expect(ines.locator(cell)).to_contain_text("Vasseur H.")
    expect(ines.locator("#wide-notices")).to_contain_text("C’est réservé")
    expect(lea.locator(cell)).to_contain_text("Vasseur H.")
    expect(lea.locator(f"{cell}.booked")).to_be_visible()

    # Back to the desk, where the card has it too.
    ines.keyboard.press("Escape")
    expect(ines.locator("#agenda-layer")).to_be_empty()
    expect(ines.locator(".booked-here li")).to_have_count(1)


def test_without_a_call_a_time_is_chosen_first_and_then_for_whom(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    desk.keyboard.press("g")
    expect(desk.locator("#wide-first")).to_be_visible()
    desk.keyboard.press("l")
    search = desk.locator("#wide-search")
    expect(search).to_be_focused()
    desk.keyboard.type("morreau")
    for _ in range(4):
        desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("Backspace")
    expect(desk.locator("#wide-found .person")).to_contain_text("Paul Moreau")
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-found .person")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".who-for.chosen")).to_contain_text("Paul Moreau")
    expect(desk.locator("#wide-book-it")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-notices")).to_contain_text("Moreau P.")
    with town.database.reading(ALL) as session:
        booked = session.scalars(select(Appointment)).one()
    assert booked.call_id is None
    expect(desk.locator(f"#c{tilleuls.doctor_id}-{booked.start}")).to_contain_text("Moreau P.")


def test_who_was_found_keeps_the_keyboard_when_the_last_letters_are_answered_late(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    desk.keyboard.press("g")
    expect(desk.locator("#wide-first")).to_be_visible()
    desk.keyboard.press("l")
    expect(desk.locator("#wide-search")).to_be_focused()
    desk.keyboard.type("moreau")
    found = desk.locator("#wide-found .person")
    expect(found).to_contain_text("Paul Moreau")
    late: list[Route] = []
    desk.route("**/agenda/patient-search", lambda route: late.append(route))
    for letters, focused in (" paul", found), (" pauline", desk.locator("#wide-search")):
        desk.locator("#wide-search").focus()
        desk.keyboard.press("End")
        with desk.expect_request("**/agenda/patient-search"):
            desk.keyboard.type(letters)
        desk.keyboard.press("Enter")
        expect(found).to_be_focused()
        with desk.expect_response("**/agenda/patient-search"):
            late.pop().continue_()
        expect(focused).to_be_focused()
    expect(desk.locator("#wide-found")).to_contain_text("Personne de ce cabinet")
    expect(desk.locator("#wide-search")).to_be_focused()


def test_a_day_or_an_hour_is_typed_while_the_patient_says_it(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("g")
    expect(desk.locator("#wide-first")).to_be_visible()
    heading = desk.locator("#wide-agenda h1")
    field = desk.locator("#wide-moment")

    # A day alone is gone to; what is neither is told, and stays to be mended.
    desk.keyboard.press("h")
    expect(field).to_be_focused()
    desk.keyboard.type("8/12")
    desk.keyboard.press("Enter")
    expect(heading).to_contain_text("7 – 13 décembre 2026")
    expect(field).to_have_value("")
    desk.keyboard.press("h")
    desk.keyboard.type("bientôt")
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-notices")).to_contain_text("ni un jour ni une heure")
    expect(field).to_have_value("bientôt")
    desk.keyboard.press("Escape")
    expect(field).to_have_value("")

    # The clocks: one hour of the spring is missing, one of the autumn is there twice.
    desk.keyboard.type("28/3 2h30")
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-unclear")).to_contain_text("dimanche 28 mars, 02:30 n’existe pas")
    expect(desk.locator("#wide-unclear .primary")).to_be_focused()
    expect(desk.locator("#wide-notices")).to_be_empty()
    desk.keyboard.press("Escape")
    expect(desk.locator("#wide-unclear")).to_have_count(0)
    desk.keyboard.press("h")
    desk.keyboard.type("31/10/2027 2h30")
    desk.keyboard.press("Enter")
    asked = desk.locator("#wide-unclear")
    expect(asked).to_contain_text("02:30 revient deux fois")
    expect(asked.locator("a.num")).to_have_text(["1 avant le changement", "2 après le changement"])
    # Which one is hers to say: Enter alone chooses neither, and opens nothing where she came from.
    expect(asked).to_be_focused()
    desk.keyboard.press("Enter")
    expect(asked).to_be_focused()
    desk.keyboard.press("2")
    expect(desk.locator(".wide-booking")).to_contain_text("n’est pas ouverte")

    # And an ordinary one is chosen, held and booked without a mouse.
    desk.keyboard.press("h")
    desk.keyboard.type("jeudi 15h")
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-book-it")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-notices")).to_contain_text("jeudi 26 novembre, 15:00")
    with town.database.reading(ALL) as session:
        booked = session.scalars(select(Appointment)).one()
    assert (booked.practitioner_id, booked.call_id is None) == (tilleuls.doctor_id, False)

    # The same hour once more is taken: Enter takes what is offered instead, not what stood at the cursor before.
    desk.keyboard.press("h")
    desk.keyboard.type("jeudi 15h")
    desk.keyboard.press("Enter")
    expect(desk.locator(".wide-booking .primary")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#wide-wanted")).to_contain_text("jeudi 26 novembre, 15:15")
    expect(desk.locator("#wide-book-it")).to_be_focused()


def test_when_a_call_rings_the_desk_is_there_again(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    desk.keyboard.press("g")
    expect(desk.locator("#wide-agenda")).to_be_visible()
    town.dial()
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(desk.locator("#desk-card")).to_be_visible()
    expect(desk.locator("#agenda-layer")).to_be_empty()
    answer(desk)


def test_the_views_and_whose_agenda_go_by_keys_and_one_key_finds_anybody(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    early = _colleague(town, tilleuls)
    desk = operator(town, "ines", "Inès Haddad")
    desk.keyboard.press("g")
    columns = desk.locator("#wide-agenda [data-col]")
    expect(columns).to_have_count(10 + 4)
    desk.keyboard.press("e")
    expect(columns).to_have_count(2)
    desk.keyboard.press("2")
    expect(columns).to_have_count(1)
    expect(desk.locator(".whose [aria-current]")).to_contain_text("Arnaud")
    desk.keyboard.press("w")
    expect(columns).to_have_count(7)
    desk.keyboard.press("PageUp")
    expect(desk.locator("#wide-agenda h1")).to_contain_text("16 – 22 novembre 2026")
    desk.keyboard.press("t")
    expect(desk.locator("#wide-agenda h1")).to_contain_text("23 – 29 novembre 2026")
    today = desk.locator("[data-col][aria-label^='lundi 23 novembre'] :focus")
    expect(today).to_have_count(1)
    # In this week already, it leads back from another day.
    desk.keyboard.press("ArrowRight")
    expect(today).to_have_count(0)
    desk.keyboard.press("t")
    expect(today).to_have_count(1)
    desk.keyboard.press("f")
    expect(desk.locator("[name=practitioner_id]")).to_have_value(str(early))
    expect(desk.locator("#wide-search")).to_be_focused()
    desk.keyboard.press("Escape")  # out of the search
    desk.keyboard.press("Escape")
    expect(desk.locator("#wide-book-it")).to_have_count(0)
    desk.keyboard.press("Escape")
    expect(desk.locator("#agenda-layer")).to_be_empty()

    # Beside a call the same key finds it too.
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("f")
    expect(desk.locator(".booking")).to_contain_text("Dr Arnaud")


def _cursor(page: Page) -> int:
    """The time at the cursor, UTC seconds."""
    name = page.evaluate("document.activeElement.id")
    return int(str(name).split("-")[1])


def _colleague(town: Town, tilleuls: Tilleuls) -> int:
    """Dr Arnaud, who is there from seven on, when Dr Lemoine only comes at eleven."""
    at = town.now()
    with town.database.unit_of_work(ALL) as session:
        site = session.scalars(select(Site).where(Site.practice_id == tilleuls.practice_id)).one()
        typed = PractitionerParticulars(name="Dr Arnaud", family_name="Arnaud", site_id=site.id)
        arnaud = add_practitioner(session, tilleuls.practice_id, typed, at=at, staff_id=None)
        schedule = open_schedule(
            session,
            practice_id=tilleuls.practice_id,
            practitioner_id=arnaud.id,
            site_id=site.id,
            zone=site.zone,
        )
        set_openings(session, schedule, [WeeklyHours(day, time(7), time(20)) for day in range(7)], at=at, staff_id=None)
        lemoine = session.scalars(select(Schedule).where(Schedule.practitioner_id == tilleuls.doctor_id)).one()
        set_openings(session, lemoine, [WeeklyHours(day, time(11), time(18)) for day in range(7)], at=at, staff_id=None)
        return arnaud.id
