"""``callcenter demo``: everything on one machine, with patients who ring."""

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx

from callcenter.core.phone import parse_number
from callcenter.demo.centre import (
    OPERATORS,
    SILENT_EMERGENCY_LINE,
    answered_lines,
    emergency_lines,
    known_people,
    lines,
)
from callcenter.demo.installation import OFFICE_ZONE, Installation, forget, open_installation
from callcenter.demo.messages import CODE
from callcenter.demo.operators import Operator
from callcenter.demo.patients import Patients
from callcenter.demo.people import Caller, caller_of, next_caller
from callcenter.demo.report import Report, make_report
from callcenter.demo.transfers import telephones
from callcenter.local.processes import Process, free_port, refuse_taken_port

_HINT = "camille, ines : opératrices ; sofia : superviseure ; lemoine, arnaud : médecins ; admin. Mot de passe : demo"
_LEAVE_WITHIN = 3.0  # seconds for the patients to hang up when the demonstration stops
_LAST_NEWS = 0.6  # seconds for the carrier to tell the product so
_PASSWORD = "demo"  # noqa: S105  # of imaginary accounts, printed at every start


@dataclass(frozen=True, slots=True)
class Pace:
    """How busy a demonstration is."""

    every: float  # mean seconds between two calls
    patience: tuple[float, float]  # seconds a caller waits
    simulated_operators: int


BY_HAND = Pace(every=40, patience=(45, 150), simulated_operators=0)
HEADLESS = Pace(every=3.2, patience=(60, 120), simulated_operators=5)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the two processes listen."""

    host: str
    port: int
    carrier_port: int
    smtp_port: int  # between the two alone: whichever is free

    @property
    def product(self) -> str:
        """The product's address."""
        return f"http://{self.host}:{self.port}"

    @property
    def carrier(self) -> str:
        """The stand-in carrier's address."""
        return f"http://{self.host}:{self.carrier_port}"


def run_by_hand(
    folder: Path, *, host: str, port: int, carrier_port: int, reset: bool, say: Callable[[str], None]
) -> None:
    """The demonstration for people: runs until Ctrl-C. Raises ``StartRefused`` when it cannot start."""
    addresses = Addresses(host, port, carrier_port, free_port("127.0.0.1"))
    for taken in (port, carrier_port):
        refuse_taken_port(host, taken)
    if reset:
        forget(folder)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    installation = open_installation(folder, machine_now=datetime.now(UTC))
    _furnish(installation)
    processes = _start(installation, addresses)
    patients = _patients(addresses, BY_HAND, seed=None)
    try:
        patients.start()
        say(_welcome(installation, addresses))
        while not stop.wait(0.5):
            ended = next((process for process in processes if process.has_ended), None)
            if ended is not None:
                say(f"The {ended.name} has stopped; its last words are in {ended.log_file}.")
                sys.exit(1)
        patients.hang_up(timeout=_LEAVE_WITHIN)
        with contextlib.suppress(httpx.HTTPError):  # telephones that people took on the carrier's page
            httpx.post(f"{addresses.carrier}/network/hangup", timeout=_LEAVE_WITHIN)
        time.sleep(_LAST_NEWS)
    finally:
        patients.stop_ringing()
        for process in reversed(processes):
            process.stop()
    say("Stopped. The data is kept; `make demo` goes on with it, `make demo-reset` starts over.")


def run_headless(folder: Path, *, seconds: float, host: str, seed: int) -> Report:
    """A fresh demonstration with simulated operators for that long, then what it amounts to."""
    addresses = Addresses(host, free_port(host), free_port(host), free_port("127.0.0.1"))
    forget(folder)
    installation = open_installation(folder, machine_now=datetime.now(UTC))
    _furnish(installation)
    processes = _start(installation, addresses)
    patients = _patients(addresses, HEADLESS, seed=seed)
    operators = [
        Operator(
            product_url=addresses.product,
            carrier_url=addresses.carrier,
            login=login,
            password=_PASSWORD,
            endpoint=f"client:{login}",
            clock_offset=installation.clock_offset,
            random=Random(seed + number),
        )
        for number, login in enumerate(OPERATORS[: HEADLESS.simulated_operators])
    ]
    try:
        for operator in operators:
            operator.start()
        until = time.monotonic() + seconds
        patients.start()
        time.sleep(max(0.0, until - time.monotonic()))
        patients.stop_ringing()
        patients.wait_settled(timeout=90)
        for operator in operators:
            operator.stop()
        _wait_for_texts(addresses)
        return make_report(
            folder / "callcenter.db", patients.fates, operators, [process.log_file for process in processes]
        )
    finally:
        patients.stop_ringing()
        for process in reversed(processes):
            process.stop()


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    return json.dumps(report.as_json(), indent=2)


