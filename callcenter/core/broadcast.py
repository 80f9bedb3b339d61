"""Signals between a committed change and the open screens.

Only topic names travel, never data: each screen re-reads what it may see. Inside one process a signal goes straight to
the waiting streams; with PostgreSQL it also goes through NOTIFY, so that every process beside this one hears it.
"""

import asyncio
import json
import logging
import queue
import threading
from collections.abc import Iterable
from typing import Any, Protocol

import psycopg

log = logging.getLogger(__name__)
_CHANNEL = "callcenter_topics"
# Seconds, and milliseconds for the last: a dead line is noticed, and a new one is tried.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "tcp_user_timeout": 10000,
}
_WAKE: list[str] = []  # no topic: the listener only looks whether it is to stop
_AT_ONCE = 100  # topics in one NOTIFY, whose payload PostgreSQL limits to 8000 bytes


class Subscription:
    """One open stream's wish: the topics it listens to, and the signals not yet sent.

    A wish ending in ``*`` hears every topic that begins with what stands before it.
    """

    def __init__(self, topics: frozenset[str], loop: asyncio.AbstractEventLoop) -> None:
        self.topics = topics
        self._prefixes = tuple(topic[:-1] for topic in topics if topic.endswith("*"))
        self._loop = loop
        self._pending: dict[str, None] = {}
        self._wake = asyncio.Event()
        self.is_cut = False  # signals may be lost: the stream must end, so that its browser re-reads everything

    def signal(self, topics: Iterable[str]) -> None:
        """Remember the topics that concern this stream and wake it; from any thread."""
        mine = [topic for topic in topics if topic in self.topics or topic.startswith(self._prefixes)]
        if mine and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._add, mine)

    def cut(self) -> None:
        """Wake the stream to its end; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cut)

    async def next_topics(self, timeout: float | None) -> list[str]:
        """The topics signalled since the last call; empty after ``timeout`` seconds of silence (None: wait on)."""
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        topics, self._pending = list(self._pending), {}
        return topics

    def _cut(self) -> None:
        self.is_cut = True
        self._wake.set()

    def _add(self, topics: list[str]) -> None:
        self._pending.update(dict.fromkeys(topics))
        self._wake.set()


class Broadcast(Protocol):
    """Carries topic names to the open streams."""

    def publish(self, topics: list[str]) -> None:
        """Signal these topics to every stream that listens to them."""
        ...

    def subscribe(self, topics: Iterable[str], loop: asyncio.AbstractEventLoop) -> Subscription:
        """Open a subscription; close it with ``unsubscribe``."""
        ...

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        ...

    @property
    def listeners(self) -> int:
        """How many streams of this process are open."""
        ...

    def close(self) -> None:
        """Stop carrying."""
        ...


class LocalBroadcast:
    """Signals inside one process."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._lock = threading.Lock()

    def publish(self, topics: list[str]) -> None:
        """Signal these topics to every stream of this process that listens to them."""
        if not topics:
            return
        with self._lock:
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.signal(topics)

    def subscribe(self, topics: Iterable[str], loop: asyncio.AbstractEventLoop) -> Subscription:
        """Open a subscription of this process."""
        subscription = Subscription(frozenset(topics), loop)
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        with self._lock:
            self._subscriptions.discard(subscription)

    @property
    def listeners(self) -> int:
        """How many streams of this process are open."""
        return len(self._subscriptions)

    def cut_streams(self) -> None:
        """End every stream of this process; their browsers come back and re-read everything."""
        with self._lock:
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.cut()

    def close(self) -> None:
        """Nothing to stop."""


class PostgresBroadcast(LocalBroadcast):
    """Signals between processes by LISTEN and NOTIFY.

    NOTIFY goes out on a connection of its own after the commit: inside the writing transactions it would make them wait
    for one another (measured: 1,400 commits a second at most). A signal that cannot be sent is lost to the other
    processes only. A process that did not listen for a while ends its streams: their browsers re-read everything.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._sending = threading.Lock()
        self._unsent: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        self._sender: threading.Thread | None = None
        self._closing = threading.Event()
        self._listening = threading.Event()
        self._listener: threading.Thread | None = None

    def subscribe(self, topics: Iterable[str], loop: asyncio.AbstractEventLoop) -> Subscription:
        """Open a subscription; the first one starts listening to the database.

        It waits until that is so: the browser reads its page again once the stream is open, and misses nothing.
        """
        with self._sending:
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="broadcast", daemon=True)
                self._listener.start()
        self._listening.wait(timeout=2)
        return super().subscribe(topics, loop)

    def publish(self, topics: list[str]) -> None:
        """Signal this process at once and the others through the database, which nobody waits for."""
        super().publish(topics)
        if topics and not self._closing.is_set():
            self._hand_over(topics)

    def close(self) -> None:
        """Send what is still to be sent, stop listening and give back the connections."""
        self._closing.set()
        if self._listener is not None:
            self._hand_over(_WAKE)  # or it would notice within a second only
        self._unsent.put(None)
        for thread in (self._sender, self._listener):
            if thread is not None:
                thread.join(timeout=3)

    def _hand_over(self, topics: list[str]) -> None:
        with self._sending:
            if self._sender is None:
                self._sender = threading.Thread(target=self._send, name="broadcast sender", daemon=True)
                self._sender.start()
        self._unsent.put(topics)

    def _send(self) -> None:
        """One thread sends for all: on a stalled database a signal is lost, and no request hangs with it."""
        connection: psycopg.Connection | None = None
        while (topics := self._unsent.get()) is not None:
            for _attempt in range(2):
                try:
                    if connection is None:
                        connection = psycopg.connect(self._url, autocommit=True, **_PATIENCE)
                    for first in range(0, max(1, len(topics)), _AT_ONCE):
                        payload = json.dumps(topics[first : first + _AT_ONCE])
                        connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))
                    break
                except psycopg.Error as fault:
                    log.warning("signal not sent to the other processes: %s", type(fault).__name__)
                    if connection is not None:
                        connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, **_PATIENCE) as connection:
                    connection.execute(f"LISTEN {_CHANNEL}")
                    if self._listening.is_set():
                        self.cut_streams()
                    self._listening.set()
                    while not self._closing.is_set():
                        for notice in connection.notifies(timeout=1.0):
                            super().publish(json.loads(notice.payload))
                            if self._closing.is_set():
                                break
            except psycopg.Error:
                log.warning("listening to the database failed, trying again")
                self._closing.wait(1.0)


def open_broadcast(url: str) -> Broadcast:
    """The broadcast that suits the database."""
    return LocalBroadcast() if url.startswith("sqlite") else PostgresBroadcast(url)
