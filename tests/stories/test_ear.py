"""What an operator hears with: the telephone in her browser, or her own; and which browser has her desk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.directory.models import Role
from callcenter.telephony.models import Leg
from tests.stories.conftest import PATIENT, SID, TOKEN, Town
from tests.stories.tilleuls import ALL, answer, open_tilleuls, operator

MOBILE = "+33639980033"


def test_a_call_is_heard_in_the_browser_and_nothing_else_is_answered_there(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    state = desk.locator("#softphone-state")
    expect(state).to_have_text("Prêt : vos appels s’entendent ici.")
    assert rung_by_nobody_known(town, str(desk.locator("[data-softphone]").get_attribute("data-softphone"))) == "busy"
    expect(state).to_have_text("Prêt : vos appels s’entendent ici.")

    sid = town.dial()
    answer(desk)
    expect(state).to_have_text("Vous êtes en ligne ici.")
    [address] = addresses(town)
    assert address.startswith("client:operator_")

    # Keys and mute reach the conversation.
    desk.evaluate("softphone.sendDigits('12')")
    said(town, address, "keys 12")
    httpx.post(f"{town.carrier_url}/network/phones/{address}/say", json={"text": "Bonjour, le secrétariat."})
    assert heard_by(town, sid)[-1] == "Bonjour, le secrétariat."
    desk.evaluate("softphone.mute(true)")
    wait(lambda: desk.evaluate("softphone.isMuted()"))
    wait(lambda: view(town, address)["call"]["silent"])
    httpx.post(f"{town.carrier_url}/network/phones/{address}/say", json={"text": "Elle m’agace."})
    assert heard_by(town, sid)[-1] == "Bonjour, le secrétariat."

    desk.evaluate("softphone.hangUp()")
    expect(desk.locator("#desk-card")).not_to_have_attribute("data-state", "talking")


def test_two_tabs_are_one_telephone_and_the_second_takes_it_on(town: Town) -> None:
    open_tilleuls(town)
    first = operator(town, "ines", "Inès Haddad")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    second = first.context.new_page()
    second.goto("/desk")
    expect(second.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    first.close()
    town.dial()
    answer(second)
    assert second.evaluate("softphone.isHere")


def test_her_own_telephone_asks_for_a_key_and_a_voicemail_gets_no_patient(town: Town) -> None:
    open_tilleuls(town)
    town.account("ines", "Inès Haddad", Role.OPERATOR, endpoint=MOBILE)
    desk = town.sign_in("ines")
    expect(desk.locator("#desk-ear")).to_contain_text("Vos appels sonnent au 06 39 98 00 33")
    desk.keyboard.press("F9")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "available")

    # Her voicemail answers and says its greeting: the patient hears none of it and keeps her place.
    phone(town, MOBILE, answers="auto", after_seconds=0.2, says=["Laissez un message."])
    sid = town.dial()
    expect(card).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    expect(card).to_have_attribute("data-state", "break_", timeout=40_000)
    assert "Laissez un message." not in heard_by(town, sid)

    # She picks up herself and presses 1.
    phone(town, MOBILE, answers="person")
    desk.keyboard.press("F9")
    expect(card).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    wait(lambda: ringing(town, MOBILE))
    httpx.post(f"{town.carrier_url}/network/phones/{MOBILE}/answer")
    wait(lambda: any("Tapez 1" in one for one in heard_on(town, MOBILE)))
    expect(card).to_have_attribute("data-state", "connecting")
    httpx.post(f"{town.carrier_url}/network/phones/{MOBILE}/digits", json={"digits": "1"})
    expect(card).to_have_attribute("data-state", "talking")


def test_a_call_is_moved_to_her_own_telephone_and_back(town: Town) -> None:
    open_tilleuls(town)
    town.account("ines", "Inès Haddad", Role.OPERATOR, endpoint=MOBILE)
    phone(town, MOBILE, answers="person")
    desk = town.sign_in("ines")
    desk.keyboard.press("F10")
    expect(desk.locator("#desk-ear")).to_have_attribute("data-ear", "softphone")
    desk.keyboard.press("F9")
    sid = town.dial()
    answer(desk)
    wait(lambda: together(town, sid))

    expect(desk.locator("#switch-ear")).to_have_attribute("action", re.compile("/calls/"))  # before, it is for the next
    desk.keyboard.press("F10")
    expect(desk.locator("#desk-ear")).to_have_attribute("data-ear", "telephone")
    wait(lambda: ringing(town, MOBILE))
    assert together(town, sid)  # nobody has let go yet
    httpx.post(f"{town.carrier_url}/network/phones/{MOBILE}/answer")
    wait(lambda: any("Tapez 1" in one for one in heard_on(town, MOBILE)))
    httpx.post(f"{town.carrier_url}/network/phones/{MOBILE}/digits", json={"digits": "1"})
    wait(lambda: joined(town) == [MOBILE])
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    expect(desk.locator("#switch-ear")).to_contain_text("Passer cet appel dans le navigateur")  # nothing rings any more

    desk.keyboard.press("F10")
    wait(lambda: [one.startswith("client:") for one in joined(town)] == [True])
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")


def test_only_the_next_call_is_heard_elsewhere_by_a_key(town: Town) -> None:
    open_tilleuls(town)
    town.account("ines", "Inès Haddad", Role.OPERATOR, endpoint=MOBILE)
    phone(town, MOBILE, answers="person")
    desk = town.sign_in("ines")
    desk.keyboard.press("F10")
    expect(desk.locator("#desk-ear")).to_have_attribute("data-ear", "softphone")
    desk.keyboard.press("F9")
    town.dial()
    answer(desk)
    desk.keyboard.press("e")
    expect(desk.locator("#desk-ear")).to_have_attribute("data-ear", "telephone")
    wait(lambda: [one.startswith("client:") for one in joined(town)] == [True])
    assert not ringing(town, MOBILE)  # this conversation stays where it is heard
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    desk.keyboard.press("9")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")
    town.dial(number=PATIENT)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    wait(lambda: ringing(town, MOBILE))


def test_the_browser_that_signs_in_last_has_the_desk_and_the_first_takes_it_back(town: Town) -> None:
    open_tilleuls(town)
    first = operator(town, "ines", "Inès Haddad")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    second = town.sign_in("ines")
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "elsewhere")
    expect(first.locator("#desk-card")).to_contain_text("Votre poste est ouvert ailleurs depuis")
    refused = first.request.post("/agent/break", headers={"HX-Request": "true"})
    assert (refused.status, "ouvert dans un autre navigateur" in refused.text()) == (409, True)
    wait(lambda: first.evaluate("softphone.state") == "asleep")

    expect(second.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    town.dial()
    answer(second)
    assert second.evaluate("softphone.isHere")

    # Taken back during the conversation: it goes on where it is heard, and is moved with a key.
    first.keyboard.press("F9")
    expect(second.locator("#desk-card")).to_have_attribute("data-state", "elsewhere")
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "talking")

    # An emergency where it is heard brings the desk there with the card, and hangs up nothing.
    second.keyboard.press("F12")
    expect(second.locator("#relay #relay-line")).to_be_visible()
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "elsewhere")
    assert second.evaluate("softphone.isHere")
    second.keyboard.press("Escape")
    expect(second.locator("#relay")).to_have_count(0)
    # A reading that was under way meanwhile finds no card: nothing is wrong, and nothing is said.
    with second.expect_response("**/desk/emergency?call=1") as read:
        second.evaluate("void htmx.ajax('GET', '/desk/emergency?call=1', '#emergency-layer').catch(() => {})")
    assert read.value.status == 404
    second.evaluate("new Promise((drawn) => setTimeout(drawn, 200))")
    assert "Aucune fiche" not in second.locator("#notices").inner_text()
    expect(second.locator("#desk-card")).to_have_attribute("data-state", "talking")
    second.locator("form[action='/sign-out'] button").click()
    expect(second.locator("#notices")).to_contain_text("raccrochez d’abord (F8)")

    first.keyboard.press("F9")
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "talking")
    expect(first.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    first.keyboard.press("F10")
    wait(lambda: first.evaluate("softphone.isHere"))
    wait(lambda: not second.evaluate("softphone.isHere"))
    expect(first.locator("#desk-card")).to_have_attribute("data-state", "talking")
    wait(lambda: len(joined(town)) == 1)


def test_a_telephone_that_has_lost_the_carrier_says_so_and_comes_back(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    state, key = desk.locator("#softphone-state"), desk.locator("#key-answer")
    expect(state).to_have_attribute("data-state", "ready")
    expect(key.locator(".when-deaf")).to_be_hidden()
    town.stop_carrier()
    expect(state).to_contain_text("a perdu le réseau", timeout=20_000)
    expect(key.locator(".when-deaf")).to_be_visible()
    town.start_carrier()
    expect(state).to_have_attribute("data-state", "ready", timeout=30_000)
    town.dial()
    answer(desk)


def test_without_a_microphone_nothing_is_taken(town: Town) -> None:
    open_tilleuls(town)
    town.account("ines", "Inès Haddad", Role.OPERATOR, endpoint="client:ines")
    desk = town.sign_in("ines")
    library = httpx.get(f"{town.carrier_url}/sdk/voice-sdk.js").text + NEEDS_MICROPHONE
    desk.route("**/sdk/voice-sdk.js", lambda route: route.fulfill(body=library, content_type="text/javascript"))
    desk.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => {"
        " if (!window.plugged) throw new DOMException('none', 'NotFoundError');"
        " return new MediaStream(); };"
    )
    desk.reload()
    desk.keyboard.press("F9")
    expect(desk.locator("#softphone-state")).to_contain_text("Pas de micro.")
    town.dial()
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    expect(desk.locator("#key-answer button")).to_have_attribute("aria-disabled", "true")
    desk.keyboard.press("F2")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    assert addresses(town) == []
    desk.evaluate("window.plugged = true")
    expect(desk.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    answer(desk)


NEEDS_MICROPHONE = """
Twilio.Device = class extends Twilio.Device {
  audio = { incoming() {}, outgoing() {}, disconnect() {} };
};
"""


def rung_by_nobody_known(town: Town, identity: str) -> str:
    """Somebody with the account's password rings her browser, though the desk asked for nothing; what became of it."""
    calls = f"{town.carrier_url}/2010-04-01/Accounts/{SID}/Calls"
    order = {"To": f"client:{identity}", "From": PATIENT, "Twiml": "<Response><Pause length='60'/></Response>"}
    sid = httpx.post(f"{calls}.json", auth=(SID, TOKEN), data=order).raise_for_status().json()["sid"]

    def status() -> str:
        return str(httpx.get(f"{calls}/{sid}.json", auth=(SID, TOKEN)).json()["status"])

    wait(lambda: status() not in {"queued", "ringing"})
    return status()


