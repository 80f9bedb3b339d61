"""Keeps in memory how long callers wait, so that no caller waits for that to be counted."""

import logging
import threading
from zoneinfo import ZoneInfo

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.routing.waits import Waits

log = logging.getLogger(__name__)
_EVERY = 3.0  # seconds


class WaitWatch(threading.Thread):
    """Looks at the queue every few seconds; while it cannot be looked at, nobody is offered anything.

    A thread of its own, not one of the loop's: a stalled database must keep no process from ending.
    """

    def __init__(self, waits: Waits, database: Database, clock: Clock, *, zone: ZoneInfo) -> None:
        super().__init__(name="waits", daemon=True)
        self._waits, self._database, self._clock, self._zone = waits, database, clock, zone
        self._is_stopping = threading.Event()

    def run(self) -> None:
        """Until it is stopped."""
        while not self._is_stopping.is_set():
            try:
                self._waits.refresh(self._database, zone=self._zone, at=self._clock.now())
            except Exception as fault:
                log.warning("the queue could not be looked at (%s)", type(fault).__name__)
            self._is_stopping.wait(_EVERY)

    def stop(self) -> None:
        """No further look; the last one is waited for, for two seconds at most."""
        self._is_stopping.set()
        self.join(timeout=2)
