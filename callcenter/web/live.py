"""GET /live: the one stream of a browser. Topic names travel, never data; it holds no worker and no connection.

The only asynchronous route. Written on plain ASGI: a signal is a few bytes, and the same bytes go to every screen.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from callcenter.core.broadcast import Subscription
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.web.context import MaybeMe, World, identify

router = APIRouter()

BEAT_SECONDS = 15.0  # proxies and browsers take a silent line for a dead one
IDENTITY_SECONDS = 60.0  # whoever is signed out elsewhere stops hearing within a minute
# Boards and counts: at most one signal a second each, so that many screens do not multiply every event.
COALESCED = frozenset({"queue", "outbox", "loops", "urgent-messages"})
COALESCING_SECONDS = 1.0
_OF_A_PRACTICE = ("agenda", "loops", "messages", "on-call")
# Each such signal makes a screen read several regions again: all at once they would keep the one operator waiting for
# whom a call rings. So they take turns: 16 screens within two thirds of a second, 200 within eight (docs/bench.md).
SCREENS_PER_SECOND = 25


@router.get("/live")
async def live(request: Request, me: MaybeMe) -> Response:
    """Open the stream of whoever is signed in; 401 for anybody else, never a page."""
    if me is None:
        return PlainTextResponse("Nobody is signed in.", 401)
    return LiveStream(request, me)


def topics_of(me: Identity) -> frozenset[str]:
    """What this person's screens may need to know has changed; ``*`` at the end stands for anything."""
    if me.role == Role.PRACTITIONER:
        return frozenset(f"{kind}-{practice_id}" for practice_id in me.practice_ids for kind in _OF_A_PRACTICE)
    shared = {
        "queue",
        "outbox",
        "loops",
        "urgent-messages",
        "messages-*",
        "agenda-*",
        "on-call-*",
        f"desk-{me.staff_id}",
    }
    # A call's legs and texts concern whoever handles it, and calls change hands: the region re-reads under its rights.
    return frozenset(shared | {"call-*"} if me.role in {Role.OPERATOR, Role.SUPERVISOR} else shared)


class LiveStream(Response):
    """Server-sent events until the browser leaves, the session ends, or the product stops."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, me: Identity) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._request = request
        self._topics = topics_of(me)
        self._staff_id = me.staff_id
        self._world: World = request.app.state.world
        self._stopping: asyncio.Event = request.app.state.stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI passes it)
        """Send the signals as they come."""
        broadcast = self._world.database.broadcast
        subscription = await run_in_threadpool(broadcast.subscribe, self._topics, asyncio.get_running_loop())
        ends = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(self._stopping.wait())]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _write(send, b"retry: 1000\n\n")
            with contextlib.suppress(OSError):  # the browser left while we wrote
                await self._follow(subscription, ends, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            broadcast.unsubscribe(subscription)

    async def _follow(self, subscription: Subscription, ends: Iterable["asyncio.Task[object]"], send: Send) -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(loop.time, spread=lambda: self._world.database.broadcast.listeners / SCREENS_PER_SECOND)
        beat_at = loop.time() + BEAT_SECONDS
        identity_at = loop.time() + IDENTITY_SECONDS
        signals = asyncio.create_task(subscription.next_topics(None))
        try:
            while True:
                wake_at = min(beat_at, identity_at, pace.due_at)
                await asyncio.wait(
                    {signals, *ends}, timeout=max(0.0, wake_at - loop.time()), return_when=asyncio.FIRST_COMPLETED
                )
                if any(end.done() for end in ends) or subscription.is_cut:
                    return
                at = loop.time()
                if signals.done():
                    pace.add(signals.result())
                    signals = asyncio.create_task(subscription.next_topics(None))
                ready = pace.take(at)
                if ready:
                    await _write(send, b"".join(b"data: %s\n\n" % topic.encode() for topic in ready))
                if at >= beat_at:
                    beat_at = at + BEAT_SECONDS
                    await _write(send, b"event: beat\ndata:\n\n")
                if at >= identity_at:
                    identity_at = at + IDENTITY_SECONDS
                    if not await self._still_signed_in():
                        return
        finally:
            signals.cancel()
            await asyncio.gather(signals, return_exceptions=True)

    async def _still_signed_in(self) -> bool:
        me = await run_in_threadpool(identify, self._request, self._world, self._world.clock.now())
        return me is not None and me.staff_id == self._staff_id


class Pace:
    """Which signals may go now: most at once; a coalesced topic at most once a second, and not to all screens together.

    ``spread`` tells, in seconds, over how long the screens take their turns, each at a moment of its own. ``clock`` is
    any steady clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float], *, spread: Callable[[], float]) -> None:
        self._clock = clock
        self._spread = spread
        self._free_at: dict[str, float] = {}
        self._waiting: dict[str, float] = {}  # from when on each may go

    def add(self, topics: Iterable[str]) -> None:
        """Keep topics until they may go; a repeated one goes once."""
        at = self._clock()
        for topic in topics:
            if topic in self._waiting:
                continue
            due = at
            if topic in COALESCED:
                due = max(at + random.random() * self._spread(), self._free_at.get(topic, at))
            self._waiting[topic] = due

    def take(self, at: float) -> list[str]:
        """Those that may go at this moment (seconds of any steady clock)."""
        ready = [topic for topic, due in self._waiting.items() if due <= at]
        for topic in ready:
            del self._waiting[topic]
            if topic in COALESCED:
                self._free_at[topic] = at + max(COALESCING_SECONDS, self._spread())
        return ready

    @property
    def due_at(self) -> float:
        """When the next one may go; infinity when none waits."""
        return min(self._waiting.values(), default=float("inf"))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
