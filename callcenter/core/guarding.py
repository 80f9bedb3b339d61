"""One piece of work among others: its fault is told in the log, and the others are done all the same."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Keep whatever is raised within this piece of work; ``what`` names it for the log, without a name or a number."""
    try:
        yield
    except Exception:
        log.exception("%s: due work failed and is tried again; the others are done", what)
