"""``make drill-dispatch``: nobody is told twice, nobody is forgotten. One JSON object; exit status 0 when all holds."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from callcenter.core.migrate import upgrade
from callcenter.drills.dispatch_day import Day
from callcenter.drills.dispatch_kills import KINDS, Kills
from callcenter.drills.verdict import Verdict, report
from callcenter.local.cluster import Cluster


def kills(folder: Path, database_url: str, name: str, *, kinds: Sequence[str] = KINDS, every: int = 1) -> Verdict:
    """The due work killed before each of its steps, or before one of every so many."""
    verdict = Verdict(f"kills on {name}")
    scene = Kills(folder, database_url, kinds=kinds, every=every)
    try:
        scene.play(verdict)
    finally:
        scene.close()
    return verdict


def day(database_url: str, name: str, *, calls: int, seed: int) -> Verdict:
    """One working day of so many calls, until past midnight."""
    verdict = Verdict(f"day on {name}")
    upgrade(database_url)
    scene = Day(database_url, calls=calls, seed=seed)
    try:
        scene.play(verdict)
    finally:
        scene.close()
    return verdict


def main(arguments: list[str] | None = None) -> int:
    """Run the scenes asked for and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", choices=("kills", "day", "all"), default="all")
    parser.add_argument("--calls", type=int, default=3500, help="of the day, ten at least")
    asked = parser.parse_args(arguments)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-") as place:
        folder = Path(place)
        if asked.scene in {"kills", "all"}:
            verdicts += _kills_on_both(folder)
        if asked.scene in {"day", "all"}:
            verdicts.append(day(f"sqlite:///{folder / 'day.db'}", "SQLite", calls=asked.calls, seed=asked.seed))
    found = report("dispatch", asked.seed, verdicts)
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 1 if found["broken"] else 0


def _kills_on_both(folder: Path) -> list[Verdict]:
    on_sqlite = kills(folder, f"sqlite:///{folder / 'drill.db'}", "SQLite")
    cluster = Cluster()
    try:
        cluster.execute("CREATE DATABASE drill")
        return [on_sqlite, kills(folder, cluster.url("drill"), "PostgreSQL")]
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
