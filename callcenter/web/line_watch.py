"""Keeps the line book true: read at the start, when a line was changed, and every half minute."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator

from callcenter.core.broadcast import Subscription
from callcenter.core.db import Database
from callcenter.directory.line_book import TOPIC, LineBook

log = logging.getLogger(__name__)
_EVERY = 30.0  # seconds: what another process changed on SQLite is signalled to nobody
_AGAIN_WITHIN = 1.0  # while there is no book at all: until then no line is closed and none has a sentence of its own
_FIRST_WITHIN = 2.0  # the start goes on without a book when the database is that slow


@contextlib.asynccontextmanager
async def kept_line_book(book: LineBook, database: Database) -> AsyncIterator[None]:
    """The book is kept true meanwhile; a failed reading leaves the old one in force."""
    reader = _Reader(book, database)
    reader.start()
    loop = asyncio.get_running_loop()
    until = loop.time() + _FIRST_WITHIN
    while not reader.has_read.is_set() and loop.time() < until:  # noqa: ASYNC110  # a thread sets it
        await asyncio.sleep(0.01)
    listening = asyncio.create_task(_listen(reader, database))
    try:
        yield
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        reader.stop()


async def _listen(reader: "_Reader", database: Database) -> None:
    subscription = await _subscribe(database)
    try:
        reader.wake.set()  # what was changed between the first reading and now
        while True:
            await subscription.next_topics(None)
            reader.wake.set()
    finally:
        database.broadcast.unsubscribe(subscription)


async def _subscribe(database: Database) -> Subscription:
    """Subscribed in a thread of its own: PostgreSQL's listener is waited for, and the loop answers callers."""
    loop = asyncio.get_running_loop()
    subscribed: asyncio.Future[Subscription] = loop.create_future()

    def keep(subscription: Subscription) -> None:
        if not subscribed.done():
            subscribed.set_result(subscription)

    def subscribe() -> None:
        subscription = database.broadcast.subscribe([TOPIC], loop)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(keep, subscription)

    threading.Thread(target=subscribe, name="line-book-signals", daemon=True).start()
    return await subscribed


class _Reader(threading.Thread):
    """A thread of its own, not one of the loop's: a stalled database must keep no process from ending."""

    def __init__(self, book: LineBook, database: Database) -> None:
        super().__init__(name="line-book", daemon=True)
        self._book, self._database = book, database
        self._is_stopping = False
        self.wake = threading.Event()
        self.has_read = threading.Event()

    def run(self) -> None:
        while not self._is_stopping:
            self.wake.clear()
            try:
                self._book.refresh(self._database)
                self.has_read.set()
            except Exception as fault:
                log.warning("the line book could not be read (%s); the one in force stays", type(fault).__name__)
            self.wake.wait(_EVERY if self.has_read.is_set() else _AGAIN_WITHIN)

    def stop(self) -> None:
        self._is_stopping = True
        self.wake.set()
        self.join(timeout=2)
