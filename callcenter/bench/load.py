"""Callers who ring at once: each keeps one connection and sends her next request when the last is answered.

``python -m callcenter.bench.load HOST PORT CALLERS EXPECTED`` reads whole HTTP requests from standard input (a line
with a length, then so many bytes) and writes one JSON object: the seconds each answer took. A process of its own, so
that its work is not counted as the server's. Plain sockets: a client that costs more than the server measures itself.
"""

import json
import selectors
import socket
import sys
import time
from collections import deque
from typing import BinaryIO

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_SILENT_FOR = 30.0  # seconds without any answer: the server hangs


class Refused(RuntimeError):
    """An answer that is not the one expected: its figures would be of something else."""


class Caller:
    """One connection and the request under way."""

    def __init__(self, host: str, port: int) -> None:
        self.line = socket.create_connection((host, port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        self._asked_at = 0.0

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._heard = b""
        self._asked_at = time.perf_counter()
        self.line.sendall(request)

    def listen(self, expected: bytes) -> float | None:
        """Seconds since it was asked, once the whole answer is there. Raises ``Refused``."""
        heard = self.line.recv(65536)
        if not heard:
            raise Refused("the server closed a connection")
        self._heard += heard
        head, end, body = self._heard.partition(_END_OF_HEAD)
        if not end or len(body) < _body_length(head):
            return None
        took = time.perf_counter() - self._asked_at
        if not head.startswith(b"HTTP/1.1 200") or expected not in body:
            raise Refused(f"an answer that was not expected: {self._heard[:600]!r}")
        return took


def ring_all(host: str, port: int, requests: list[bytes], *, callers: int, expected: bytes) -> list[float]:
    """Have that many callers send all requests; the seconds each answer took, in the order of the answers."""
    todo = deque(requests)
    took: list[float] = []
    selector = selectors.DefaultSelector()
    for _ in range(min(callers, len(requests))):
        caller = Caller(host, port)
        selector.register(caller.line, selectors.EVENT_READ, caller)
        caller.ask(todo.popleft())
    while len(took) < len(requests):
        ready = selector.select(_SILENT_FOR)
        if not ready:
            raise Refused("the server does not answer")
        for key, _events in ready:
            caller = key.data
            seconds = caller.listen(expected)
            if seconds is None:
                continue
            took.append(seconds)
            if todo:
                caller.ask(todo.popleft())
    for key in list(selector.get_map().values()):
        key.data.line.close()
    selector.close()
    return took


def _body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    raise Refused("an answer without its length")


def _read_requests(stream: BinaryIO) -> list[bytes]:
    return [stream.read(int(length)) for length in iter(stream.readline, b"")]


def main(arguments: list[str]) -> None:
    """Read, ring, report."""
    host, port, callers, expected = arguments
    requests = _read_requests(sys.stdin.buffer)
    took = ring_all(host, int(port), requests, callers=int(callers), expected=expected.encode())
    sys.stdout.write(json.dumps({"seconds": took}))


if __name__ == "__main__":
    main(sys.argv[1:])
