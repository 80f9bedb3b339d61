"""Passwords: hashed with argon2, checked at the same pace whether or not the login exists."""

import threading
from collections import deque
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_

# Length, not composition: NIST SP 800-63B, section 5.1.1 (8 at least, up to 64 accepted at least, no other rule).
SHORTEST = 8
LONGEST = 200

UNUSABLE = "!"  # no password opens this account until one is set

_FAILURES_ALLOWED = 10
_FAILURES_REMEMBERED_FOR = timedelta(minutes=10)


@lru_cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache
def _hash_of_nothing() -> str:
    return _hasher().hash("nobody's password")


def hash_password(password: str, *, shortest: int = SHORTEST, field: str = "password") -> str:
    """The hash to keep. Raises ``Invalid`` when the password is too short or too long."""
    if len(password) < shortest:
        raise Invalid(N_("A password has at least %(shortest)s characters."), field=field, shortest=shortest)
    if len(password) > LONGEST:
        raise Invalid(N_("A password has at most %(longest)s characters."), field=field, longest=LONGEST)
    return _hasher().hash(password)


def matches(password: str, kept_hash: str | None) -> bool:
    """Whether this is the password; takes as long for an account that does not exist."""
    usable = kept_hash is not None and kept_hash != UNUSABLE
    right = _hasher().verify(password[:LONGEST], kept_hash if usable and kept_hash else _hash_of_nothing())
    return right and usable


class FailureCount:
    """How often each login was tried in vain lately, in this process: ten in ten minutes make it wait.

    In memory on purpose: a refused sign-in writes nothing, so that guessing cannot fill the database.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, deque[datetime]] = {}

    def must_wait(self, login: str, *, at: datetime) -> bool:
        """Whether this login has to wait before another try."""
        with self._lock:
            return len(self._recent(login, at)) >= _FAILURES_ALLOWED

    def add(self, login: str, *, at: datetime) -> None:
        """Note one failure."""
        with self._lock:
            if len(self._failures) > 10_000:  # somebody is guessing logins: forget those that have lapsed
                for known in tuple(self._failures):
                    if not self._recent(known, at):
                        del self._failures[known]
            self._recent(login, at)
            self._failures.setdefault(login, deque(maxlen=_FAILURES_ALLOWED)).append(at)

    def forget(self, login: str) -> None:
        """The right password came."""
        with self._lock:
            self._failures.pop(login, None)

    def _recent(self, login: str, at: datetime) -> deque[datetime]:
        failures = self._failures.get(login, deque())
        while failures and failures[0] <= at - _FAILURES_REMEMBERED_FOR:
            failures.popleft()
        return failures
