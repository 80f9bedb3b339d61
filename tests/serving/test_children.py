"""The parent beside children that cannot be begun, take their time to leave, or outlive it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys

import pytest

from callcenter.serving import holder

# Asks its parent to stop, and is then slow to leave itself.
SLOW_TO_LEAVE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.4), sys.exit()))
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(60)
"""
# Has told its parent something that the parent never read.
UNHEARD = """
import socket, sys
from callcenter.serving.child import _hear_parent
channel = socket.socket(fileno=int(sys.argv[1]))
channel.sendall(b"ready\\n")
print("told", flush=True)
_hear_parent(channel, lambda: None)
"""


def test_a_child_that_cannot_be_begun_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert holder.Holder([listening()], started=lambda: None, tell=tell).run() == 0
    assert len(told) == 2
    assert "/nowhere/python" in told[0]


def test_a_parent_that_stops_sleeps_until_its_child_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, looks = subprocess.Popen, 0

    class Counted(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            nonlocal looks
            looks += 1
            return super().select(timeout)

    monkeypatch.setattr(selectors, "DefaultSelector", Counted)
    monkeypatch.setattr(subprocess, "Popen", lambda _, **how: begin([sys.executable, "-c", SLOW_TO_LEAVE], **how))
    assert holder.Holder([listening()], started=lambda: None, tell=lambda _line: None).run() == 0
    assert looks < 20


def test_a_parent_killed_before_it_read_what_it_was_told_leaves_no_orphan() -> None:
    parent, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            [sys.executable, "-c", UNHEARD, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE
        )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"told\n"
        parent.close()
        assert child.wait(timeout=30) == -signal.SIGTERM


def listening() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    return bound
