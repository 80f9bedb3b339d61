"""The only place that reads the machine's time.

Inside, every instant is an aware ``datetime`` in UTC. The edge (a request, a tick, a command) asks the clock once and
hands the answer down as ``at``; wall-clock time appears only where a person reads or writes it.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Come back once that much time has passed."""
        ...

    @property
    def is_shifted(self) -> bool:
        """Whether the clock tells another time than the machine's; screens then say so."""
        ...


class SystemClock:
    """The machine's clock, moved by a fixed offset (none by default).

    The offset lets a whole installation live at another time (a demonstration that starts on a Monday morning) without
    any other code knowing.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    @property
    def is_shifted(self) -> bool:
        """Whether an offset is in force."""
        return self._offset != timedelta(0)


class ManualClock:
    """A clock that moves only when told to: for tests and drills."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant last set, aware, in UTC."""
        with self._lock:
            return self._now

    def wait(self, seconds: float) -> None:
        """Move on by that much at once."""
        self.advance(timedelta(seconds=seconds))

    @property
    def is_shifted(self) -> bool:
        """Always: no manual clock tells the machine's time."""
        return True

    def advance(self, by: timedelta) -> datetime:
        """Move forward by a duration and tell the new instant."""
        with self._lock:
            self._now += by
            return self._now
