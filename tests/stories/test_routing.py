"""Who is asked for a call, and why; and where a caller goes who has waited too long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import expect
from sqlalchemy import update

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import PracticeLine, Role
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import SECOND_PATIENT, answer, open_tilleuls, operator

ELSEWHERE = "+33199001999"
SENTENCE = "Merci de votre patience. Nous transférons votre appel."


def test_a_practice_that_wants_trained_people_rings_only_at_theirs_and_the_card_says_why(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    town.account("amelie", "Amélie Petit", Role.ADMINISTRATOR)
    lea, ines = operator(town, "lea", "Léa Morel"), operator(town, "ines", "Inès Haddad")

    # Who is trained is said in the browser: on the practice's page, then on Inès's own.
    admin = town.sign_in("amelie")
    admin.goto(f"/practices/{tilleuls.practice_id}/operators")
    admin.get_by_role("radio", name="Opératrices habilitées seulement").check()
    admin.get_by_role("button", name="Enregistrer").click()
    expect(admin.locator(".banner")).to_contain_text(["Enregistré", "Personne n’est habilité"])
    admin.goto("/staff")
    admin.get_by_role("link", name="Inès Haddad").click()
    admin.get_by_role("button", name="Habiliter").click()
    expect(admin.locator("#certified-title + table th")).to_contain_text(["Cabinet", "Qui", "Actions", "Tilleuls"])

    # Léa has been free for longer, and is not asked; nor can she take it from the queue.
    town.dial()
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "available")
    expect(lea.locator("#desk-queue li")).to_contain_text("habilitées seulement")
    expect(lea.locator("#desk-queue form")).to_have_count(0)

    why = ines.locator("#desk-card .why-hers")
    expect(why.locator("p")).not_to_be_visible()
    ines.keyboard.press("w")
    expect(why.locator("p")).to_contain_text("Libre depuis")
    # True of her who is alone as of her who is one of many.
    expect(why.locator("p")).to_contain_text(
        "aucune personne qualifiée ne l’était depuis plus longtemps. À son tour d’arrivée."
    )
    answer(ines)

    # The next one waits for her, whatever Léa does.
    town.dial(number=SECOND_PATIENT)
    expect(lea.locator("#desk-queue li")).to_have_count(1)
    lea.keyboard.press("F2")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "available")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "talking")


def test_who_has_waited_too_long_is_put_through_and_comes_back_when_nobody_is_there(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    desk.keyboard.press("F9")
    _overflow_after(town, 3)
    httpx.put(f"{town.carrier_url}/network/phones/{ELSEWHERE}", json={"answers": "person"}).raise_for_status()

    caller = town.dial(number=PATIENT)
    expect(desk.locator("#desk-queue li")).to_contain_text("ligne prioritaire")
    _until(lambda: _phone(town)["state"] == "ringing")
    expect(desk.locator("#desk-queue li")).to_have_count(0)
    assert SENTENCE in _heard(town, caller)

    _overflow_after(town, 60)
    # Nobody picks up there: she is in the queue again, at her old place, and is answered.
    httpx.put(f"{town.carrier_url}/network/phones/{ELSEWHERE}", json={"answers": "busy"}).raise_for_status()
    httpx.post(f"{town.carrier_url}/network/phones/{ELSEWHERE}/hangup").raise_for_status()
    expect(desk.locator("#desk-queue li")).to_have_count(1)
    desk.keyboard.press("F9")
    answer(desk)

    # The next one is answered there: her call ends with that conversation.
    httpx.put(f"{town.carrier_url}/network/phones/{ELSEWHERE}", json={"answers": "person"}).raise_for_status()
    _overflow_after(town, 2)
    second = town.dial(number=SECOND_PATIENT)
    _until(lambda: _phone(town)["state"] == "ringing")
    httpx.post(f"{town.carrier_url}/network/phones/{ELSEWHERE}/answer").raise_for_status()
    _until(lambda: _call(town, second)["with"] != [])
    httpx.post(f"{town.carrier_url}/network/phones/{ELSEWHERE}/hangup").raise_for_status()
    _until(lambda: _call(town, second)["status"] == "completed")
    expect(desk.locator("#desk-queue li")).to_have_count(0)


def _overflow_after(town: Town, seconds: int) -> None:
    with town.database.unit_of_work(Centre(CentreReason.SEED)) as session:
        session.execute(
            update(PracticeLine).values(overflow_after=seconds, overflow_number=ELSEWHERE, is_priority=True)
        )


def _until(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 12
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def _phone(town: Town) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/phones/{ELSEWHERE}").json()
    return found


def _call(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def _heard(town: Town, sid: str) -> str:
    return " ".join(line["text"] for line in _call(town, sid)["heard"])
