"""What a triage script is: an ordered list of closed questions, red flags, and rules that can only raise."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from callcenter.core.i18n import N_

UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a script arrives at, the most severe first."""

    EMERGENCY = "emergency"
    DOCTOR_CALL_NOW = "doctor_call_now"
    URGENT_TODAY = "urgent_today"
    APPOINTMENT = "appointment"
    ADVICE = "advice"
    CONTINUE = "continue"  # a gate was passed: it says nothing of the severity, the call goes on

    @property
    def severity(self) -> int:
        """Higher is more severe."""
        return -list(Outcome).index(self)


ANSWER_LABELS: dict[str, str] = {
    "yes": N_("Yes"),
    "no": N_("No"),
    # Refusing to answer counts as not knowing, so both share a key.
    UNKNOWN: N_("Not known or refused"),
}

Texts = Mapping[str, str]  # language -> words
Condition = Mapping[str, tuple[str, ...]]  # question id -> answers that satisfy it; all questions must be satisfied


@dataclass(frozen=True, slots=True)
class RedFlag:
    """Answers that end the script at once, and where the fact was read."""

    on: tuple[str, ...]
    outcome: Outcome
    source: str


@dataclass(frozen=True, slots=True)
class Question:
    """One closed question; ``ask_if`` looks at earlier questions only, so a script cannot go in circles."""

    id: str
    short: Texts
    text: Texts
    answers: tuple[str, ...]
    red_flag: RedFlag | None
    ask_if: Condition


@dataclass(frozen=True, slots=True)
class Rule:
    """An outcome that holds when every named question has one of the named answers."""

    when: Condition
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SignOff:
    """A doctor's signature under one exact content. Dates are ISO, both days included."""

    doctor: str
    number: str
    signed_on: str
    expires_on: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Script:
    """One version of a script, as read and checked."""

    id: str
    version: str
    status: str
    locales: tuple[str, ...]
    title: Texts
    default: Outcome
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    sign_off: SignOff | None

    def question(self, question_id: str) -> Question | None:
        """The question of that id, if the script has it."""
        return next((question for question in self.questions if question.id == question_id), None)

    @property
    def sha256(self) -> str:
        """Fingerprint of the canonical JSON of all that a doctor signs: everything but the signature and the status."""
        content = asdict(self)
        del content["sign_off"], content["status"]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()
