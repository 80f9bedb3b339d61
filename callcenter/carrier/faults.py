"""What goes wrong on demand: decided from a seed and the number of the occasion, so that it goes wrong again alike."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

CallbackFault = Literal["duplicate", "reorder", "delay", "lose", "timeout"]
AnswerFault = Literal["error", "too_many", "error_after", "cut", "slow"]
MailFault = Literal["mail_later", "mail_refused", "mail_lost", "mail_unheard", "mail_late"]
Fault = Literal[CallbackFault, AnswerFault, MailFault]

# A report comes twice (with one token), after the next one of its subject, late, never, or its answer is not heard.
CALLBACK_FAULTS: tuple[CallbackFault, ...] = ("duplicate", "reorder", "delay", "lose", "timeout")
# A document is asked for late, cannot be asked for, or its answer does not come within 15 s.
DOCUMENT_FAULTS: tuple[CallbackFault, ...] = ("delay", "lose", "timeout")
# The API refuses (503, 429), does it and says 500, does it and cuts its answer, or does it and answers late.
ANSWER_FAULTS: tuple[AnswerFault, ...] = ("error", "too_many", "error_after", "cut", "slow")
# An e-mail is put off (451) or refused (550), dies with the connection, is kept without an answer, or answered late.
MAIL_FAULTS: tuple[MailFault, ...] = ("mail_later", "mail_refused", "mail_lost", "mail_unheard", "mail_late")
_KEPT = 1000


@dataclass(frozen=True)
class FaultPlan:
    """What may go wrong: probabilities from 0 to 1, durations in seconds of the carrier's clock.

    `only` names what it aims at; empty means everything. Reports are `call`, `conference` or `message`, all of them
    `report`; documents are named by the last word of their address (`voice`, `wait`, `dial-done`), all of them
    `document`; the API by its verb and the first word of the path (`POST Calls`), or that word alone; an e-mail is
    `mail`, or the address it goes to. `at_most` faults happen, None for no limit.
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


def draw(plan: FaultPlan, kind: str, group: str, occasion: int, among: tuple[Fault, ...]) -> Fault | None:
    """The fault of the nth occasion of a kind, if any: the same plan, kind and occasion give the same one."""
    if plan.only and not plan.only & {kind, group}:
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

    def strike(self, kind: str, group: str, about: str, at: datetime, among: tuple[Fault, ...]) -> Fault | None:
        """What goes wrong on this occasion, noted."""
        if self.plan is None:
            return None
        occasion = self._occasions[kind] = self._occasions.get(kind, 0) + 1
        if self.plan.at_most is not None and self.count >= self.plan.at_most:
            return None
        fault = draw(self.plan, kind, group, occasion, among)
        if fault is not None:
            self.count += 1
            self.happened.append(Faulted(at, fault, kind, about))
            del self.happened[:-_KEPT]
        return fault

    def counts(self) -> dict[str, int]:
        """How often each fault happened."""
        counted: dict[str, int] = {}
        for one in self.happened:
            counted[one.fault] = counted.get(one.fault, 0) + 1
        return counted
