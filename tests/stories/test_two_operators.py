"""Two operators, one call and one time: whoever comes second gets a plain sentence and the next choice."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.stories.conftest import Town
from tests.stories.tilleuls import SECOND_PATIENT, answer, choose_person, open_tilleuls, operator


def test_both_want_the_same_call_and_then_the_same_time(town: Town) -> None:
    open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    lea = operator(town, "lea", "Léa Morel")

    # The call rings at Inès's; Léa wants it too, and her line is slow.
    town.dial()
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(lea.locator("#desk-queue .take")).to_have_count(1)
    arrive = _slow(lea, "**/queue-entries/*/acceptance", lambda: lea.keyboard.press("F2"))
    answer(ines)
    town.dial(number=SECOND_PATIENT)
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    arrive()
    expect(lea.locator("#notices")).to_contain_text("Inès vient de prendre cet appel.")
    lea.keyboard.press("Enter")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "talking")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "talking")

    choose_person(ines, "Hélène Vasseur")
    choose_person(lea, "Paul Moreau")
    # Neither's hold comes through in time: they look at the same time, as nobody else can.
    for desk in (ines, lea):
        desk.route("**/holds", lambda route: route.abort())
        desk.keyboard.press("l")
        expect(desk.locator("#book-it")).to_be_focused()
    same = ines.locator("#booking-title").inner_text()
    assert lea.locator("#booking-title").inner_text() == same

    arrive = _slow(lea, "**/calls/*/appointments", lambda: lea.keyboard.press("Enter"))
    ines.keyboard.press("Enter")
    expect(ines.locator(".booked-here li")).to_have_count(1)
    arrive()
    dialog = lea.locator("#ask dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Inès")
    choices = dialog.locator("button[data-key]")
    expect(choices).to_have_count(3)
    second = choices.nth(1).inner_text().split()[-1]

    lea.keyboard.press("2")
    expect(dialog).to_have_count(0)
    expect(lea.locator(".booked-here li")).to_have_count(1)
    booked = lea.locator(".booked-here li b").inner_text()
    assert booked.endswith(second)
    assert booked.casefold() != same.casefold()
    expect(ines.locator(".booked-here li b")).to_contain_text(same, ignore_case=True)


def test_a_time_that_one_looks_at_is_not_offered_to_the_other(town: Town) -> None:
    open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(ines)
    lea = operator(town, "lea", "Léa Morel")
    town.dial(number=SECOND_PATIENT)
    answer(lea)
    choose_person(ines, "Hélène Vasseur")
    choose_person(lea, "Paul Moreau")
    first = lea.locator("#first-free b")
    was = first.inner_text()

    ines.keyboard.press("l")
    expect(ines.locator("#held")).to_contain_text("Réservé le temps de l’appel")
    expect(first).not_to_have_text(was)
    lea.keyboard.press("l")
    expect(lea.locator("#held")).to_contain_text("Réservé")
    assert lea.locator("#booking-title").inner_text() != ines.locator("#booking-title").inner_text()

    # She closes it: it is free again, there too.
    lea.keyboard.press("Escape")
    ines.keyboard.press("Escape")
    expect(first).to_have_text(was)

    # What she holds is hers to book.
    ines.keyboard.press("l")
    expect(ines.locator("#held")).to_contain_text("Réservé")
    ines.keyboard.press("Enter")
    expect(ines.locator(".booked-here li")).to_have_count(1)
    expect(first).not_to_have_text(was)


def _slow(page: Page, address: str, act: Callable[[], object]) -> Callable[[], None]:
    """Hold the request that ``act`` sends; the answer lets it go on to the server."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    with page.expect_request(address):
        act()

    def arrive() -> None:
        [request] = held
        request.continue_()
        page.unroute(address)

    return arrive
