"""``callcenter bench agenda``: how fast free time is found, booked, moved and shown, beside floors in the same run.

Rounds of what is measured and of its floor alternate. The product answers in a process of its own; what needs no HTTP
is measured in this one.
"""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from callcenter.agenda.finding.free_times import list_starts
from callcenter.agenda.finding.openings import read_schedules
from callcenter.agenda.models import ServiceType
from callcenter.agenda.rules.offering import Question, VisitRule, free_starts
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.moving import move_appointment
from callcenter.bench.agenda_data import ALL, Agendas, Size, seed_agendas
from callcenter.bench.agenda_week import Week
from callcenter.bench.figures import machine, timed_row
from callcenter.bench.product import DATABASES, HOST, Product, empty_database
from callcenter.bench.routes import ASKED
from callcenter.core.audit import record_act
from callcenter.core.clock import SystemClock
from callcenter.core.db import Database
from callcenter.core.errors import StartRefused
from callcenter.core.migrate import upgrade

WRITERS = 8
PAUSE = 0.2  # s between two acts of a writer: 40 a second, more than a country's operators write in its busiest hour
_YEAR = 365

Say = Callable[[str], None]


def run(
    *,
    databases: Sequence[str] = DATABASES,
    rounds: int = 5,
    requests: int = 100,
    writes: int = 10,
    size: Size | None = None,
    say: Say = lambda _line: None,
) -> dict[str, Any]:
    """Measure, and give the report: ``rounds`` of ``requests`` for each question, of ``writes`` for each writer."""
    rows: list[dict[str, Any]] = []
    about = machine()
    at = SystemClock().now()
    for name in databases:
        with empty_database(name, about) as (folder, url):
            upgrade(url)
            with contextlib.closing(Database(url)) as database:
                say(f"{name}: filling the agendas")
                agendas = seed_agendas(database, at=at, size=size or Size())
                if name == databases[0]:
                    rows.append(_engine(database, agendas, rounds, at=at))
                    rows.append(_week(database, agendas, rounds, at=at))
                say(f"{name}: over HTTP")
                rows += _over_http(folder, url, name, agendas, rounds, requests)
                say(f"{name}: {WRITERS} writers")
                for writers, pause in ((1, 0.0), (WRITERS, PAUSE), (WRITERS, 0.0)):
                    rows += _writing(database, name, agendas, rounds, writers, writes, pause=pause, at=at)
    return {"bench": "agenda", "machine": about, "rounds": rounds, "requests": requests, "rows": rows}


def _engine(database: Database, agendas: Agendas, rounds: int, *, at: datetime) -> dict[str, Any]:
    """A year of one practitioner, all read: beside a comprehension over the same grid and a set of what is taken."""
    with database.reading(ALL) as session:
        last_day = agendas.monday + timedelta(days=_YEAR - 1)
        [one] = read_schedules(session, agendas.ten.practitioners[:1], first_day=agendas.monday, last_day=last_day)
    visit = VisitRule(service_type_id=agendas.ten.type_id, duration=900)
    question = Question(Channel.PHONE, int(at.timestamp()))
    taken = {start for begin, end in one.busy for start in range(begin, end, 900)}

    def plainly() -> list[int]:
        return [s for open_ in one.opened for s in range(open_.begin, open_.end, 900) if s not in taken]

    def find() -> list[int]:
        return free_starts(one.opened, one.busy, visit, question, zone=one.zone, apart=900)

    return timed_row("engine, 365 days", "-", 1, *_alternately(find, plainly, rounds, 20))


def _week(database: Database, agendas: Agendas, rounds: int, *, at: datetime) -> dict[str, Any]:
    """The columns of the week, warm: beside the same appointments formatted anew by f-strings."""
    week = Week(database, agendas, at=at)
    name = f"week of {len(week.lines)} appointments, warm"
    return timed_row(name, "-", 1, *_alternately(week.from_memory, week.by_f_strings, rounds, 10))


def _over_http(folder: Path, url: str, name: str, agendas: Agendas, rounds: int, requests: int) -> list[dict[str, Any]]:
    ten, group = agendas.ten, agendas.group
    anybody = f"/agenda/free?practice={group.practice_id}&type={group.type_id}"
    free = f"/agenda/free?practice={ten.practice_id}&type={ten.type_id}&first={agendas.monday}"
    questions = {f"first free with any of {len(group.practitioners):,}": anybody}
    for days in (90, _YEAR):
        last_day = agendas.monday + timedelta(days=days - 1)
        questions[f"free, {days} days"] = f"{free}&last={last_day}&practitioner={ten.practitioners[0]}"
    found = []
    with contextlib.closing(Product(folder, url)) as product:
        for title, path in questions.items():
            measured, floor = [], []
            _ask(product.port, path, agendas.tokens[0], 3, '"starts":[')
            for _ in range(rounds):
                floor.append(_ask(product.port, ASKED, agendas.tokens[0], requests, "{}"))
                measured.append(_ask(product.port, path, agendas.tokens[0], requests, '"starts":['))
            found.append(timed_row(f"{title}, HTTP", name, 1, measured, floor))
    return found


