"""Simulated operators: real sessions over HTTP that read the desk's pages and press its buttons.

Each is two threads: one listens to the live stream as a browser does, the other works through the calls. She hears the
patient, and speaks, through her telephone at the stand-in carrier.
"""

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random

import httpx

from callcenter.demo.reading import Form, Page

_HEARTBEAT_EVERY = 4.0  # seconds; the lease lasts 15
_ANSWER_WITHIN = 15.0  # how long she waits for the patient's words


class Operator:
    """One simulated operator, signed in and available until stopped."""

    def __init__(
        self,
        *,
        product_url: str,
        carrier_url: str,
        login: str,
        password: str,
        endpoint: str,
        clock_offset: timedelta,
        random: Random,
    ) -> None:
        self._product = httpx.Client(base_url=product_url, timeout=20, headers={"HX-Request": "true"})
        self._carrier = httpx.Client(base_url=carrier_url, timeout=20)
        self._login, self._password, self._endpoint = login, password, endpoint
        self._clock_offset = clock_offset  # the network lives in the installation's time
        self._random = random
        self._news = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.screen_pops_ms: dict[str, float] = {}  # by the carrier's name of the call
        self.booked = 0
        self.errors: list[str] = []

    def start(self) -> None:
        """Sign in with a telephone at the carrier, which answers by itself; become available, work."""
        self._carrier.put(f"/network/phones/{self._endpoint}", json={"answers": "auto", "after_seconds": 0.2})
        self._post("/sign-in", {"login": self._login, "password": self._password})
        for name, work in (("listen", self._listen), ("beat", self._beat), ("work", self._work)):
            thread = threading.Thread(target=work, name=f"{self._login} {name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the call in hand, then leave."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            thread.join(timeout=30)
        self._product.close()
        self._carrier.close()

    def _listen(self) -> None:
        """Hear the live stream; every signal is a reason to look at the card again."""
        while not self._stop.is_set():
            try:
                with self._product.stream("GET", "/live", timeout=httpx.Timeout(5, read=20)) as stream:
                    for line in stream.iter_lines():
                        if line.startswith("data"):
                            self._news.set()
                        if self._stop.is_set():
                            return
            except httpx.HTTPError:
                self._stop.wait(0.5)

    def _beat(self) -> None:
        while True:
            self._post("/agent/heartbeat", {})
            if self._stop.wait(_HEARTBEAT_EVERY):
                return

    def _work(self) -> None:
        self._post("/agent/availability", {})
        while not self._stop.is_set():
            # A signal may be missed while a page is read, so she also looks by herself now and then.
            self._news.wait(timeout=2)
            self._news.clear()
            try:
                self._look()
            except (httpx.HTTPError, _Lost) as error:
                self.errors.append(f"{self._login}: {error}")

    def _look(self) -> None:
        card = self._card()
        seen_at = datetime.now(UTC) + self._clock_offset
        state, call_id = _state(card), _call_id(card)
        if state == "ringing":
            self._note_screen_pop(card, seen_at)
            accept = self._read("/desk/keys").form("/acceptance")
            if accept is None:
                return
            self._post(accept.action, accept.fields)
            self._handle(call_id)
        elif state == "wrap_up":
            self._qualify(call_id)
        elif state in {"talking", "connecting", "hold"}:
            self._handle(call_id)

    def _handle(self, call_id: str) -> None:
        """The conversation from her greeting to the disposition."""
        card = self._until_talking(call_id)
        if card is None:
            return
        self._say("Bonjour, secrétariat médical. Quel est votre nom ?")
        name = self._hear(r"m’appelle (.+?)\.")
        if name is not None:
            given, _, family = name.partition(" ")
            self._say("Quelle est votre date de naissance ?")
            birth_on = self._hear(r"(\d\d/\d\d/\d{4})") or ""
            self._post(f"/calls/{call_id}/words", {"words": self._words()})
            if self._identify(call_id, family, given, birth_on):
                self._book(call_id)
        self._say("C’est noté, bonne journée, au revoir.")
        self._stop.wait(0.8)
        if _state(self._card()) in {"talking", "connecting", "hold"}:
            self._post(f"/calls/{call_id}/hang-up", {})
        self._qualify(call_id)

    def _until_talking(self, call_id: str) -> Page | None:
        until = time.monotonic() + _ANSWER_WITHIN
        while time.monotonic() < until:
            card = self._card()
            if _call_id(card) != call_id or _state(card) == "wrap_up":
                return None
            if _state(card) == "talking":
                return card
            self._stop.wait(0.15)
        raise _Lost(f"her telephone did not join call {call_id}")

    def _identify(self, call_id: str, family: str, given: str, birth_on: str) -> bool:
        """Find the patient by name, else add a new one."""
        found = self._answer(f"/calls/{call_id}/patient-search", {"text": f"{family} {given}"})
        choice = found.form(f"/calls/{call_id}/patient")
        if choice is not None and choice.fields.get("patient_id"):
            return self._post(choice.action, choice.fields).is_success
        new = self._card().form(f"/calls/{call_id}/patients")
        fields = {**(new.fields if new else {}), "family_name": family, "given_name": given, "birth_on": birth_on}
        fields.setdefault("title", "")
        if not fields.get("phone"):
            self._say("À quel numéro de portable peut-on vous joindre ?")
            fields["phone"] = self._hear(r"((?:\d\d ){4}\d\d)") or ""
        return self._post(f"/calls/{call_id}/patients", fields).is_success

    def _book(self, call_id: str) -> None:
        """Offer one of the first free times; when a colleague was faster, the next."""
        for _attempt in range(5):
            booking = self._free_time(call_id)
            if booking is None:
                return
            self._say("Je vous propose ce moment, cela vous convient ?")
            self._hear(r"(Oui)")
            answer = self._post(booking.action, booking.fields)
            if answer.is_success:
                self.booked += 1
                return
            if answer.status_code != 409:
                raise _Lost(f"booking was refused with {answer.status_code}")

    def _free_time(self, call_id: str) -> Form | None:
        """The booking form that opens on one of the free times shown."""
        free = [address for address in self._read("/desk/agenda").addresses if "start=" in address]
        return self._read(self._random.choice(free[:8])).form(f"/calls/{call_id}/appointments") if free else None

    def _qualify(self, call_id: str) -> None:
        """End the wrap-up with the disposition that the desk thinks likely."""
        until = time.monotonic() + _ANSWER_WITHIN
        while time.monotonic() < until:
            card = self._card()
            if _call_id(card) != call_id:
                return
            wrap_up = card.form(f"/calls/{call_id}/disposition")
            if wrap_up is not None:
                self._stop.wait(0.3)
                self._post(wrap_up.action, {"code": wrap_up.fields.get("code", "information")})
                return
            self._stop.wait(0.2)
        raise _Lost(f"call {call_id} never came to its wrap-up")

    def _note_screen_pop(self, card: Page, seen_at: datetime) -> None:
        """How long after the carrier placed the call its card was here."""
        call = card.element("desk-card")
        sid = call.attributes.get("data-sid", "") if call else ""
        view = self._carrier.get(f"/network/calls/{sid}")
        if view.is_success:
            posted_at = datetime.fromisoformat(view.json()["created_at"])
            self.screen_pops_ms[sid] = (seen_at - posted_at).total_seconds() * 1000

    def _say(self, text: str) -> None:
        self._carrier.post(f"/network/phones/{self._endpoint}/say", json={"text": text})

    def _hear(self, pattern: str) -> str | None:
        """The newest words of the patient that fit, waited for; None when they do not come."""
        until = time.monotonic() + _ANSWER_WITHIN
        while time.monotonic() < until:
            for line in reversed(self._transcript()):
                if line["who"] != "me" and (fits := re.search(pattern, line["text"])):
                    return fits.group(1)
            if self._stop.wait(0.2):
                return None
        return None

    def _words(self) -> str:
        """What the patient said first, as said."""
        return next((line["text"] for line in self._transcript() if line["who"] == "patient"), "")

    def _transcript(self) -> list[dict[str, str]]:
        phone = self._carrier.get(f"/network/phones/{self._endpoint}")
        call = phone.json().get("call") if phone.is_success else None
        lines: list[dict[str, str]] = call["heard"] if call else []
        return lines

    def _card(self) -> Page:
        return self._read("/desk/card")

    def _read(self, path: str) -> Page:
        answer = self._product.get(path)
        self._note_fault(answer)
        return Page(answer.text)

    def _answer(self, path: str, fields: dict[str, str]) -> Page:
        return Page(self._post(path, fields).text)

    def _post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        answer = self._product.post(path, data=fields)
        self._note_fault(answer)
        return answer

    def _note_fault(self, answer: httpx.Response) -> None:
        if answer.status_code >= 500:
            self.errors.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")


class _Lost(Exception):
    """The desk did not come to where the work should have led."""


def _state(card: Page) -> str:
    element = card.element("desk-card")
    return element.attributes.get("data-state", "") if element else ""


def _call_id(card: Page) -> str:
    element = card.element("desk-card")
    return element.attributes.get("data-call", "") if element else ""
