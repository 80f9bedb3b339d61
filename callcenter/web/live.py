"""GET /live: the one stream of a browser. Topic names travel, never data; it holds no worker and no connection.

The only asynchronous route. Written on plain ASGI: a signal is a few bytes, and the same bytes go to every screen.
"""

import asyncio
import contextlib
from collections.abc import Iterable

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
COALESCED = frozenset({"queue", "outbox"})
COALESCING_SECONDS = 1.0


@router.get("/live")
async def live(request: Request, me: MaybeMe) -> Response:
    """Open the stream of whoever is signed in; 401 for anybody else, never a page."""
    if me is None:
        return PlainTextResponse("Nobody is signed in.", 401)
    return LiveStream(request, me)


def topics_of(me: Identity) -> frozenset[str]:
    """What this person's screens may need to know has changed; ``*`` at the end stands for anything."""
    if me.role == Role.PRACTITIONER:
        return frozenset(f"agenda-{practice_id}" for practice_id in me.practice_ids)
    shared = {"queue", "outbox", "agenda-*", f"desk-{me.staff_id}"}
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
        pace = Pace()
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
    """Which signals may go now: the first of a coalesced topic at once, those that follow together, a second later."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._sent_at: dict[str, float] = {}

    def add(self, topics: Iterable[str]) -> None:
        """Keep topics until they may go; a repeated one goes once."""
        self._waiting.update(dict.fromkeys(topics))

    def take(self, at: float) -> list[str]:
        """Those that may go at this moment (seconds of any steady clock)."""
        ready = [topic for topic in self._waiting if self._free_at(topic) <= at]
        for topic in ready:
            del self._waiting[topic]
            if topic in COALESCED:
                self._sent_at[topic] = at
        return ready

    @property
    def due_at(self) -> float:
        """When the next one may go; infinity when none waits."""
        return min((self._free_at(topic) for topic in self._waiting), default=float("inf"))

    def _free_at(self, topic: str) -> float:
        if topic not in self._sent_at:
            return float("-inf")
        return self._sent_at[topic] + COALESCING_SECONDS


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
