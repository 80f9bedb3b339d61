"""The headset's page in a real browser: what is said last stays in sight, and who is on hold is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from callcenter.carrier.clock import RealClock
from tests.carrier.running import PATIENT, PRACTICE, WAITING_ROOM, Running
from tests.carrier.test_sdk import until

AT_FOOT = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 4"


def test_the_words_follow_also_in_a_lower_window_until_their_reader_looks_back(
    start: Callable[..., Running], browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    carrier = start(RealClock(), ring_after=0.05)
    carrier.product.documents |= {"voice": WAITING_ROOM, "waiting": "<Response><Pause length='60'/></Response>"}
    patient = carrier.http.post("/network/calls", json={"from": PATIENT, "to": PRACTICE}).json()["sid"]
    until(lambda: carrier.call(patient)["in_conference"])
    [found] = carrier.twilio.conferences.list(friendly_name=f"room-{patient}")
    room = carrier.twilio.conferences(str(found.sid))
    room.participants.create(from_=PRACTICE, to="client:ines", label="operator-1")
    context = browser.new_context(**browser_context_args | {"viewport": {"width": 280, "height": 400}})
    page = context.new_page()
    page.goto(f"{carrier.base}/handsets/ines")
    talk = page.locator(".talk")
    expect(page.locator("#who")).to_have_text("Patient")

    def say(text: str) -> None:
        carrier.http.post(f"/network/calls/{patient}/say", json={"text": text}).raise_for_status()
        expect(talk).to_contain_text(text)

    say("Bonjour. Je voudrais un rendez-vous avec le docteur, s’il vous plaît, plutôt dans la matinée.")
    # Beside the emergency card the page is hardly higher than a few lines.
    page.set_viewport_size({"width": 280, "height": 160})
    say("Mon mari est tombé, il ne répond plus.")
    assert talk.evaluate(AT_FOOT)
    assert page.locator("form .input").evaluate("(field) => field.getBoundingClientRect().bottom <= innerHeight")
    page.set_viewport_size({"width": 280, "height": 400})
    page.set_viewport_size({"width": 280, "height": 200})
    say("Nous sommes au troisième étage, le code de la porte est douze trente-quatre.")
    assert talk.evaluate(AT_FOOT)

    talk.evaluate("(list) => { list.scrollTop = 0; }")
    page.wait_for_timeout(100)
    say("Vous m’entendez ?")
    assert talk.evaluate("(list) => list.scrollTop") == 0

    room.participants("patient").update(hold=True)
    expect(page.locator("#who")).to_have_text("Patient (en garde)")
    context.close()
