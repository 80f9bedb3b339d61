"""What goes wrong on demand: decided from a seed and the number of the occasion, so that it goes wrong again alike."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

CallbackFault = Literal["duplicate", "reorder", "delay", "lose", "timeout"]
AnswerFault = Literal["error", "too_many", "cut"]
Fault = Literal[CallbackFault, AnswerFault]

CALLBACK_FAULTS: tuple[CallbackFault, ...] = ("duplicate", "reorder", "delay", "lose", "timeout")
ANSWER_FAULTS: tuple[AnswerFault, ...] = ("error", "too_many", "cut")
_KEPT = 1000


@dataclass(frozen=True)
class FaultPlan:
    """What may go wrong: probabilities from 0 to 1, durations in seconds of the carrier's clock.

    `only` names kinds of requests (`voice`, `call`, `conference`, `message`, or the first word of a REST path such
    as `Calls`); empty means all of them. `at_most` faults happen, None for no limit.
    """

    seed: int = 0
    chances: dict[Fault, float] = field(default_factory=dict)
    delay: float = 5.0
    retry_after: int = 1
    only: frozenset[str] = frozenset()
    at_most: int | None = None


@dataclass(frozen=True)
class Faulted:
    """One thing that was made to go wrong."""

    at: datetime
    fault: Fault
    kind: str
    about: str


def draw(plan: FaultPlan, kind: str, occasion: int, among: tuple[Fault, ...]) -> Fault | None:
    """The fault of the nth occasion of a kind, if any: the same plan, kind and occasion give the same one."""
    if plan.only and kind not in plan.only:
        return None
    digest = hashlib.sha256(f"{plan.seed}:{kind}:{occasion}".encode()).digest()
    left = int.from_bytes(digest[:8], "big") / 2**64
    for fault in among:
        chance = plan.chances.get(fault, 0.0)
        if left < chance:
            return fault
        left -= chance
    return None


class Faults:
    """The plan in force, how many occasions there were of each kind, and what was made to go wrong."""

    def __init__(self) -> None:
        self.plan: FaultPlan | None = None
        self.happened: list[Faulted] = []
        self.count = 0
        self._occasions: dict[str, int] = {}

    def begin(self, plan: FaultPlan | None) -> None:
        """From now on this plan, counted anew; None: everything goes well. What happened stays to be read."""
        self.plan = plan
        self.count = 0
        self._occasions.clear()
        if plan is not None:
            self.happened.clear()

    def strike(self, kind: str, about: str, at: datetime, among: tuple[Fault, ...]) -> Fault | None:
        """What goes wrong on this occasion, noted."""
        if self.plan is None:
            return None
        occasion = self._occasions[kind] = self._occasions.get(kind, 0) + 1
        if self.plan.at_most is not None and self.count >= self.plan.at_most:
            return None
        fault = draw(self.plan, kind, occasion, among)
        if fault is not None:
            self.count += 1
            self.happened.append(Faulted(at, fault, kind, about))
            del self.happened[:-_KEPT]
        return fault
