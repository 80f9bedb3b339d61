"""Work that may be slow, and an answer that may not.

A webhook's database work runs in a few threads of its own. At the deadline it is abandoned: nobody waits for it, nobody
cancels it (waiting for the cancellation of a stalled connection took 12 s), and what it still commits later is
harmless, because every effect of a webhook is idempotent.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class TooLate(Exception):
    """The work was not done in time; it may still be done later."""


class _Task(Generic[T]):
    """One piece of work and what became of it.

    Leaner than the library's ``Future``, whose condition costs as much as the hand-over itself: every call pays it.
    """

    __slots__ = ("fault", "is_abandoned", "is_done", "result", "tell", "work")

    def __init__(self, work: Callable[[], T], tell: Callable[[], object] | None) -> None:
        self.work = work
        self.tell = tell  # called in the worker's thread once it is done
        self.is_done = False
        self.is_abandoned = tell is None
        self.result: T
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as fault:
            self.fault = fault
        self.is_done = True
        if self.is_abandoned:
            if self.fault is not None:
                log.warning("abandoned work failed: %s", type(self.fault).__name__)
        elif self.tell is not None:
            self.tell()


class Workers:
    """A few threads for one kind of work, with a deadline in seconds.

    When every thread is busy and ``backlog`` pieces of work wait, more is refused at once: the database is stalled, and
    who rings next must not wait for the deadline too.
    """

    def __init__(self, name: str, *, threads: int, deadline: float, backlog: int = 64) -> None:
        self.deadline = deadline
        self._backlog = backlog
        self._work: queue.SimpleQueue[_Task[Any] | None] = queue.SimpleQueue()
        # Daemons: a thread that is stuck on a stalled connection must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._run, args=(n,), name=f"{name}-{n}", daemon=True) for n in range(threads)
        ]
        self._handed_over = 0
        self._finished = [0] * threads  # each thread counts its own
        self._lock = threading.Lock()
        self._are_started = False
        self.is_closing = False  # work that tries again and again stops then

    def submit(self, task: _Task[Any]) -> None:
        """Have it done. Raises ``TooLate`` when too much waits already."""
        if self._work.qsize() >= self._backlog:
            raise TooLate
        with self._lock:
            self._handed_over += 1
            if not self._are_started:
                self._are_started = True
                for thread in self._threads:
                    thread.start()
        self._work.put(task)

    def drain(self) -> None:
        """Wait until all that was handed over is done."""
        while sum(self._finished) < self._handed_over:
            time.sleep(0.001)

    def close(self, *, timeout: float) -> None:
        """Let what was begun, and what waits, be finished; at most ``timeout`` seconds for all of it."""
        self.is_closing = True
        if not self._are_started:
            return
        until = time.monotonic() + timeout
        for _thread in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self, number: int) -> None:
        while (task := self._work.get()) is not None:
            task.run()
            self._finished[number] += 1


async def in_time(workers: Workers, work: Callable[[], T]) -> T:
    """The result of this work, which runs in one of these threads. Raises ``TooLate`` at the deadline.

    Abandoned work goes on; a fault it meets then is logged and told to nobody.
    """
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, finished)

    task = _Task(work, tell)
    workers.submit(task)
    timer = loop.call_later(workers.deadline, _settle, finished)
    await finished
    timer.cancel()
    if not task.is_done:
        task.is_abandoned = True
        raise TooLate
    if task.fault is not None:
        raise task.fault
    return task.result


def in_background(workers: Workers, work: Callable[[], object]) -> None:
    """Have it done without waiting for it; when too much waits it is left out, and the reconciler sees to it."""
    try:
        workers.submit(_Task(work, None))
    except TooLate:
        log.warning("work left out: the database is too slow")


def _settle(finished: "asyncio.Future[None]") -> None:
    if not finished.done():
        finished.set_result(None)
