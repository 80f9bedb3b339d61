"""An answer in time, whatever the work does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from callcenter.web.deadline import TooLate, Workers, in_background, in_time
from tests.loops import run


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Two threads that are given up on after a moment, and two more pieces of work that may wait."""
    made = Workers("test", threads=2, deadline=0.2, backlog=2)
    yield made
    made.close(timeout=5)


def test_work_done_in_time_is_the_answer_and_its_fault_is_the_caller_s(workers: Workers) -> None:
    def break_down() -> None:
        raise LookupError("no such call")

    assert run(in_time(workers, lambda: "a room of her own")) == "a room of her own"
    with pytest.raises(LookupError, match="no such call"):
        run(in_time(workers, break_down))


def test_work_that_is_too_late_is_abandoned_and_done_all_the_same(workers: Workers) -> None:
    resume, done = threading.Event(), threading.Event()

    def stall() -> None:
        resume.wait()
        done.set()

    with pytest.raises(TooLate):
        run(in_time(workers, stall))
    assert not done.is_set()
    resume.set()
    workers.drain()
    assert done.is_set()


def test_a_fault_of_abandoned_work_is_only_logged(workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    resume = threading.Event()

    def break_down_late() -> None:
        resume.wait()
        raise ConnectionError("cut")

    with pytest.raises(TooLate):
        run(in_time(workers, break_down_late))
    resume.set()
    workers.drain()
    assert "abandoned work failed: ConnectionError" in caplog.text


def test_more_than_can_wait_is_refused_at_once(workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    resume, done = threading.Event(), []

    def stall() -> None:
        resume.wait()
        done.append(1)

    async def ring() -> list[BaseException | None]:
        async def one() -> None:
            await in_time(workers, stall)

        # Two are at work before the others come: what waits is then known.
        begun = [asyncio.create_task(one()) for _ in range(2)]
        await asyncio.sleep(0.05)
        return await asyncio.gather(*begun, *(one() for _ in range(4)), return_exceptions=True)

    assert [type(fate) for fate in run(ring())] == [TooLate] * 6
    in_background(workers, stall)
    assert "left out" in caplog.text
    resume.set()
    workers.drain()
    assert len(done) == 4, "two were at work and two waited; the others were never begun"


def test_closing_finishes_what_was_begun_and_does_not_wait_for_ever() -> None:
    workers, resume, done = Workers("test", threads=1, deadline=0.2), threading.Event(), threading.Event()
    in_background(workers, resume.wait)
    in_background(workers, done.set)
    workers.close(timeout=0.1)
    assert not done.is_set()
    resume.set()
    workers.close(timeout=5)
    assert done.is_set()
