"""``make drill-agenda``: what is offered can be booked, and nothing is ever booked twice. One JSON object.

Random practices against a slow look at every minute, the nights on which clocks change, and eight processes that write
into one agenda by every way there is, on both databases. Exit status 0 only when every invariant holds.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.drills.agenda_finder import compare
from callcenter.drills.agenda_races import race
from callcenter.drills.agenda_zones import zones
from callcenter.drills.verdict import Verdict, report
from callcenter.local.cluster import Cluster

SCENES = ("finder", "zones", "races", "killed")


def finder(url: str, seed: int, *, practices: int, bookings: int = 1 << 30, refusals: int = 40) -> Verdict:
    """Finder against booker against oracle, on an empty database."""
    upgrade(url)
    database = Database(url)
    try:
        return compare(database, seed, practices=practices, bookings=bookings, refusals=refusals)
    finally:
        database.close()


def play(scene: str, seed: int, folder: Path, *, attempts: int, practices: int) -> list[Verdict]:
    """The scenes asked for, each on databases of its own."""
    verdicts: list[Verdict] = []
    with _databases(folder) as address:
        if scene in {"finder", "all"}:
            verdicts.append(finder(address("sqlite", "finder"), seed, practices=practices))
            verdicts.append(finder(address("postgresql", "finder"), seed + 1, practices=-(-practices // 4)))
        if scene in {"zones", "all"}:
            verdicts.append(zones())
        for name in ("sqlite", "postgresql"):
            if scene in {"races", "all"}:
                verdicts.append(race(address(name, "races"), name, seed, attempts=attempts))
            if scene in {"killed", "all"}:
                verdicts.append(race(address(name, "killed"), name, seed, attempts=attempts // 10, kill=True))
    return verdicts


@contextmanager
def _databases(folder: Path) -> Iterator[Callable[[str, str], str]]:
    """Where an empty database of each kind is; PostgreSQL is started once it is asked for."""
    clusters: list[Cluster] = []

    def address(kind: str, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{folder / f'{name}.db'}"
        if not clusters:
            clusters.append(Cluster())
        clusters[0].execute(f"CREATE DATABASE {name}")
        return clusters[0].url(name)

    try:
        yield address
    finally:
        for cluster in clusters:
            cluster.stop()


def main(arguments: list[str] | None = None) -> int:
    """Play the scenes and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", choices=(*SCENES, "all"), default="all")
    parser.add_argument("--attempts", type=int, default=10_000, help="of each race, in all processes together")
    parser.add_argument("--practices", type=int, default=40, help="random ones on SQLite; a quarter on PostgreSQL")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-", ignore_cleanup_errors=True) as place:
        verdicts = play(asked.scene, asked.seed, Path(place), attempts=asked.attempts, practices=asked.practices)
    found = report("agenda", asked.seed, verdicts)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