def _furnish(installation: Installation) -> None:
    """Tables and data, at the first start and after each new migration; other starts skip the heavy imports."""
    if installation.is_furnished:
        return
    from callcenter.demo.seeding import fill_with_demo_data

    fill_with_demo_data(installation, machine_now=datetime.now(UTC))
    installation.note_furnished()


def _start(installation: Installation, addresses: Addresses) -> list[Process]:
    environment = installation.environment(
        host=addresses.host,
        port=addresses.port,
        carrier_port=addresses.carrier_port,
        smtp_port=addresses.smtp_port,
        hint=_HINT,
    )
    carrier = Process(
        "stand-in carrier",
        [
            *("carrier", "--host", addresses.host, "--port", str(addresses.carrier_port)),
            *("--smtp-port", str(addresses.smtp_port)),
            *("--voice-url", f"{addresses.product}/twilio/voice"),
            *("--voice-status-url", f"{addresses.product}/twilio/call-status"),
        ],
        environment,
        installation.folder / "carrier.log",
    )
    product = Process("product", ["serve"], environment, installation.folder / "product.log")
    try:
        carrier.wait_answering(f"{addresses.carrier}/network/state")
        product.wait_answering(f"{addresses.product}/healthz")
    except BaseException:
        carrier.stop()
        product.stop()
        raise
    _furnish_network(addresses)
    return [carrier, product]


def _furnish_network(addresses: Addresses) -> None:
    """Tell the network which numbers the practices have, and that the emergency lines answer."""
    with httpx.Client(base_url=addresses.carrier, timeout=10) as http:
        for line, label in lines():
            http.put(f"/network/numbers/{line.number}", json={"label": label}).raise_for_status()
        for number, label in emergency_lines():
            says = [f"{label.split(',')[0]}, j’écoute. Quelle est l’adresse ?"]
            http.put(
                f"/network/phones/{number}",
                json={"answers": "auto", "after_seconds": 4, "says": says, "name": label},
            ).raise_for_status()
        for number, telephone in telephones().items():
            http.put(f"/network/phones/{number}", json=telephone).raise_for_status()
        # Rings unheard: whoever wants may pick it up on the carrier's page.
        silent = parse_number(SILENT_EMERGENCY_LINE)
        http.put(f"/network/phones/{silent}", json={"answers": "person"}).raise_for_status()


def _patients(addresses: Addresses, pace: Pace, *, seed: int | None) -> Patients:
    random = Random(seed)
    reachable = answered_lines()
    known = known_people()
    # The first who rings shares her number with her husband: a newcomer sees at once that nobody is assumed.
    first = [caller_of(random, known[0], patience=pace.patience)]

    def ring() -> Caller:
        return first.pop() if first else next_caller(random, reachable, known, patience=pace.patience)

    return Patients(
        addresses.carrier,
        ring,
        every=pace.every,
        random=random,
    )


def _wait_for_texts(addresses: Addresses) -> None:
    """Until the carrier has nothing left to deliver, at most half a minute."""
    for _second in range(60):
        messages = httpx.get(f"{addresses.carrier}/network/state", timeout=10).json()["messages"]
        time.sleep(0.5)
        again = httpx.get(f"{addresses.carrier}/network/state", timeout=10).json()["messages"]
        if messages == again and set(again) <= {"delivered", "undelivered", "failed"} and _second > 12:
            return


def _welcome(installation: Installation, addresses: Addresses) -> str:
    there = (datetime.now(UTC) + installation.clock_offset).astimezone(OFFICE_ZONE)
    return f"""
  The centre is open:    {addresses.product}
  The telephone network: {addresses.carrier}   (ring a practice yourself)
  What was sent:         {addresses.carrier}/messages   (texts)   {addresses.carrier}/mails   (e-mails)

  Its clock: {there:%A %d %B %Y, %H:%M} in Paris; the screens say so.

  Accounts, password "demo":
    camille, ines   operators: sign in, press F9 to be available; a patient rings within seconds
    sofia           supervisor: who waits, who talks, what failed
    lemoine, arnaud doctors: their day, week, messages and turns on call, made for a telephone's screen
                    (behind the short address in a text: code {CODE})
    admin           administrator: practices, hours, patients, staff

  To see: sign in as camille, F9, then F2 answers in the browser. The patient's words are in "Your telephone"
  at the left; ask for the name. L takes the first free time, Enter books, the text goes out.

  Ctrl-C stops everything. Logs: {installation.folder}
"""
