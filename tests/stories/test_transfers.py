"""A caller is put through, by keyboard: to a doctor, to somebody who does not answer, to a colleague."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Contact, Practitioner, Role
from callcenter.telephony.models import Leg, LegRole
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import Tilleuls, a_second_later, answer, open_tilleuls, operator

ALL = Centre(CentreReason.SEED)
DOCTOR = "+33639980021"
LABORATORY = "+33199004301"
OWN_TELEPHONE = "+33639980077"


@pytest.fixture
def tilleuls(town: Town) -> Tilleuls:
    """The practice, whose doctor and laboratory can be reached."""
    tilleuls = open_tilleuls(town)
    with town.database.unit_of_work(ALL) as session:
        session.get_one(Practitioner, tilleuls.doctor_id).phone = DOCTOR
        session.add(
            Contact(practice_id=tilleuls.practice_id, name="Laboratoire Biolor", number=LABORATORY, digits="ww12")
        )
    return tilleuls


def test_she_is_not_heard_while_muted_and_hold_is_another_sign(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    mute, hold = desk.locator("#key-mute button"), desk.locator("#key-hold button")
    expect(mute).to_contain_text("Muet")
    desk.keyboard.press("F6")
    expect(mute).to_contain_text("Parler")
    expect(desk.locator("#desk-card .meta .mute-sign")).to_be_visible()
    own = sid_of(town, "operator-1")
    assert at_carrier(town, own)["muted"] is True
    say(town, own, "Vous m'entendez ?")
    assert "Vous m'entendez ?" not in heard(town, patient)

    desk.keyboard.press("F3")
    expect(hold).to_contain_text("Reprendre")
    expect(mute).to_contain_text("Parler")  # two signs
    desk.keyboard.press("F3")
    expect(hold).to_contain_text("Garde")
    desk.keyboard.press("F6")
    expect(mute).to_contain_text("Muet")
    say(town, own, "Me voici de nouveau.")
    until(lambda: "Me voici de nouveau." in heard(town, patient))

    # Whoever asks for help is heard, whatever was pressed before.
    desk.keyboard.press("F6")
    expect(mute).to_contain_text("Parler")
    desk.keyboard.press("F12")
    until(lambda: at_carrier(town, own)["muted"] is False)
    expect(desk.locator("#relay")).to_be_visible()


def test_a_caller_is_announced_to_the_doctor_and_passed_on(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)

    dialog = choose(desk, "lem")
    expect(dialog.locator("[data-target]:not([hidden])")).to_have_count(1)
    desk.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "consulting")
    expect(companion(desk, "practitioner")).to_contain_text("Dr Lemoine")
    expect(companion(desk, "patient")).to_have_attribute("data-presence", "on_hold")
    assert at_carrier(town, patient)["hold"] is True
    until_rings(town, DOCTOR)
    pick_up(town, DOCTOR)
    expect(companion(desk, "practitioner")).to_have_attribute("data-presence", "on_line")
    say(town, sid_of(town, "practitioner-1"), "Que veut-elle ?")
    assert "Que veut-elle ?" not in heard(town, patient)

    desk.keyboard.press("F4")
    expect(card).to_have_attribute("data-state", "three_way")
    assert at_carrier(town, patient)["hold"] is False
    say(town, sid_of(town, "practitioner-1"), "Bonjour madame.")
    until(lambda: "Bonjour madame." in heard(town, patient))

    a_second_later(desk)
    desk.keyboard.press("F4")
    expect(card).to_have_attribute("data-state", "wrap_up")
    assert at_carrier(town, patient)["with"] == ["practitioner-1"]
    # They speak on without her, and the doctor is not left with music when the patient hangs up.
    hang_up(town, PATIENT)
    until(lambda: calls(town).get("in-progress", 0) == 0)


def test_escape_takes_the_caller_back_while_it_rings(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    choose(desk, "biol")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "consulting")
    until_rings(town, LABORATORY)
    expect(desk.locator("#key-hang-up button")).to_contain_text("Laboratoire Biolor")
    desk.keyboard.press("Escape")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    until(lambda: at_carrier(town, patient)["hold"] is False)
    assert at_carrier(town, patient)["with"] == ["operator-1"]


def test_a_draft_read_late_changes_nothing_that_was_chosen_meanwhile(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    held: list[Route] = []
    desk.route(
        "**/calls/*/drafts", lambda route: held.append(route) if route.request.method == "GET" else route.continue_()
    )
    dialog = choose(desk, "biol")
    chosen = dialog.locator("[data-target]:not([hidden]) input:checked").get_attribute("value")
    with desk.expect_response("**/calls/*/drafts"):
        held[-1].continue_()
    desk.wait_for_timeout(300)  # that nothing changes cannot be waited for
    expect(dialog.locator("[name=target]:checked")).to_have_value(chosen or "")
    expect(dialog.locator("[data-filter]")).to_have_value("biol")


def test_a_key_pressed_twice_means_whom_it_meant_and_never_the_patient(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    choose(desk, "lem")
    desk.keyboard.press("Enter")
    card = desk.locator("#desk-card")
    until_rings(town, DOCTOR)
    pick_up(town, DOCTOR)
    expect(companion(desk, "practitioner")).to_have_attribute("data-presence", "on_line")
    sent: list[str] = []
    desk.on(
        "request",
        lambda request: sent.append(request.url.rpartition("/calls/")[2]) if request.method == "POST" else None,
    )
    desk.evaluate("performance.now = () => 1e9")  # however slow the machine, it is the same second

    desk.keyboard.press("F4")
    expect(card).to_have_attribute("data-state", "three_way")
    expect(desk.locator("#key-transfer button")).to_contain_text("Passer l’appel")
    desk.keyboard.press("F4")
    desk.locator("#key-transfer button").click()
    desk.keyboard.press("F8")
    expect(card).to_have_attribute("data-state", "talking")
    expect(desk.locator("#key-hang-up button small")).to_have_count(0)
    desk.keyboard.press("F8")
    desk.locator("#key-hang-up button").click()
    desk.keyboard.press("F6")
    expect(desk.locator("#key-mute button")).to_contain_text("Parler")
    assert [one.partition("/")[2] for one in sent if one[0].isdecimal()] == ["three-way", "third/hang-up", "mute"]
    assert at_carrier(town, patient)["with"] == ["operator-1"]
    a_second_later(desk)
    until(lambda: seconds_since_left(town, "practitioner-1") > 1)
    desk.keyboard.press("F8")
    expect(card).to_have_attribute("data-state", "wrap_up")


def test_a_call_whose_telephone_does_not_answer_goes_to_a_colleague(town: Town, tilleuls: Tilleuls) -> None:
    town.account("nora", "Nora Petit", Role.OPERATOR, endpoint=OWN_TELEPHONE)
    nora = town.sign_in("nora")
    nora.keyboard.press("F9")
    expect(nora.locator("#desk-card")).to_have_attribute("data-state", "available")
    patient = town.dial()
    expect(nora.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    nora.keyboard.press("F2")
    until_rings(town, OWN_TELEPHONE)
    expect(nora.locator("#desk-card")).to_have_attribute("data-state", "connecting")
    expect(nora.locator("#key-hang-up button")).to_contain_text("à une collègue")
    lea = operator(town, "lea", "Léa Morel")
    nora.keyboard.press("F8")
    expect(nora.locator("#desk-card")).to_have_attribute("data-state", "available")
    answer(lea)
    assert at_carrier(town, patient)["with"] == ["operator-2"]


def test_who_is_put_through_and_not_answered_is_back_at_the_head(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    choose(desk, "biol")
    desk.keyboard.press("Shift+Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    until_rings(town, LABORATORY)
    assert at_carrier(town, patient)["with"] == []
    decline(town, LABORATORY)
    desk.keyboard.press("9")
    desk.keyboard.press("Enter")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    expect(companion(desk, "contact")).to_have_attribute("data-presence", "not_reached")
    expect(companion(desk, "contact")).to_contain_text("Laboratoire Biolor")


def test_a_colleague_is_asked_in_and_takes_the_call_over(town: Town, tilleuls: Tilleuls) -> None:
    ines = operator(town, "ines", "Inès Haddad")
    lea = operator(town, "lea", "Léa Morel")
    patient = town.dial()
    answer(ines)
    choose(ines, "léa")
    ines.locator("#transfer-note").fill("Elle veut un certificat ; dossier ouvert 👍 </Say><Dial>")
    ines.keyboard.press("Enter")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "consulting")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(lea.locator("#desk-card .passed")).to_contain_text("Inès vous passe cet appel")
    expect(lea.locator("#desk-card .passed")).to_contain_text("</Say><Dial>")
    lea.keyboard.press("F2")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "consulting")
    expect(companion(ines, "operator").filter(has_text="Léa")).to_have_attribute("data-presence", "on_line")
    assert at_carrier(town, patient)["hold"] is True
    ines.keyboard.press("F4")
    for desk in (ines, lea):
        expect(desk.locator("#desk-card")).to_have_attribute("data-state", "three_way")
    a_second_later(ines)
    ines.keyboard.press("F4")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "talking")
    assert at_carrier(town, patient)["with"] == ["operator-2"]


def test_a_colleague_who_declines_leaves_the_caller_where_she_was(town: Town, tilleuls: Tilleuls) -> None:
    ines = operator(town, "ines", "Inès Haddad")
    lea = operator(town, "lea", "Léa Morel")
    patient = town.dial()
    answer(ines)
    choose(ines, "léa")
    ines.keyboard.press("Enter")
    expect(lea.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(lea.locator("#key-hang-up button")).to_contain_text("Laisser")
    lea.keyboard.press("F8")
    expect(ines.locator("#desk-card")).to_have_attribute("data-state", "talking")
    expect(companion(ines, "operator").filter(has_text="Léa")).to_have_attribute("data-presence", "not_reached")
    assert at_carrier(town, patient)["hold"] is False


def test_digits_go_through_the_telephone_in_the_browser(town: Town, tilleuls: Tilleuls) -> None:
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    desk.keyboard.press("k")
    keypad = desk.locator("#keypad")
    expect(keypad.locator("[data-digit]").first).to_be_visible()
    desk.keyboard.press("4")
    keypad.locator("[data-digit='#']").click()
    expect(keypad.locator("[data-sent]")).to_have_text("4#")
    until(lambda: pressed(town, sid_of(town, "operator-1")) == "4#")
    # A digit there chooses nothing on the desk beneath.
    desk.keyboard.press("1")
    desk.keyboard.press("Escape")
    expect(keypad).to_be_hidden()
    expect(desk.locator("#desk-card .phrase.quoted")).to_be_visible()


def test_on_her_own_telephone_digits_are_left_to_its_keys(town: Town, tilleuls: Tilleuls) -> None:
    town.account("nora", "Nora Petit", Role.OPERATOR, endpoint=OWN_TELEPHONE)
    desk = town.sign_in("nora")
    desk.keyboard.press("F9")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")
    town.dial()
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    until_rings(town, OWN_TELEPHONE)
    pick_up(town, OWN_TELEPHONE)
    until(lambda: any("Tapez 1" in line for line in heard(town, sid_of(town, "operator-1"))))
    _do(town, f"phones/{OWN_TELEPHONE}/digits", json={"digits": "1"})
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    desk.keyboard.press("k")
    expect(desk.locator("#keypad [data-without-softphone]")).to_be_visible()


def choose(desk: Page, typed: str) -> Any:
    """F4, and the beginning of a name."""
    desk.keyboard.press("F4")
    dialog = desk.locator("#ask dialog")
    expect(dialog.locator("[data-filter]")).to_be_focused()
    # In one piece: typed key by key, a letter that no key has may overtake or be overtaken.
    desk.keyboard.insert_text(typed)
    expect(dialog.locator("[data-target]:not([hidden]) input:checked")).to_have_count(1)
    return dialog


def companion(desk: Page, role: LegRole | str) -> Any:
    return desk.locator(f"#desk-card .companion[data-role={role}]")


def at_carrier(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def heard(town: Town, sid: str) -> list[str]:
    return [str(line["text"]) for line in at_carrier(town, sid)["heard"]]


def calls(town: Town) -> dict[str, int]:
    counted: dict[str, int] = httpx.get(f"{town.carrier_url}/network/state").json()["calls"]
    return counted


def pressed(town: Town, sid: str) -> str:
    notes = [str(line["text"]) for line in at_carrier(town, sid)["transcript"] if line["kind"] == "note"]
    return "".join(note.removeprefix("keys ") for note in notes if note.startswith("keys "))


def sid_of(town: Town, label: str) -> str:
    """The carrier's name of one telephone of the call."""
    with town.database.reading(ALL) as session:
        return str(session.scalars(select(Leg.sid).where(Leg.label == label)).one())


def seconds_since_left(town: Town, label: str) -> float:
    with town.database.reading(ALL) as session:
        left_at = session.scalars(select(Leg.left_at).where(Leg.label == label)).one()
    return 0.0 if left_at is None else (town.now() - left_at).total_seconds()


def say(town: Town, sid: str, text: str) -> None:
    _do(town, f"calls/{sid}/say", json={"text": text})


def hang_up(town: Town, address: str) -> None:
    _do(town, f"phones/{address}/hangup")


def pick_up(town: Town, address: str) -> None:
    _do(town, f"phones/{address}/answer")


def decline(town: Town, address: str) -> None:
    _do(town, f"phones/{address}/decline")


def _do(town: Town, what: str, **sent: Any) -> None:
    done = httpx.post(f"{town.carrier_url}/network/{what}", **sent)
    assert done.is_success, done.text


def until_rings(town: Town, number: str) -> None:
    until(lambda: httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"] == "ringing")


def until(true: Any) -> None:
    ends = time.monotonic() + 8
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.03)
