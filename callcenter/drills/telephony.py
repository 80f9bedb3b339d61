"""``make drill-telephony``: no call is ever lost. One JSON object; exit status 0 only when every invariant holds."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from callcenter.drills.dark import go_dark
from callcenter.drills.deploy import deploy_under_load
from callcenter.drills.faults import misbehave
from callcenter.drills.stage import Stage
from callcenter.drills.stall import stall_database
from callcenter.drills.verdict import Verdict, report
from callcenter.local.cluster import Cluster
from callcenter.local.proxy import Proxy


def dark(
    folder: Path, seed: int, *, talking: int = 30, waiting: int = 20, new: int = 40, dark_for: float = 60
) -> Verdict:
    """Sixty dark seconds, on SQLite."""
    return _on(
        Stage(folder, f"sqlite:///{folder / 'drill.db'}"),
        lambda stage: go_dark(stage, seed=seed, talking=talking, waiting=waiting, new=new, dark_for=dark_for),
    )


def deploy(
    folder: Path, seed: int, *, seconds: float = 20, per_second: float = 50, deploys: int = 3, talking: int = 5
) -> Verdict:
    """Deploys under fifty webhooks a second, on SQLite."""
    return _on(
        Stage(folder, f"sqlite:///{folder / 'drill.db'}"),
        lambda stage: deploy_under_load(
            stage, seed=seed, seconds=seconds, per_second=per_second, deploys=deploys, talking=talking
        ),
    )


def faults(folder: Path, seed: int, *, calls: int = 60, operators: int = 8, seconds: float = 45) -> Verdict:
    """A carrier that misbehaves, on SQLite."""
    return _on(
        Stage(folder, f"sqlite:///{folder / 'drill.db'}"),
        lambda stage: misbehave(stage, seed=seed, calls=calls, operators=operators, seconds=seconds),
    )


def stall(folder: Path, seed: int, cluster: Cluster, *, seconds: float = 20, per_second: float = 5) -> Verdict:
    """A stalled PostgreSQL under calls."""
    name = f"drill_{time.monotonic_ns()}"
    cluster.execute(f"CREATE DATABASE {name}")
    url = cluster.url(name)
    proxy = Proxy("127.0.0.1", cluster.port)
    try:
        through_proxy = url.replace(f":{cluster.port}/", f":{proxy.port}/")
        return _on(
            Stage(folder, url, through_proxy),
            lambda stage: stall_database(stage, proxy, seed=seed, seconds=seconds, per_second=per_second),
        )
    finally:
        proxy.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the scenes asked for and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", choices=("dark", "deploy", "faults", "stall", "all"), default="all")
    asked = parser.parse_args(arguments)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-") as place:
        if asked.scene in {"dark", "all"}:
            verdicts.append(dark(_folder(place, "dark"), asked.seed))
        if asked.scene in {"deploy", "all"}:
            verdicts.append(deploy(_folder(place, "deploy"), asked.seed))
        if asked.scene in {"faults", "all"}:
            verdicts.append(faults(_folder(place, "faults"), asked.seed))
        if asked.scene in {"stall", "all"}:
            cluster = Cluster()
            try:
                verdicts.append(stall(_folder(place, "stall"), asked.seed, cluster))
            finally:
                cluster.stop()
    found = report("telephony", asked.seed, verdicts)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 1 if found["broken"] else 0


def _on(stage: Stage, play: Callable[[Stage], Verdict]) -> Verdict:
    try:
        return play(stage)
    finally:
        stage.close()


def _folder(place: str, scene: str) -> Path:
    folder = Path(place) / scene
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
