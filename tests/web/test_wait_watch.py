"""The queue is looked at by itself, again after a failure, and no more once the product stops."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.routing.waits import Waits
from callcenter.web import wait_watch
from callcenter.web.wait_watch import WaitWatch

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class BrokenAtFirst(Waits):
    """Its first look meets a database that does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.was_looked_at = threading.Event()

    def refresh(self, database: Database, **particulars: Any) -> None:
        """As the product's own, from the second time on."""
        self.looks += 1
        if self.looks == 1:
            raise TimeoutError
        super().refresh(database, **particulars)
        self.was_looked_at.set()


def test_a_look_that_fails_is_followed_by_another_until_it_is_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_watch, "_EVERY", 0.02)
    waits = BrokenAtFirst()
    watch = WaitWatch(waits, database, ManualClock(NINE), zone=ZoneInfo("Europe/Paris"))
    watch.start()
    assert waits.was_looked_at.wait(5)
    watch.stop()
    assert not watch.is_alive()
    assert waits.looks >= 2
