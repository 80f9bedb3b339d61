"""A browser as a telephone: its passes, who rings, who takes a call, what is heard; the last part in a real browser."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from callcenter.carrier.clock import RealClock
from tests.carrier.running import LANDLINE, PATIENT, PRACTICE, SID, WAITING_ROOM, Running

KEY, SECRET = "SK" + "5e" * 16, "6" * 32
INES = "client:ines"


def token(identity: str = "ines", *, secret: str = SECRET, account: str = SID, key: str = KEY, ttl: int = 3600) -> str:
    made = AccessToken(account, key, secret, identity=identity, ttl=ttl)
    made.add_grant(VoiceGrant(incoming_allow=True))
    return str(made.to_jwt())


@pytest.fixture
def carrier(start: Callable[..., Running]) -> Running:
    """A carrier with a key, on the wall's clock: browsers live by that one."""
    running = start(RealClock(), api_key_sid=KEY, api_key_secret=SECRET, ring_after=0.05)
    running.product.documents["voice"] = WAITING_ROOM
    running.product.documents["waiting"] = "<Response><Pause length='60'/></Response>"
    return running


class Listener:
    """A browser, as far as the network sees one: it listens, and posts."""

    def __init__(self, carrier: Running, name: str, identity: str = "ines") -> None:
        self._http, self.name, self._token = carrier.http, name, token(identity)
        self.news: list[dict[str, str]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(carrier.base,), daemon=True)
        self._thread.start()
        until(lambda: self.heard("registered"))

    def _listen(self, base: str) -> None:
        with (
            httpx.Client(timeout=None) as http,  # a stream has no end
            http.stream("GET", f"{base}/sdk/devices/{self.name}", params={"token": self._token}) as stream,
        ):
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    self.news.append(json.loads(line.removeprefix("data: ")))
                if self._stop.is_set():
                    return

    def heard(self, event: str) -> bool:
        return any(one["event"] == event for one in self.news)

    def post(self, sid: str, what: str, **more: Any) -> httpx.Response:
        return self._http.post(
            f"/sdk/calls/{sid}/{what}",
            json={"device": self.name, **more},
            headers={"Authorization": f"Bearer {self._token}", "Origin": "http://desk.example"},
        )


def ring(carrier: Running, to: str = INES) -> str:
    """The product rings a telephone into the patient's room."""
    found = carrier.twilio.conferences("room").participants.create(from_=LANDLINE, to=to, label="operator-1")
    return str(found.call_sid)


