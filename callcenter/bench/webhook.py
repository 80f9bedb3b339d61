"""``callcenter bench webhook``: the whole voice webhook beside the same server verifying a signature alone.

Real HTTP on the loopback: the product in one process, the callers in another. Every request is signed beforehand.
Rounds of the webhook and of the floor alternate; each round begins with an empty queue and idle operators for half of
its calls. PostgreSQL's own CPU is not counted.
"""

import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from callcenter.bench.centre import Centre
from callcenter.bench.figures import Round, machine, webhook_rows
from callcenter.bench.product import DATABASES, HOST, Product, empty_database
from callcenter.bench.routes import EMPTY, FLOOR, VOICE
from callcenter.core.errors import StartRefused

CALLERS = (1, 16, 64)
_IN_CONFERENCE = "</Conference>"

Say = Callable[[str], None]


class Bench:
    """The product on one database, and callers."""

    def __init__(self, folder: Path, database_url: str, *, calls: int) -> None:
        self.centre = Centre(database_url, operators=calls // 2)
        self._calls = calls
        self._sids = (f"CA{number:032x}" for number in itertools.count(1))
        self.product = Product(folder, database_url)

    def close(self) -> None:
        """Stop the product."""
        self.product.close()
        self.centre.close()

    def measure(self, path: str, *, callers: int) -> Round:
        """One round of one route. Raises ``Refused`` by name when an answer is not what it must be."""
        self.centre.begin_round()
        sids = list(itertools.islice(self._sids, self._calls))
        expected = EMPTY if path == FLOOR else _IN_CONFERENCE
        requests = b"".join(b"%d\n" % len(request) + request for request in (self._request(path, sid) for sid in sids))
        before = self.product.cpu()
        load = subprocess.run(
            [sys.executable, "-m", "callcenter.bench.load", HOST, str(self.product.port), str(callers), expected],
            input=requests,
            capture_output=True,
            check=False,
        )
        after = self.product.cpu()
        if load.returncode != 0:
            raise StartRefused(load.stderr.decode(errors="replace").strip()[-2000:])
        if path == VOICE:
            self.centre.check_round(calls=self._calls)
        return Round(cpu=(after - before) / 1e9, took=json.loads(load.stdout)["seconds"])

    def _request(self, path: str, sid: str) -> bytes:
        return self.product.call_request(path, sid, next(self.centre.numbers))


def run(
    *,
    databases: Sequence[str] = DATABASES,
    callers: Sequence[int] = CALLERS,
    rounds: int = 5,
    calls: int = 400,
    say: Say = lambda _line: None,
) -> dict[str, Any]:
    """Measure, and give the report: ``rounds`` of ``calls`` requests per route, number of callers and database."""
    rows = []
    about = machine()
    for database in databases:
        with (
            empty_database(database, about) as (folder, url),
            contextlib.closing(Bench(folder, url, calls=calls)) as bench,
        ):
            for path in (FLOOR, VOICE):
                bench.measure(path, callers=max(callers))  # everything is imported, every connection open
            for count in callers:
                say(f"{database}, {count} at once")
                floor, webhook = [], []
                for _ in range(rounds):
                    floor.append(bench.measure(FLOOR, callers=count))
                    webhook.append(bench.measure(VOICE, callers=count))
                rows += webhook_rows(database, count, webhook, floor)
    return {"bench": "webhook", "machine": about, "rounds": rounds, "requests": calls, "rows": rows}
