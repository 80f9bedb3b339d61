"""The operator's telephone leaves in mid-sentence: she comes back, or the next one has the patient and the note."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from playwright.sync_api import Route, expect
from sqlalchemy import select, update

from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import CallNote
from callcenter.directory.models import Role
from callcenter.routing.models import Agent, QueueEntry
from callcenter.telephony.models import Leg, LegRole, LegStatus
from tests.stories.conftest import Town
from tests.stories.tilleuls import answer, choose_person, open_tilleuls, operator

ALL = Centre(CentreReason.SEED)
MOBILE = "+33639980033"


def test_she_comes_back_and_when_she_does_not_a_colleague_goes_on_with_her_note(town: Town) -> None:
    open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(ines)
    choose_person(ines, "Hélène Vasseur")
    ines.keyboard.press("n")
    ines.keyboard.type("Ses gouttes sont finies")
    until(lambda: "finies" in str(words(town)))  # she goes on typing: nothing but time sends it
    card = ines.locator("#desk-card")

    # Her telephone leaves: the patient hears music, and one key brings her back.
    hang_up_hers(town)
    expect(card).to_have_attribute("data-state", "cut")
    expect(card).to_contain_text("Votre téléphone a quitté la conversation. Le patient entend de la musique.")
    expect(card.locator(".meta [data-until]")).to_contain_text("0:")
    expect(ines.locator("#key-answer")).to_contain_text("Rejoindre")
    assert at_carrier(town, patient)["status"] == "in-progress"
    ines.keyboard.press("F2")
    expect(card).to_have_attribute("data-state", "talking")
    assert requeue_at(town) is None
    expect(ines.locator("textarea[name=words]")).to_have_value("Ses gouttes sont finies")

    # It leaves again, and she does not come back.
    lea = operator(town, "lea", "Léa Morel")
    hang_up_hers(town)
    expect(card).to_have_attribute("data-state", "cut")
    with town.database.unit_of_work(ALL) as session:  # half a minute passes
        session.execute(update(QueueEntry).values(requeue_at=town.now()))
    hers = lea.locator("#desk-card")
    expect(hers).to_have_attribute("data-state", "ringing")
    expect(hers).to_contain_text("Inès était en ligne avec ce patient jusqu’à")
    expect(hers).to_contain_text("Hélène Vasseur")
    expect(lea.locator("textarea[name=words]")).to_have_value("Ses gouttes sont finies")
    expect(card).to_have_attribute("data-state", "wrap_up")
    expect(card).to_contain_text("Le patient est en tête de file.")
    answer(lea)
    expect(card).to_contain_text("Léa a repris ce patient.")
    expect(hers.locator(".phrase")).to_contain_text("Hélène Vasseur")
    assert at_carrier(town, patient)["status"] == "in-progress"

    # The words are Léa's now; what Inès says of the call ends it for her alone.
    expect(ines.locator("textarea[name=words]")).to_be_disabled()
    expect(lea.locator("textarea[name=words]")).to_be_enabled()
    ines.keyboard.press("4")
    ines.keyboard.press("Enter")
    expect(card).to_have_attribute("data-state", "available")
    expect(hers).to_have_attribute("data-state", "talking")


def test_what_is_typed_while_the_card_is_drawn_reaches_the_server_by_itself(town: Town) -> None:
    open_tilleuls(town)
    ines = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(ines)
    held: list[Route] = []
    ines.route("**/calls/*/words", lambda route: route.continue_() if held else held.append(route))
    ines.keyboard.press("n")
    expect(ines.locator("textarea[name=words]")).to_be_focused()
    # The card is drawn twice: while her first words are on their way, and while the next wait behind them.
    for typed in ("Ses gouttes", " sont finies"):
        ines.keyboard.type(typed)
        with ines.expect_response("**/desk/card"):
            ines.evaluate("htmx.trigger(document.body, 'desk-changed')")
        ines.wait_for_timeout(100)
    held[0].continue_()

    def has_them_all() -> bool:
        ines.wait_for_timeout(50)  # the browser's requests go through this process
        return words(town) == "Ses gouttes sont finies"

    until(has_them_all)  # nothing but time sends the rest


def test_a_closed_page_ends_no_conversation(town: Town) -> None:
    open_tilleuls(town)
    town.account("ines", "Inès Haddad", Role.OPERATOR, endpoint=MOBILE)
    httpx.put(f"{town.carrier_url}/network/phones/{MOBILE}", json={"answers": "person"}).raise_for_status()
    ines = town.sign_in("ines")
    ines.keyboard.press("F9")
    card = ines.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "available")
    patient = town.dial()
    expect(card).to_have_attribute("data-state", "ringing")
    ines.keyboard.press("F2")
    until(lambda: rings(town, MOBILE))
    httpx.post(f"{town.carrier_url}/network/phones/{MOBILE}/answer").raise_for_status()
    until(lambda: is_asked_for_a_key(town, MOBILE))  # what is pressed before is not heard
    assert press_one(town, MOBILE)
    expect(card).to_have_attribute("data-state", "talking")
    context = ines.context
    ines.close()
    with town.database.unit_of_work(ALL) as session:  # her lease lapses
        session.execute(update(Agent).values(lease_until=town.now()))
    time.sleep(2.5)
    assert at_carrier(town, patient)["status"] == "in-progress"
    with town.database.reading(ALL) as session:
        assert session.scalar(select(Agent.status)) == "on_call"
    back = context.new_page()
    back.goto("/desk")
    expect(back.locator("#desk-card")).to_have_attribute("data-state", "talking")


def hang_up_hers(town: Town) -> None:
    """Her telephone is put down, not by her key."""
    own = select(Leg.sid).where(Leg.role == LegRole.OPERATOR, Leg.status == LegStatus.JOINED)
    until(lambda: _one(town, own) is not None)
    answer = httpx.post(f"{town.carrier_url}/network/calls/{_one(town, own)}/hangup")
    assert answer.is_success, answer.text


def rings(town: Town, address: str) -> bool:
    return bool(httpx.get(f"{town.carrier_url}/network/phones/{address}").json()["state"] == "ringing")


def is_asked_for_a_key(town: Town, address: str) -> bool:
    said = httpx.get(f"{town.carrier_url}/network/phones/{address}").json()["transcript"]
    return any("Tapez 1" in line["text"] for line in said)


def press_one(town: Town, address: str) -> bool:
    return httpx.post(f"{town.carrier_url}/network/phones/{address}/digits", json={"digits": "1"}).is_success


def at_carrier(town: Town, sid: str) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def words(town: Town) -> object:
    with town.database.reading(ALL) as session:
        return session.scalar(select(CallNote.words))


def requeue_at(town: Town) -> object:
    with town.database.reading(ALL) as session:
        return session.scalar(select(QueueEntry.requeue_at))


def until(reached: Callable[[], bool], *, seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "nothing happened"
        time.sleep(0.05)


def _one(town: Town, query: object) -> object:
    with town.database.reading(ALL) as session:
        return session.scalar(query)  # type: ignore[call-overload]
