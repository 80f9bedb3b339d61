"""The carrier's own time: real, faster than real, or moved by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

# Waiting tasks may need several turns of the loop to reach their next wait.
_QUIET_TURNS = 25
_SETTLE_AT_MOST = 30.0


class Clock(Protocol):
    """Instants are aware UTC; durations are seconds of this clock."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...

    def work(self) -> AbstractContextManager[None]:
        """Marks work that is not waiting for the clock (an HTTP exchange): time must not move under it."""
        ...


class RealClock:
    """The wall's time, or `speed` times as fast, from `start` (the wall's own now by default), moved by `offset`."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None, *, offset: timedelta = timedelta(0)) -> None:
        if speed <= 0:
            raise ValueError("The clock's speed is a number above 0 (1 is real time).")
        self.speed = speed
        self._start = (start or datetime.now(UTC)) + offset
        self._origin = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self.speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0) / self.speed)

    @contextmanager
    def work(self) -> Iterator[None]:
        yield


def machine_seconds() -> float:
    """Seconds since 1970 by the machine's own clock: passes are made and checked by that one alone."""
    return time.time()


class ManualClock:
    """Time that stands still until `advance` moves it, waking sleepers in the order they are due."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._working = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), woken))
        await woken

    @contextmanager
    def work(self) -> Iterator[None]:
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    async def advance(self, seconds: float) -> None:
        """Moves time on by `seconds` and returns when all that was due has been done."""
        end = self._now + timedelta(seconds=max(seconds, 0))
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # whoever slept was cancelled meanwhile
                continue
            self._now = due
            woken.set_result(None)
            await self.settle()
        self._now = end

    async def settle(self) -> None:
        """Returns when every task waits for the clock or for a person."""
        deadline = time.monotonic() + _SETTLE_AT_MOST
        quiet = 0
        while quiet < _QUIET_TURNS and time.monotonic() < deadline:
            await asyncio.sleep(0.001 if self._working else 0)
            quiet = 0 if self._working else quiet + 1


async def first_of(clock: Clock, seconds: float, *awaitables: Awaitable[Any]) -> bool:
    """Waits for any of `awaitables`, at most `seconds`; False when the time ran out.

    Coroutines left over are cancelled; futures belong to somebody else and are left alone.
    """
    waits = [asyncio.ensure_future(one) for one in awaitables]
    mine = [wait for wait, given in zip(waits, awaitables, strict=True) if wait is not given]
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        done, _ = await asyncio.wait([alarm, *waits], return_when=asyncio.FIRST_COMPLETED)
        return any(one in done for one in waits)
    finally:
        for one in (alarm, *mine):
            one.cancel()
