"""Operators' screens as their browsers behave: one open stream each, and what it names is read again."""

import asyncio
import contextlib
from collections.abc import Callable

from callcenter.bench.product import HOST

_END_OF_HEAD = b"\r\n\r\n"
# What a desk reads again when the queue changes (``web/desk_view.live_triggers``); without a call, its card too.
_QUEUE, _STATUS = "/desk/queue", "/desk/status"
_CARD = "/desk/card"


class Screen:
    """One operator's desk. ``hear`` is told each topic as it comes; ``see`` each card as it is there."""

    def __init__(
        self,
        port: int,
        staff_id: int,
        token: str,
        *,
        rereads_queue: bool,
        hear: Callable[[str], None],
        see: Callable[[bytes], None],
    ) -> None:
        self._port = port
        self._desk = f"desk-{staff_id}"
        self._cookie = f"callcenter_session={token}"
        self._rereads_queue = rereads_queue
        self._hear, self._see = hear, see
        self._due: dict[str, None] = {}
        self._stirred = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_open = asyncio.Event()
        self._has_call = False
        self.faults = 0

    async def open(self) -> None:
        """Open the stream; ready when the server has begun to answer it."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._read())]
        await self._is_open.wait()

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            writer.write(self._request("/live", accept="text/event-stream"))
            head = await reader.readuntil(_END_OF_HEAD)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the stream was refused: {head[:60]!r}")
            self._is_open.set()
            async for line in reader:
                if line.startswith(b"data: "):
                    self._stir(line[6:].strip().decode())
        finally:
            writer.close()

    def _stir(self, topic: str) -> None:
        self._hear(topic)
        if topic == self._desk:
            self._due |= dict.fromkeys((_CARD, _STATUS, _QUEUE))
        elif topic == "queue" and self._rereads_queue:
            self._due |= dict.fromkeys((_QUEUE,) if self._has_call else (_QUEUE, _CARD))
        if self._due:
            self._stirred.set()

    async def _read(self) -> None:
        """One read after the other on a connection of its own: of what is due, the card first."""
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            while True:
                await self._stirred.wait()
                path = _CARD if _CARD in self._due else next(iter(self._due))
                del self._due[path]
                if not self._due:
                    self._stirred.clear()
                writer.write(self._request(path, accept="text/html"))
                body = await self._answer(reader)
                if path == _CARD:
                    self._has_call = b"data-call=" in body
                    self._see(body)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(_END_OF_HEAD)
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if not head.startswith(b"HTTP/1.1 200"):
            self.faults += 1
        return await reader.readexactly(length)

    def _request(self, path: str, *, accept: str) -> bytes:
        return (
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nAccept: {accept}\r\nHX-Request: true\r\n"
            f"Cookie: {self._cookie}\r\n\r\n"
        ).encode()


async def post(port: int, request: bytes) -> bytes:
    """Send one whole request on a connection of its own; its answer's status line."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        return await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
