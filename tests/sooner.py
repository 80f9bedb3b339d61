"""What lets tests run sooner: made once for all tests of a worker, or in memory, or lightly.

Every test has a database and an application of its own; what is compiled for them, SQL and templates, is the same each
time. A test's database is worth nothing afterwards: on a disk, copying an empty one took 0.37 s, in memory 0.02 s.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jinja2
import pytest
import sqlalchemy
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from callcenter.core import db
from callcenter.directory import passwords
from callcenter.web import rendering

_MEMORY = "/dev/shm"  # mkdtemp makes folders of ours in it
_ROOM = 2_000_000_000  # bytes; two workers and their clusters need 300 MB


def memory_folder() -> str | None:
    """A folder that is kept in memory, where the machine has one with room; containers often give 64 MB."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    return _MEMORY


@contextmanager
def sooner(folder: Path) -> Iterator[None]:
    """Compile statements and templates once (``folder`` keeps the templates), and hash passwords lightly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "create_engine", _sharing_engines())
        compiled = jinja2.FileSystemBytecodeCache(str(folder))
        patch.setattr(rendering, "Environment", functools.partial(jinja2.Environment, bytecode_cache=compiled))
        # A hash is meant to take 50 ms of whoever guesses; here somebody signs in thousands of times.
        light = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        patch.setattr(passwords, "_hasher", lambda: light)
        yield


def _sharing_engines() -> Any:
    """``create_engine`` whose engines of one driver share what is compiled, once the first of them has connected.

    A compiled statement is found by its dialect, which is one object for all of them.
    """
    first: dict[str, sqlalchemy.Engine] = {}

    def create(url: str, **arguments: Any) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(url, **arguments)
        known = first.get(engine.driver)
        if known is None:
            sqlalchemy.event.listen(engine.pool, "connect", lambda *_: first.setdefault(engine.driver, engine))
        else:
            engine.dialect = engine.pool._dialect = known.dialect  # type: ignore[assignment]
            engine._compiled_cache = known._compiled_cache
        return engine

    return create
