"""Eight processes write into one agenda by every way there is, and then its rows are read."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from statistics import median
from typing import Any

from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.drills.agenda_cast import put_on_stage
from callcenter.drills.agenda_ledger import Ledger
from callcenter.drills.verdict import Verdict

_TOLD = 12
"""At most so many of one kind of fault are told in full."""


def race(url: str, name: str, seed: int, *, attempts: int, processes: int = 8, kill: bool = False) -> Verdict:
    """``attempts`` in all on an empty database; with ``kill`` one of the processes is killed in the middle of it."""
    verdict = Verdict(f"races-{name}" + ("-killed" if kill else ""), faults=int(kill))
    upgrade(url)
    database = Database(url)
    try:
        cast = put_on_stage(database)
        racers = [_start() for _ in range(processes)]
        try:
            each = -(-attempts // processes)
            for number, racer in enumerate(racers):
                # Whoever is killed would never have come to an end.
                count = 1 << 30 if kill and number == processes - 1 else each
                asked = {"url": url, "cast": cast.as_dict(), "number": number, "seed": seed, "attempts": count}
                _say(racer, json.dumps(asked))
            for racer in racers:
                verdict.expect(_hear(racer) == "ready\n", "a process comes up")
            began = time.monotonic()
            for racer in racers:
                _say(racer, "")
            told = _listen(racers, kill=kill)
        finally:
            for racer in racers:
                racer.kill()
                racer.wait()
        _judge(verdict, told, processes - int(kill))
        verdict.figures["seconds"] = round(time.monotonic() - began, 1)
        ledger = Ledger(database.engine)
        faults = ledger.faults()
        for fault in faults[:_TOLD]:
            verdict.expect(False, fault)
        verdict.expect(len(faults) <= _TOLD, f"{len(faults)} rows do not agree")
        verdict.doubled = ledger.overlaps
        verdict.figures |= {
            "overlaps": ledger.overlaps,
            "appointments": len(ledger.rows["appointment"]),
            "standing": len(ledger.standing),
            "history": len(ledger.rows["appointment_event"]),
        }
    finally:
        database.close()
    return verdict


def _listen(racers: list[subprocess.Popen[str]], *, kill: bool) -> list[dict[str, Any]]:
    """What each process tells at its end; the killed one tells nothing."""
    killer = None
    if kill:
        killer = threading.Timer(2.0, racers[-1].kill)
        killer.start()
    told = [racer.communicate()[0] for racer in racers]
    if killer is not None:
        killer.cancel()
    found = []
    for one in told:
        with contextlib.suppress(json.JSONDecodeError):
            found.append(json.loads(one))
    return found


def _judge(verdict: Verdict, told: list[dict[str, Any]], expected: int) -> None:
    verdict.expect(len(told) == expected, f"{expected} processes come to their end ({len(told)} did)")
    outcomes: dict[str, Counter[str]] = {}
    for one in told:
        for way, counted in one["outcomes"].items():
            outcomes.setdefault(way, Counter()).update(counted)
    took = sorted(duration for one in told for duration in one["took"])
    shown = Counter(fault for one in told for fault in one["shown"])
    for fault, count in shown.most_common(_TOLD):
        verdict.expect(False, f"shown to somebody {count} times: {fault}")
    unhelped = sum(len(one["unhelped"]) for one in told)
    verdict.expect(unhelped == 0, f"{unhelped} losers were told fewer next times than there are")
    speechless = sum(counted["speechless"] for counted in outcomes.values())
    verdict.expect(speechless == 0, f"{speechless} refusals said nothing")
    for way, counted in outcomes.items():
        # A small race may never come to a place where somebody has come.
        verdict.expect(
            counted["done"] > 0 or counted.total() < 10 * len(told), f"nobody ever succeeds in {way}: {dict(counted)}"
        )
    total: Counter[str] = Counter()
    for counted in outcomes.values():
        total.update(counted)
    verdict.operations = total.total()
    verdict.figures |= {
        "processes": len(told),
        "attempts": total.total(),
        "done": total["done"],
        "times_taken": total["TimeTaken"],
        "helped_losers": sum(one["helped"] for one in told),
        "shown": sum(shown.values()),
        "median_ms": round(median(took), 1) if took else None,
        "p99_ms": round(took[int(len(took) * 0.99)], 1) if took else None,
        "slowest_ms": round(took[-1], 1) if took else None,
        "by_way": {way: dict(sorted(counted.items())) for way, counted in sorted(outcomes.items())},
    }


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "callcenter.drills.agenda_racer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _say(racer: subprocess.Popen[str], line: str) -> None:
    assert racer.stdin is not None
    racer.stdin.write(line + "\n")
    racer.stdin.flush()


def _hear(racer: subprocess.Popen[str]) -> str:
    assert racer.stdout is not None
    return racer.stdout.readline()