def phone(town: Town, number: str, **particulars: Any) -> None:
    """A telephone at the carrier, and what it does when it rings."""
    httpx.put(f"{town.carrier_url}/network/phones/{number}", json=particulars).raise_for_status()


def view(town: Town, number: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/phones/{number}").json()
    return found


def ringing(town: Town, number: str) -> bool:
    return bool(view(town, number)["state"] == "ringing")


def heard_on(town: Town, number: str) -> list[str]:
    return [line["text"] for line in view(town, number)["transcript"]]


def heard_by(town: Town, sid: str) -> list[str]:
    call = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return [line["text"] for line in call["heard"]]


def together(town: Town, sid: str) -> bool:
    """Whether the caller is in a room with somebody."""
    return httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()["with"] != []


def said(town: Town, address: str, words: str) -> None:
    wait(lambda: words in heard_on(town, address))


def addresses(town: Town) -> list[str]:
    """The operators' telephones that were rung."""
    with town.database.reading(ALL) as session:
        return list(session.scalars(select(Leg.address).where(Leg.role == "operator").order_by(Leg.id)))


def joined(town: Town) -> list[str]:
    """The operators' telephones that are in a call."""
    with town.database.reading(ALL) as session:
        there = select(Leg.address).where(Leg.role == "operator", Leg.status == "joined")
        return list(session.scalars(there.order_by(Leg.id)))


def wait(until: Callable[[], object], *, seconds: float = 15) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