def until(so: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def test_nobody_registered_is_no_answer(carrier: Running) -> None:
    sid = ring(carrier)
    until(lambda: carrier.call(sid)["status"] == "no-answer")


def test_a_telephone_that_is_put_there_still_answers(carrier: Running) -> None:
    carrier.http.put(f"/network/phones/{INES}", json={"answers": "auto"})
    sid = ring(carrier)
    until(lambda: carrier.call(sid)["status"] == "in-progress")


def test_without_a_key_a_headset_answers_by_itself(start: Callable[..., Running]) -> None:
    plain = start(RealClock())
    sid = ring(plain)
    until(lambda: plain.call(sid)["status"] == "in-progress")


def test_all_of_one_identity_ring_and_the_first_has_it(carrier: Running) -> None:
    first, second, other = Listener(carrier, "a"), Listener(carrier, "b"), Listener(carrier, "c", "lea")
    sid = ring(carrier)
    until(lambda: first.heard("incoming") and second.heard("incoming"))
    assert second.post(sid, "accept").status_code == 200
    until(lambda: first.heard("cancel"))
    assert first.post(sid, "accept").status_code == 409
    assert first.post(sid, "disconnect").status_code == 409
    assert other.post(sid, "disconnect").status_code == 404
    assert not other.heard("incoming")
    assert carrier.call(sid)["status"] == "in-progress"
    carrier.twilio.calls(sid).update(status="completed")
    until(lambda: second.heard("disconnect"))


def test_keys_are_read_and_what_is_muted_is_not_heard(carrier: Running) -> None:
    ines = Listener(carrier, "a")
    patient = carrier.http.post("/network/calls", json={"from": PATIENT, "to": PRACTICE}).json()["sid"]
    until(lambda: carrier.call(patient)["in_conference"])
    room = carrier.call(patient)["conference"]
    sid = str(carrier.twilio.conferences(room).participants.create(from_=LANDLINE, to=INES, label="ines").call_sid)
    until(lambda: ines.heard("incoming"))
    ines.post(sid, "accept")
    until(lambda: carrier.call(sid)["with"])
    assert ines.post(sid, "digits", digits="1w2#").status_code == 200
    assert "keys 12#" in [line["text"] for line in carrier.call(sid)["transcript"]]
    for muted, words in ((False, "Bonjour."), (True, "Entre nous."), (False, "Me revoilà.")):
        ines.post(sid, "mute", muted=muted)
        carrier.http.post(f"/network/calls/{sid}/say", json={"text": words})
    heard = [text for who, text in carrier.heard_by(patient) if who == "ines"]
    assert heard == ["Bonjour.", "Me revoilà."]


def test_a_refused_call_is_busy_and_a_gone_caller_stops_the_ringing(carrier: Running) -> None:
    ines = Listener(carrier, "a")
    refused = ring(carrier)
    until(lambda: ines.heard("incoming"))
    ines.post(refused, "reject")
    until(lambda: carrier.call(refused)["status"] == "busy")
    ines.news.clear()
    gone = ring(carrier)
    until(lambda: ines.heard("incoming"))
    carrier.twilio.calls(gone).update(status="completed")
    until(lambda: ines.heard("cancel"))


@pytest.mark.parametrize(
    "wrong",
    [
        token(secret="7" * 32),
        token(account="AC" + "9" * 32),
        token(key="SK" + "9" * 32),
        token(ttl=-5),
        token(identity="")[:-2],
        "a.b.c",
        "",
        "é.é.é",
    ],
)
def test_a_pass_that_is_not_good_registers_nobody(carrier: Running, wrong: str) -> None:
    answer = carrier.http.get("/sdk/devices/a", params={"token": wrong})
    assert answer.status_code == 401
    assert str(answer.json()["code"]).startswith("201")
    post = carrier.http.post("/sdk/devices/a/leaving", headers={"Authorization": "Bearer x.y.z"})
    assert post.status_code == 401


def test_any_site_may_ask(carrier: Running) -> None:
    asked = {"Origin": "http://desk.example", "Access-Control-Request-Method": "POST"}
    allowed = carrier.http.options(
        "/sdk/calls/x/accept", headers=asked | {"Access-Control-Request-Headers": "authorization"}
    )
    assert allowed.headers["access-control-allow-origin"] == "*"


@pytest.fixture
def page(carrier: Running, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """Somebody's page, on another address, with the library loaded as the real one is."""
    context = browser.new_context(**browser_context_args)
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda fault: faults.append(str(fault)))
    made.goto(f"{carrier.base}/")
    made.add_script_tag(url=f"{carrier.base}/sdk/voice-sdk.js")
    yield made
    assert faults == []
    context.close()


BEGIN = """
async (token) => {
  window.told = [];
  window.device = new Twilio.Device(token);
  for (const name of ["registering", "registered", "unregistered", "error", "destroyed", "incoming"]) {
    device.on(name, (what) => {
      told.push(name);
      if (name !== "incoming") return;
      window.call = what;
      for (const end of ["accept", "cancel", "disconnect", "reject", "mute"]) what.on(end, () => told.push(end));
    });
  }
  await device.register();
}
"""


def test_a_real_browser_answers_mutes_presses_keys_and_hangs_up(carrier: Running, page: Page) -> None:
    page.evaluate(BEGIN, token())
    assert (page.evaluate("device.state"), page.evaluate("device.identity")) == ("registered", "ines")
    sid = ring(carrier)
    page.wait_for_function("window.call")
    assert page.evaluate("[call.status(), call.parameters.CallSid, call.parameters.To]") == ["pending", sid, INES]
    page.evaluate("call.accept()")
    page.wait_for_function("call.status() === 'open'")
    until(lambda: carrier.call(sid)["status"] == "in-progress")
    page.evaluate("call.mute(true); call.sendDigits('42')")
    until(lambda: carrier.call(sid)["silent"])
    until(lambda: "keys 42" in [line["text"] for line in carrier.call(sid)["transcript"]])
    page.evaluate("call.disconnect()")
    until(lambda: carrier.call(sid)["status"] == "completed")
    told = page.evaluate("told")
    assert told == ["registering", "registered", "incoming", "accept", "mute", "disconnect"]
    page.evaluate("device.destroy()")
    assert page.evaluate("device.state") == "destroyed"
    nobody = ring(carrier)
    until(lambda: carrier.call(nobody)["status"] == "no-answer")


def test_a_page_that_goes_takes_its_call_with_it(carrier: Running, page: Page) -> None:
    page.evaluate(BEGIN, token())
    sid = ring(carrier)
    page.wait_for_function("window.call")
    page.evaluate("call.accept()")
    until(lambda: carrier.call(sid)["status"] == "in-progress")
    page.goto("about:blank")
    until(lambda: carrier.call(sid)["status"] == "completed")


def test_a_pass_is_asked_anew_before_its_end(carrier: Running, page: Page) -> None:
    page.evaluate(BEGIN, token(ttl=12))
    page.evaluate("device.on('tokenWillExpire', () => told.push('tokenWillExpire'))")
    page.wait_for_function("told.includes('tokenWillExpire')")
    page.evaluate("(fresh) => device.updateToken(fresh)", token())
    page.wait_for_function("told.filter((one) => one === 'registered').length === 2")
    ring(carrier)
    page.wait_for_function("window.call")


def test_the_stand_in_has_what_the_vendored_library_has(carrier: Running, page: Page) -> None:
    """Every method and event that the desk uses is one of the real library's."""
    members = """
    () => {
      const { Device, Call } = window.Twilio;
      const own = (type) => Object.getOwnPropertyNames(type.prototype);
      return [own(Device), own(Call)];
    }
    """
    ours = [set(names) for names in page.evaluate(members)]
    real = page.context.new_page()
    real.goto(f"{carrier.base}/")
    library = Path(__file__).parents[2] / "callcenter" / "web" / "static" / "vendor" / "twilio.min.js"
    real.add_script_tag(path=library)
    theirs = [set(names) for names in real.evaluate(members)]
    beside = {"forget", "post", "ended"}  # between our Device and its calls
    assert [mine - their - beside for mine, their in zip(ours, theirs, strict=True)] == [set(), set()]
