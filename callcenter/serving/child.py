"""The process that serves: on sockets held by its parent, until the parent tells it to leave or is gone itself."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence

from callcenter.core.errors import StartRefused

READY = b"ready\n"
REFUSED = b"refused\n"  # the sentence follows
ALONE = b"alone\n"  # the process before this one has ended
LEAVES_WITHIN = 25.0  # seconds from the request to leave; then it is ended by force

Prepare = Callable[[str], None]


def serve_on(descriptors: Sequence[int], channel_descriptor: int, *, prepare: Prepare) -> int:
    """Serve on the inherited sockets until told to leave; the exit status.

    ``prepare`` makes the database of this address ready or refuses it. What refuses the start goes to the parent, which
    alone knows whether there was a process before this one.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # meant for the parent, though a whole unit may be sent it
    channel = socket.socket(fileno=channel_descriptor)
    listening = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    try:
        from callcenter.core.config import load_settings

        settings = load_settings()
        prepare(settings.database_url)
        from callcenter.main import create_app
        from callcenter.web.server import Server

        product = create_app(settings)
    except StartRefused as refused:
        channel.sendall(REFUSED + str(refused).encode())
        return 2
    server = Server(product, on_ready=lambda: channel.sendall(READY))
    threading.Thread(target=_hear_parent, args=(channel, server.reread_screens), name="parent", daemon=True).start()
    server.run(sockets=listening)
    return 0 if server.started else 1


def _hear_parent(channel: socket.socket, alone: Callable[[], None]) -> None:
    """Leave when the parent is gone, however it went: nobody else would ever end this process."""
    heard = b""
    # A parent that is killed before it has read what it was told resets the line instead of ending it.
    with contextlib.suppress(OSError):
        while news := channel.recv(64):
            heard += news
            while b"\n" in heard:
                line, heard = heard.split(b"\n", 1)
                if line + b"\n" == ALONE:
                    alone()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVES_WITHIN)
    os._exit(1)
