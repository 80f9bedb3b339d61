"""The product as `callcenter serve` starts it, and beside its webhooks a route that only verifies: the floor.

``python -m callcenter.bench.server SOCKET`` serves on an inherited descriptor; settings come from the environment.
"""

import socket
import sys
import time
from typing import Any

from callcenter.bench.routes import ASKED, CPU, EMPTY, FLOOR, SIGNAL
from callcenter.core.config import load_settings
from callcenter.main import create_app
from callcenter.web.context import Me, Reads
from callcenter.web.server import Server
from callcenter.web.webhooks.verified import read_webhook, xml


async def answer_nothing(request: Any) -> Any:
    """What no voice webhook can do without: the same request, read, verified and parsed, and a document."""
    await read_webhook(request)
    return xml(EMPTY)


async def tell_cpu() -> dict[str, int]:
    """Nanoseconds of user and system time that this process has spent."""
    return {"ns": time.process_time_ns()}


async def signal(request: Any) -> Any:
    """What no signal to a screen can do without: a topic handed to the streams, nothing read, nothing written."""
    request.app.state.world.database.broadcast.publish([request.query_params["topic"]])
    return xml(EMPTY)


def ask_nothing(_me: Me, _session: Reads) -> dict[str, int]:
    """What no answer to a signed-in person can do without: who she is, and a session in her scope."""
    return {}


def main(descriptor: int) -> None:
    """Serve until told to stop."""
    product = create_app(load_settings())
    product.add_route(FLOOR, answer_nothing, methods=["POST"])
    product.add_api_route(CPU, tell_cpu, methods=["GET"])
    product.add_api_route(ASKED, ask_nothing, methods=["GET"])
    product.add_route(SIGNAL, signal, methods=["POST"])
    Server(product).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
