"""Running a coroutine, or what begins one, from a test."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """In a thread of its own: the browser tests of the same process keep a loop running in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def run(story: Coroutine[Any, Any, T]) -> T:
    return aside(lambda: asyncio.run(story))
