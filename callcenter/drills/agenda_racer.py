"""One of several processes that write into the same agenda, by every way there is; tells what became of each attempt.

It reads what to do from a line, says ``ready``, waits for a second line, and answers one JSON object at the end.
"""

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentBooked, AppointmentCancelled, AppointmentMoved, AppointmentRestored
from callcenter.agenda.writing.lapsing import release_lapsed
from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.core.events import EventBus
from callcenter.drills.agenda_cast import Fought
from callcenter.drills.agenda_operator import NothingToDo, Operator
from callcenter.messaging.subscribers import cancel_confirmation, confirm_booking, confirm_move, restore_confirmation

_SWEEPS = 25  # once in so many attempts, what the ticker does every second


class Racer:
    """Keeps account of what an operator was told."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.took: list[float] = []
        self.outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self.shown: list[str] = []  # what nobody must ever see

    def run(self, attempts: int) -> None:
        """So many attempts, each a transaction of its own."""
        operator = self.operator
        ways, weights = zip(*operator.ways, strict=True)
        for _ in range(attempts):
            operator.count += 1
            if operator.count % _SWEEPS == 0:
                self._try("sweep", lambda: release_lapsed(operator.database, ManualClock(operator.at)))
            way = operator.dice.choices(ways, weights)[0]
            self._try(way.__name__, partial(self._write, way))

    def _write(self, way: Callable[[Session], object]) -> None:
        with self.operator.database.unit_of_work(self.operator.scope) as session:
            way(session)

    def _try(self, name: str, act: Callable[[], object]) -> None:
        began = time.perf_counter()
        try:
            act()
            outcome = "done"
        except NothingToDo:
            outcome = "nothing to do"
        except Problem as problem:
            outcome = type(problem).__name__ if problem.sentence else "speechless"
        except Exception as fault:
            outcome = "fault"
            self.shown.append(f"{name}: {type(fault).__name__}: {str(fault).splitlines()[0][:160]}")
        self.outcomes[name][outcome] += 1
        self.took.append(time.perf_counter() - began)


def main() -> int:
    """Take the race's description from the first line of the input, and run at the second."""
    asked = json.loads(sys.stdin.readline())
    bus = EventBus()
    bus.subscribe(AppointmentBooked, confirm_booking)
    bus.subscribe(AppointmentCancelled, cancel_confirmation)
    bus.subscribe(AppointmentMoved, confirm_move)
    bus.subscribe(AppointmentRestored, restore_confirmation)
    database = Database(asked["url"], bus=bus, pool_size=2)
    operator = Operator(database, Fought(**asked["cast"]), asked["number"], asked["seed"])
    operator.look_around()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    operator.began = time.monotonic()
    racer = Racer(operator)
    racer.run(asked["attempts"])
    told = {
        "outcomes": {name: dict(counted) for name, counted in racer.outcomes.items()},
        "took": [round(one * 1000, 2) for one in racer.took],
        "shown": racer.shown,
        "unhelped": operator.unhelped,
        "helped": operator.helped,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
