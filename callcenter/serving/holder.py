"""The parent: holds the listening sockets, keeps one child serving on them, replaces it without closing them.

It imports as little as it can: what it has loaded stays until the whole is restarted, while each child starts from the
code that is installed then.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from math import inf

from callcenter.serving.child import ALONE, LEAVES_WITHIN, READY, REFUSED

READY_WITHIN = 30.0  # seconds
# Before the first, second, ... replacement of a child that ended by itself; meanwhile connections wait in the backlog.
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 5.0)
_STEADY_AFTER = 60.0  # a child that served that long is not counted as one that fails again and again
_HEARD = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

Say = Callable[[str], None]


class Child:
    """One serving process and the line to it; the line's end tells either side that the other is gone."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        descriptors = [listening.fileno() for listening in sockets]
        with contextlib.ExitStack() as unless_begun:
            self.channel, theirs = socket.socketpair()
            unless_begun.enter_context(self.channel)
            self.channel.setblocking(False)
            with theirs:
                channel = str(theirs.fileno())
                arguments = ["serve-child", "--sockets", ",".join(map(str, descriptors)), "--channel", channel]
                # A session of its own: Ctrl-C at the terminal reaches only the parent, which ends all in order.
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "callcenter", *arguments],
                    pass_fds=(*descriptors, theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            unless_begun.pop_all()
        self._started_at = time.monotonic()
        self._news = b""
        self.kill_at = self._started_at + READY_WITHIN

    @property
    def status(self) -> int | None:
        """Its exit status once it has ended (negative: the signal that ended it)."""
        return self._process.poll()

    @property
    def is_ready(self) -> bool:
        """Whether it answers."""
        return self._news.startswith(READY)

    @property
    def refusal(self) -> str:
        """Why it did not start, in its own words."""
        return self._news.removeprefix(REFUSED).decode() if self._news.startswith(REFUSED) else ""

    @property
    def is_steady(self) -> bool:
        """Whether it has served for a good while."""
        return time.monotonic() - self._started_at >= _STEADY_AFTER

    def listen(self) -> None:
        """Take in what it has said."""
        with contextlib.suppress(OSError):  # nothing more, or it is gone
            while news := self.channel.recv(4096):
                self._news += news

    def stay(self) -> None:
        """It has shown itself ready in time."""
        self.kill_at = inf

    def tell_alone(self) -> None:
        """Let it know that the process before it has ended."""
        with contextlib.suppress(OSError):
            self.channel.send(ALONE)

    def leave(self) -> None:
        """Ask it to finish what it began and end."""
        self._process.terminate()
        self.kill_at = time.monotonic() + LEAVES_WITHIN

    def kill_when_late(self) -> bool:
        """End it by force once its time is up; whether that was so."""
        if self.status is not None or time.monotonic() < self.kill_at:
            return False
        self.kill()
        return True

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()
        self._process.wait()
        self.kill_at = inf


class Holder:
    """Keeps one child serving until it is told to stop."""

    def __init__(self, sockets: Sequence[socket.socket], *, started: Callable[[], None], tell: Say) -> None:
        self._sockets = sockets
        self._started = started
        self._tell = tell
        self._serving: Child | None = None
        self._coming: Child | None = None
        self._leaving: list[Child] = []
        self._has_served = False
        self._failures = 0
        self._start_at = 0.0
        self._has_terminal = _terminal_is_there()

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; SIGHUP replaces the child.

        The exit status: 2 when the first start was refused, as the product's own.
        """
        with contextlib.ExitStack() as held, _signals() as hear:
            for listening in self._sockets:
                held.enter_context(listening)
            while True:
                self._start_when_due()
                for name in hear(self._channels(), self._patience()):
                    if name == signal.SIGHUP and (not self._has_terminal or _terminal_is_there()):
                        self._replace()
                    elif name != signal.SIGCHLD:
                        self._stop(hear)
                        return 128 + signal.SIGINT if name == signal.SIGINT else 0
                status = self._welcome()
                if status is not None:
                    return status
                self._part()

    def _start_when_due(self) -> None:
        if not self._serving and not self._coming and time.monotonic() >= self._start_at:
            self._coming = self._begin()

    def _replace(self) -> None:
        if self._coming:  # it may hold code that is older than what this signal announces
            self._dismiss(self._coming)
        self._coming = self._begin()

    def _begin(self) -> Child | None:
        """Another child; None when the machine has no room for one, or while its interpreter is being replaced."""
        try:
            return Child(self._sockets)
        except OSError as fault:
            self._tell(f"No further process could be begun: {fault}.")
            if not self._serving:
                self._pause()
            return None

    def _welcome(self) -> int | None:
        """The child that is to serve next: take it once it is ready, drop it when it cannot start."""
        coming = self._coming
        if coming is None:
            return None
        coming.listen()
        if coming.is_ready:
            coming.stay()
            if self._serving:
                self._tell("Another process serves now; the one before finishes what it began.")
                self._dismiss(self._serving)
            self._serving, self._coming = coming, None
            if not self._has_served:
                self._has_served = True
                self._started()
            return None
        was_late = coming.kill_when_late()
        if coming.status is None:
            return None
        coming.listen()
        coming.channel.close()
        self._coming = None
        ended = f"was not ready within {READY_WITHIN:.0f} seconds" if was_late else f"ended with status {coming.status}"
        reason = coming.refusal or f"It {ended}."
        if not self._has_served:
            self._tell(reason)
            return 2 if coming.refusal else 1
        if self._serving:
            self._tell(f"The new process did not start, the one before goes on serving. {reason}")
        else:
            self._tell(f"The process did not start. {reason}")
            self._pause()
        return None

    def _part(self) -> None:
        """Children that have ended, whether asked to or not."""
        serving = self._serving
        if serving and serving.status is not None:
            self._tell(f"The serving process ended by itself (status {serving.status}); another takes its place.")
            serving.channel.close()
            self._serving = None
            self._failures = 0 if serving.is_steady else self._failures
            self._pause()
        for child in list(self._leaving):
            if child.kill_when_late():
                self._tell(f"The process before did not end within {LEAVES_WITHIN:.0f} seconds and was ended by force.")
            if child.status is not None:
                child.channel.close()
                self._leaving.remove(child)
                if self._serving and not self._leaving:
                    self._serving.tell_alone()

    def _dismiss(self, child: Child) -> None:
        child.leave()
        self._leaving.append(child)

    def _pause(self) -> None:
        self._start_at = time.monotonic() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1

    def _stop(self, hear: "Hear") -> None:
        """End every child; a second signal does not wait for what they began."""
        for listening in self._sockets:
            listening.close()
        for child in (self._serving, self._coming):
            if child:
                self._dismiss(child)
        self._serving = self._coming = None
        while self._leaving:
            if {signal.SIGTERM, signal.SIGINT} & set(hear([], _until([child.kill_at for child in self._leaving]))):
                for child in self._leaving:
                    child.kill()
            self._part()

    def _channels(self) -> list[socket.socket]:
        return [self._coming.channel] if self._coming else []

    def _patience(self) -> float | None:
        """Seconds until something is due by itself; None: only news matter."""
        due = [child.kill_at for child in (self._coming, *self._leaving) if child]
        if not self._serving and not self._coming:
            due.append(self._start_at)
        return _until(due)


def _until(due: Sequence[float]) -> float | None:
    next_at = min(due, default=inf)
    return None if next_at == inf else max(0.0, next_at - time.monotonic())


Hear = Callable[[Sequence[socket.socket], float | None], list[signal.Signals]]


@contextlib.contextmanager
def _signals() -> Iterator[Hear]:
    """A function that waits for signals, for news on channels, or for the time given; the signals that came."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    before = {name: signal.signal(name, lambda *_: None) for name in _HEARD}
    wakeup_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)

    def hear(channels: Sequence[socket.socket], timeout: float | None) -> list[signal.Signals]:
        with selectors.DefaultSelector() as selector:
            for one in (ours, *channels):
                selector.register(one, selectors.EVENT_READ)
            selector.select(timeout)
        try:
            return [signal.Signals(number) for number in ours.recv(256)]
        except BlockingIOError:
            return []

    try:
        yield hear
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for name, handler in before.items():
            signal.signal(name, handler)
        ours.close()
        theirs.close()


def notify_service_manager(environment: dict[str, str] | os._Environ[str]) -> None:
    """Tell systemd that the product answers (sd_notify(3)); nothing without its variable."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("\0" + address[1:] if address.startswith("@") else address)
        sender.send(b"READY=1")


def _terminal_is_there() -> bool:
    """Whether this process has a terminal: one that is closed sends the same signal as who wants a new child."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
