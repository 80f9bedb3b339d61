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
from concurrent.futures import Future
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class TooLate(Exception):
    """The work was not done in time; it may still be done later."""


class Workers:
    """A few threads for one kind of work, with a deadline in seconds.

    When every thread is busy and as much work again waits, more is refused at once: the database is stalled, and who
    rings next must not wait for the deadline too.
    """

    def __init__(self, name: str, *, threads: int, deadline: float, backlog: int = 64) -> None:
        self.deadline = deadline
        self._work: queue.Queue[tuple[Future[Any], Callable[[], Any]] | None] = queue.Queue(maxsize=backlog)
        # Daemons: a thread that is stuck on a stalled connection must not keep the process from ending.
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        self._starting = threading.Lock()
        self._are_started = False

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Have it done. Raises ``TooLate`` when too much waits already."""
        if not self._are_started:
            self._start()
        done: Future[T] = Future()
        try:
            self._work.put_nowait((done, work))
        except queue.Full:
            raise TooLate from None
        return done

    def drain(self) -> None:
        """Wait until all that was handed over is done."""
        self._work.join()

    def close(self, *, timeout: float) -> None:
        """Let what was begun, and what waits, be finished; at most ``timeout`` seconds for all of it."""
        if not self._are_started:
            return
        until = time.monotonic() + timeout
        for _thread in self._threads:
            try:
                self._work.put(None, timeout=max(0.0, until - time.monotonic()))
            except queue.Full:
                return
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self) -> None:
        with self._starting:
            if self._are_started:
                return
            for thread in self._threads:
                thread.start()
            self._are_started = True

    def _run(self) -> None:
        while (task := self._work.get()) is not None:
            done, work = task
            try:
                done.set_result(work())
            except BaseException as fault:
                done.set_exception(fault)
            finally:
                self._work.task_done()
        self._work.task_done()


async def in_time(workers: Workers, work: Callable[[], T]) -> T:
    """The result of this work, which runs in one of these threads. Raises ``TooLate`` at the deadline.

    Abandoned work goes on; a fault it meets then is logged and told to nobody.
    """
    done = workers.submit(work)
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()

    def tell(_done: "Future[T]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, finished)

    done.add_done_callback(tell)
    timer = loop.call_later(workers.deadline, _settle, finished)
    await finished
    timer.cancel()
    if not done.done():
        done.add_done_callback(_log_late_fault)
        raise TooLate
    return done.result()


def in_background(workers: Workers, work: Callable[[], object]) -> None:
    """Have it done without waiting for it; when too much waits it is left out, and the reconciler sees to it."""
    try:
        workers.submit(work).add_done_callback(_log_late_fault)
    except TooLate:
        log.warning("work left out: the database is too slow")


def _settle(finished: "asyncio.Future[None]") -> None:
    if not finished.done():
        finished.set_result(None)


def _log_late_fault(done: "Future[Any]") -> None:
    fault = done.exception()
    if fault is not None:
        log.warning("abandoned work failed: %s", type(fault).__name__)
