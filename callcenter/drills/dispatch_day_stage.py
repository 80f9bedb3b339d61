"""What everybody of the day shares: the time that runs forward, the database, and what the drill did itself."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings, load_settings
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.core.scope import Centre, CentreReason
from callcenter.drills.dispatch_day_carrier import QuietCarrier
from callcenter.drills.dispatch_day_cast import Cast
from callcenter.drills.dispatch_day_script import MORNING
from callcenter.main import wire_events

SCOPE = Centre(CentreReason.WEBHOOK)


@dataclass
class Diary:
    """What the drill has done, kept apart from the product's tables."""

    rang: dict[str, int] = field(default_factory=dict)  # practice by call SID
    answered: set[str] = field(default_factory=set)
    gave_up: dict[int, tuple[str, datetime, datetime]] = field(default_factory=dict)  # number, joined, left: by call
    promised: dict[int, str] = field(default_factory=dict)  # number by call: she asked to be rung back, and heard yes
    messages: dict[int, str] = field(default_factory=dict)  # words by message
    promises: set[int] = field(default_factory=set)  # tasks
    relays: set[int] = field(default_factory=set)  # calls
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # what the product would not do, and why


class Stage:
    """One database, one clock, and what is still to happen."""

    def __init__(self, database_url: str, *, seed: int) -> None:
        self.database = Database(database_url, bus=wire_events())
        self.clock = ManualClock(MORNING)
        self.carrier = QuietCarrier()
        self.chance = random.Random(seed)  # a day that can be played again
        self.settings: Settings = load_settings(
            database_url=database_url,
            public_url="https://centre.example.org",
            secret_key="drill" * 8,
            twilio_account_sid="AC" + "d" * 32,
            twilio_auth_token="drill",  # noqa: S106  # nobody signs with it
            calls_per_second=100,
            calls_per_hour=100_000,
            calls_per_hour_practice=100_000,
            calls_per_hour_operator=100_000,
        )
        self.cast = Cast()
        self.diary = Diary()
        self._to_come: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()

    @property
    def now(self) -> datetime:
        """The instant it is."""
        return self.clock.now()

    def at(self, instant: datetime, act: Callable[..., None], *given: object) -> None:
        """Have this happen then."""
        heapq.heappush(self._to_come, (instant, next(self._order), act, given))

    def later(self, seconds: float, act: Callable[..., None], *given: object) -> None:
        """Have this happen so many seconds from now."""
        self.at(self.now + timedelta(seconds=seconds), act, *given)

    def run(self, until: datetime, *, before: Callable[[], None], after: Callable[[], None]) -> None:
        """Let everything happen that is to come before an instant, each with what goes before and after it."""
        while self._to_come and self._to_come[0][0] < until:
            instant, _, act, given = heapq.heappop(self._to_come)
            self.set_clock(instant)
            before()
            act(*given)
            after()
        self.set_clock(until)

    def set_clock(self, instant: datetime) -> None:
        """Move the clock on, never back."""
        if instant > self.now:
            self.clock.advance(instant - self.now)

    @contextmanager
    def work(self, name: str) -> Iterator[Session]:
        """One gesture of somebody's, committed; one that the product refuses with a sentence is counted."""
        try:
            with self.database.unit_of_work(SCOPE) as session:
                yield session
        except Problem as refused:
            self.diary.refused[f"{name}: {refused.sentence}"] += 1
        else:
            self.diary.acts[name] += 1
