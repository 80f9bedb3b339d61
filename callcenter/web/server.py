"""The server process: ends the open streams before it waits for the last answers."""

import socket

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Uvicorn waits for open connections before it lets the product close; streams would keep it for ever."""

    def __init__(self, product: FastAPI) -> None:
        super().__init__(uvicorn.Config(product, log_config=None, access_log=False, timeout_graceful_shutdown=5))
        self._product = product

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the streams to end, then stop as usual."""
        self._product.state.stopping.set()
        await super().shutdown(sockets)
