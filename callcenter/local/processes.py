"""The product and the stand-in carrier as child processes, started, watched and stopped together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from callcenter.core.errors import StartRefused

_START_WITHIN = 30.0  # seconds
_STOP_WITHIN = 8.0


class Process:
    """One child, its log in a file."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        self._log = log_file.open("w")
        # A session of its own: Ctrl-C at the terminal reaches only the parent, which stops its children in order.
        self._child = subprocess.Popen(
            [sys.executable, "-m", "callcenter", *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def has_ended(self) -> bool:
        """Whether it has stopped by itself."""
        return self._child.poll() is not None

    def wait_answering(self, url: str) -> None:
        """Wait until it answers on ``url``. Raises ``StartRefused`` with what it said when it does not."""
        until = time.monotonic() + _START_WITHIN
        while time.monotonic() < until:
            if self.has_ended:
                raise StartRefused(f"The {self.name} did not start:\n{self.log_file.read_text()[-2000:]}")
            try:
                if httpx.get(url, timeout=1).status_code < 500:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise StartRefused(f"The {self.name} does not answer on {url}; see {self.log_file}.")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._child.send_signal(number)

    @property
    def children(self) -> frozenset[int]:
        """The processes that it has started and that live, by number."""
        listed = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children")
        return frozenset(int(pid) for pid in listed.read_text().split())

    def kill(self) -> None:
        """End it and what it has started at once, without a word: the parent first, which would replace its child."""
        children = self.children
        self._child.kill()
        self._child.wait()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._log.close()

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if not self.has_ended:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._log.close()


def refuse_taken_port(host: str, port: int) -> None:
    """Raise ``StartRefused`` when somebody else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise StartRefused(
                f"Port {port} is taken by another program. Stop it, or choose others with --port and --carrier-port."
            ) from None


def free_port(host: str) -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
