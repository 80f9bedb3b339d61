"""The imaginary patients ring: each is a thread that uses a telephone of the stand-in carrier over its HTTP."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import httpx

from callcenter.demo.people import Caller

_LISTEN_EVERY = 0.35  # seconds between two listenings
_LONGEST_CALL = 600.0  # seconds: whatever happens, nobody holds a line for ever


@dataclass
class Fates:
    """What became of the calls; shared by the threads, counted under a lock."""

    placed: int = 0
    answered: int = 0
    abandoned: int = 0
    failed: int = 0
    waited: list[float] = field(default_factory=list)  # seconds from dialling to a person's voice or arrival
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settled(self) -> int:
        """How many calls have ended one way or another."""
        return self.answered + self.abandoned + self.failed


class Patients:
    """Lets patients ring at a mean rate until told to stop."""

    def __init__(self, carrier_url: str, next_caller: Callable[[], Caller], *, every: float, random: Random) -> None:
        self._carrier_url = carrier_url
        self._next_caller = next_caller
        self._every = every  # mean seconds between two calls
        self._random = random
        self._stop = threading.Event()
        self._leave = threading.Event()
        self._threads: list[threading.Thread] = []
        self.fates = Fates()

    def start(self) -> None:
        """Begin; the first patient rings within two seconds."""
        ringing = threading.Thread(target=self._ring_on, name="patients", daemon=True)
        ringing.start()

    def stop_ringing(self) -> None:
        """Nobody new rings; those on the line go on."""
        self._stop.set()

    def hang_up(self, *, timeout: float) -> None:
        """Everybody leaves the line, and the product hears of it, in ``timeout`` seconds at most.

        A call that outlives its carrier would wait in the queue of the next start, with nobody at the other end.
        """
        self.stop_ringing()
        self._leave.set()
        self.wait_settled(timeout)

    def wait_settled(self, timeout: float) -> bool:
        """Wait, at most ``timeout`` seconds, until every call placed has ended."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            with self.fates.lock:
                if self.fates.settled >= self.fates.placed:
                    return True
            time.sleep(0.1)
        return False

    def _ring_on(self) -> None:
        pause = self._random.uniform(0.5, 2.0)
        while not self._stop.wait(pause):
            caller = self._next_caller()
            threading.Thread(target=self._call, args=(caller,), name="patient", daemon=True).start()
            # Calls come by chance, not in step: the pauses of a Poisson process, without its longest silences.
            pause = min(self._random.expovariate(1 / self._every), 3 * self._every)

    def _call(self, caller: Caller) -> None:
        fates = self.fates
        with fates.lock:
            fates.placed += 1
        try:
            with httpx.Client(base_url=self._carrier_url, timeout=20) as http:
                fate, waited = _live_through(http, caller, self._leave)
        except httpx.HTTPError:
            fate, waited = "failed", None
        with fates.lock:
            setattr(fates, fate, getattr(fates, fate) + 1)
            if waited is not None:
                fates.waited.append(waited)


def _live_through(http: httpx.Client, caller: Caller, leave: threading.Event) -> tuple[str, float | None]:
    """One call from dialling to hanging up: how it ended, and how long the wait for a person was."""
    began = time.monotonic()
    shown = caller.phone if caller.shows_number else "anonymous"
    placed = http.post("/network/calls", json={"from": shown, "to": caller.line.number})
    placed.raise_for_status()
    sid = placed.json()["sid"]
    waited: float | None = None
    heard = 0
    while time.monotonic() - began < _LONGEST_CALL and not leave.is_set():
        call = http.get(f"/network/calls/{sid}").raise_for_status().json()
        if call["status"] in {"completed", "failed", "busy", "no-answer", "canceled"}:
            break
        others = [label for label in call["with"] if label.startswith("operator")]
        if others and waited is None:
            waited = time.monotonic() - began
            _say(http, sid, caller.greet())
        if waited is None and time.monotonic() - began > caller.patience_for:
            break
        for line in call["heard"][heard:]:
            if waited is not None and line["who"].startswith(("operator", "client:")):
                time.sleep(0.4)
                reply = caller.answer(line["text"])
                if reply is not None:
                    _say(http, sid, reply)
                if caller.hears_farewell(line["text"]):
                    http.post(f"/network/calls/{sid}/hangup")
        heard = len(call["heard"])
        leave.wait(_LISTEN_EVERY)
    with contextlib.suppress(httpx.HTTPError):
        http.post(f"/network/calls/{sid}/hangup")
    return ("answered" if waited is not None else "abandoned"), waited


def _say(http: httpx.Client, sid: str, text: str) -> None:
    """Speak; whoever has hung up meanwhile simply does not hear it."""
    http.post(f"/network/calls/{sid}/say", json={"text": text})
