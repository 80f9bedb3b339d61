"""From measured rounds to rows."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one route: CPU seconds of the server's process, and the seconds each answer took."""

    cpu: float
    took: Sequence[float]

    @property
    def cpu_per_request(self) -> float:
        """Microseconds of user and system time."""
        return self.cpu / len(self.took) * 1e6

    def percentile(self, percent: float) -> float:
        """Milliseconds within which that share of the requests was answered."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1e3


def webhook_rows(database: str, callers: int, webhook: Sequence[Round], floor: Sequence[Round]) -> list[dict[str, Any]]:
    """Two rows: what a webhook costs the server's process, and how long its caller waits; each beside the floor.

    ``ratio`` is the median of the rounds' own ratios: a round and its floor follow each other, so that what else the
    machine did weighs on both.
    """
    return [
        {
            "name": "voice webhook, server CPU per request",
            "database": database,
            "n": callers,
            "unit": "us",
            **_spread([one.cpu_per_request for one in webhook], [one.cpu_per_request for one in floor]),
            "p99": None,
        },
        {
            "name": "voice webhook, latency",
            "database": database,
            "n": callers,
            "unit": "ms",
            **_spread([one.percentile(50) for one in webhook], [one.percentile(50) for one in floor]),
            "p99": _rounded(median(one.percentile(99) for one in webhook)),
        },
    ]


def fanout_row(
    name: str, database: str, operators: int, cards: Sequence[float], signals: Sequence[float]
) -> dict[str, Any]:
    """One row from the seconds to each card and to each bare signal of the same rounds; figures in milliseconds."""
    floor = median(signals) * 1e3
    return {
        "name": name,
        "database": database,
        "n": operators,
        "unit": "ms",
        "median": _rounded(median(cards) * 1e3),
        "low": _rounded(min(cards) * 1e3),
        "high": _rounded(max(cards) * 1e3),
        "p99": _rounded(Round(0.0, cards).percentile(99)),
        "floor": _rounded(floor),
        "ratio": _rounded(median(cards) * 1e3 / floor),
    }


def timed_row(
    name: str, database: str, n: int, measured: Sequence[Sequence[float]], floor: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """One row from rounds of seconds and the rounds of its floor; figures in milliseconds."""
    rounds, floors = [Round(0.0, one) for one in measured], [Round(0.0, one) for one in floor]
    return {
        "name": name,
        "database": database,
        "n": n,
        "unit": "ms",
        **_spread([one.percentile(50) for one in rounds], [one.percentile(50) for one in floors]),
        "p99": _rounded(Round(0.0, [seconds for one in measured for seconds in one]).percentile(99)),
    }


def machine() -> dict[str, Any]:
    """What was measured on, and beside how much else."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _spread(values: Sequence[float], floors: Sequence[float]) -> dict[str, float]:
    return {
        "median": _rounded(median(values)),
        "low": _rounded(min(values)),
        "high": _rounded(max(values)),
        "floor": _rounded(median(floors)),
        "ratio": _rounded(median(value / floor for value, floor in zip(values, floors, strict=True))),
    }


def _rounded(value: float) -> float:
    return round(value, 2)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
