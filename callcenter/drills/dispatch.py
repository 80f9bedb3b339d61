"""``make drill-dispatch``: nobody is told twice, nobody is forgotten. One JSON object; exit status 0 when all holds."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

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


def main(arguments: list[str] | None = None) -> int:
    """Run the scenes asked for and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", choices=("kills", "all"), default="all")
    parser.parse_args(arguments)
    asked = parser.parse_args(arguments)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-") as place:
        folder = Path(place)
        verdicts.append(kills(folder, f"sqlite:///{folder / 'drill.db'}", "SQLite"))
        cluster = Cluster()
        try:
            cluster.execute("CREATE DATABASE drill")
            verdicts.append(kills(folder, cluster.url("drill"), "PostgreSQL"))
        finally:
            cluster.stop()
    found = report("dispatch", asked.seed, verdicts)
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