def _ask(port: int, path: str, token: str, times: int, expected: str) -> list[float]:
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: callcenter_session={token}\r\n\r\n".encode()
    load = subprocess.run(
        [sys.executable, "-m", "callcenter.bench.load", HOST, str(port), "1", expected],
        input=(b"%d\n" % len(request) + request) * times,
        capture_output=True,
        check=False,
    )
    if load.returncode != 0:
        raise StartRefused(load.stderr.decode(errors="replace").strip()[-2000:])
    took: list[float] = json.loads(load.stdout)["seconds"]
    return took


def _writing(
    database: Database,
    name: str,
    agendas: Agendas,
    rounds: int,
    writers: int,
    writes: int,
    *,
    pause: float,
    at: datetime,
) -> list[dict[str, Any]]:
    """Units of work without HTTP, each writer in the agenda of another practitioner; beside one row and its commit.

    ``pause``: seconds between two acts of a writer, on average.
    """
    ten = agendas.ten
    starts: dict[int, list[int]] = {}
    with database.reading(ALL) as session:
        kind = session.get_one(ServiceType, ten.type_id)
        last_day = agendas.monday + timedelta(days=_YEAR - 1)
        for one in ten.practitioners[:writers]:
            starts[one] = list_starts(session, one, kind, first_day=agendas.monday, last_day=last_day, at=at)
    booked: dict[int, list[int]] = {one: [] for one in starts}

    def book(whose: int, number: int) -> None:
        with database.unit_of_work(ALL) as session:
            made = book_appointment(
                session,
                practice_id=ten.practice_id,
                practitioner_id=whose,
                patient_id=ten.patients[number % len(ten.patients)],
                service_type_id=ten.type_id,
                start=starts[whose].pop(),
                call_id=None,
                staff_id=None,
                request_key=f"bench-{writers}-{pause}-{whose}-{number}",
                at=at,
            )
            booked[whose].append(made.id)

    def move(whose: int, number: int) -> None:
        with database.unit_of_work(ALL) as session:
            move_appointment(
                session,
                booked[whose].pop(),
                practitioner_id=whose,
                start=starts[whose].pop(),
                staff_id=None,
                request_key=f"bench-move-{writers}-{pause}-{whose}-{number}",
                at=at,
            )

    def write_a_row(whose: int, number: int) -> None:
        with database.unit_of_work(ALL) as session:
            record_act(session, "bench", f"{whose} {number}", at=at, staff_id=None, practice_id=ten.practice_id)

    found: dict[str, list[list[float]]] = {"book": [], "move": [], "floor": []}
    for each in range(rounds):
        for title, act in (("floor", write_a_row), ("book", book), ("move", move)):
            found[title].append(_at_once(act, list(starts), writes, each, pause=pause))
    pace = f", {round(writers / pause)} a second" if pause else ""
    return [timed_row(f"{title}{pace}", name, writers, found[title], found["floor"]) for title in ("book", "move")]


def _at_once(
    act: Callable[[int, int], None], whose: Sequence[int], times: int, round_: int, *, pause: float
) -> list[float]:
    """Every writer one act after the other, all writers at once; seconds each act took, the pauses left out."""
    took: list[float] = []
    faults: list[BaseException] = []

    def write(practitioner_id: int) -> None:
        try:
            chance = random.Random(practitioner_id)
            for number in range(round_ * times, (round_ + 1) * times):
                time.sleep(chance.uniform(0, 2 * pause))  # they come as people do, not in step
                took.append(_seconds(partial(act, practitioner_id, number)))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(one,)) for one in whose]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if faults:
        raise StartRefused(f"A writer was refused: {faults[0]!r}")
    return took


def _alternately(
    measured: Callable[[], object], floor: Callable[[], object], rounds: int, times: int
) -> tuple[list[list[float]], list[list[float]]]:
    for act in (measured, floor):
        act()
    both: tuple[list[list[float]], list[list[float]]] = ([], [])
    for _ in range(rounds):
        for act, found in zip((floor, measured), (both[1], both[0]), strict=True):
            found.append([_seconds(act) for _ in range(times)])
    return both


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
