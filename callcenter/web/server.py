"""The server process: ends the open streams, answers whoever is already connected, then stops."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

# Longer than a reverse proxy keeps an idle connection (nginx: 60 s): the proxy closes first, and never sends a request
# into a connection that this side is closing.
_KEEP_IDLE_FOR = 75  # seconds
# Connections that were open when the stop was asked may bring one more request that long; it is answered, and told that
# the connection ends.
_LAST_REQUESTS_FOR = 1.0
_ACCEPTED_LATELY = 0.1  # a connection the kernel has just handed over is not counted at once


class Server(uvicorn.Server):
    """Uvicorn waits for open connections before it lets the product close; streams would keep it for ever.

    It also closes a connection whose request is still on its way, which refuses a webhook: those are answered first.
    """

    def __init__(self, product: FastAPI, *, on_ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                product,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=_KEEP_IDLE_FOR,
            )
        )
        self._product = product
        self._on_ready = on_ready

    def reread_screens(self) -> None:
        """Let every screen read itself anew; from any thread.

        With SQLite a signal stays inside its process: what the process before this one still changed after its screens
        came here was told to nobody.
        """
        database = self._product.state.world.database
        if database.is_sqlite:
            database.broadcast.cut_streams()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as usual, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, end the streams, answer what still comes, then stop as usual."""
        self._product.state.stopping.set()
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        # In place: answers that are being made hold this very list.
        self.server_state.default_headers.append((b"connection", b"close"))
        await self._answer_last_requests()
        await super().shutdown(sockets)

    async def _answer_last_requests(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _LAST_REQUESTS_FOR
        await asyncio.sleep(_ACCEPTED_LATELY)
        while self.server_state.connections and loop.time() < until and not self.force_exit:  # noqa: ASYNC110  # as uvicorn
            await asyncio.sleep(0.02)
