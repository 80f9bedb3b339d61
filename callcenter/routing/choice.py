"""Who takes which call. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Callers of one practice who wait in plain order of arrival; whoever finds more of her own before her lets the others'
# callers pass. Five are what a practice has on a busy morning; a flood is many times that.
SIDE_BY_SIDE = 5

ASKED_AGAIN_AFTER = timedelta(seconds=30)
URGENT_ASKED_AGAIN_AFTER = timedelta(seconds=5)


class PriorityReason(StrEnum):
    """Why a caller stands before others who came earlier."""

    NONE = ""
    LINE = "line"  # her practice pays for a line of its own kind
    REPEATED = "repeated"  # her third call in twenty minutes
    PROMISED = "promised"  # she was promised to be rung back
    RETURNED = "returned"  # somebody spoke with her already, and was lost


PRIORITIES: dict[PriorityReason, int] = {
    PriorityReason.NONE: 0,
    PriorityReason.LINE: 1,
    PriorityReason.REPEATED: 1,
    PriorityReason.PROMISED: 1,
    PriorityReason.RETURNED: 2,
}
"""``QueueEntry.priority`` of each reason; urgent callers come before all of them."""


class ReservationRule(StrEnum):
    """Why a call was offered to this agent."""

    LONGEST_IDLE = "longest_idle"
    AFFINITY = "affinity"  # she spoke with this caller last
    PULLED = "pulled"  # nobody chose: she took it herself
    TRANSFER = "transfer"  # a colleague asked for her


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller whom nobody is asked to take. Her wait counts from ``joined_at``.

    ``ahead`` is how many of her own practice waited when she joined. It is not counted anew as those are answered: the
    head of a flood would then always stand before the others. ``language`` and ``certified_only`` are what her practice
    asks of an operator; ``last_spoken_with`` is the operator who last spoke with her.
    """

    entry_id: int
    call_id: int
    practice_id: int
    joined_at: datetime
    ahead: int = 0
    is_urgent: bool = False
    priority: int = 0
    language: str = "fr"
    certified_only: bool = False
    last_spoken_with: int | None = None

    @property
    def turn(self) -> tuple[bool, int, int, datetime, int]:
        """Smaller is sooner: urgent, with priority, then the first few of each practice, the next few, by arrival."""
        return (not self.is_urgent, -self.priority, self.ahead // SIDE_BY_SIDE, self.joined_at, self.entry_id)


class Barrier(StrEnum):
    """What keeps an operator from a practice's calls."""

    NONE = ""
    LANGUAGE = "language"
    CERTIFICATION = "certification"


@dataclass(frozen=True, slots=True)
class Skills:
    """What an operator was hired and trained for; no language named: all of them."""

    languages: frozenset[str] = frozenset()
    certified_for: frozenset[int] = frozenset()  # practices

    def barrier(self, practice_id: int, *, language: str, certified_only: bool) -> Barrier:
        """Why she cannot take this practice's calls; ``NONE`` when she can."""
        if self.languages and language not in self.languages:
            return Barrier.LANGUAGE
        if certified_only and practice_id not in self.certified_for:
            return Barrier.CERTIFICATION
        return Barrier.NONE


@dataclass(frozen=True, slots=True)
class Idle:
    """An operator who is available, since when, and for whom."""

    staff_id: int
    since: datetime
    skills: Skills = Skills()

    def may_take(self, call: Waiting) -> bool:
        """Whether she speaks the caller's language and is trained for her practice, where it asks for that."""
        return not self.skills.barrier(call.practice_id, language=call.language, certified_only=call.certified_only)


@dataclass(frozen=True, slots=True)
class Match:
    """A call, who is asked to take it, and why she."""

    call: Waiting
    agent: Idle
    rule: ReservationRule


def is_asked_again(declined_at: datetime, *, is_urgent: bool, at: datetime) -> bool:
    """Whether somebody who declined a call is asked for it once more, when nobody else who is free may take it.

    Not at once: alone on the floor, she would be rung in a circle.
    """
    return at - declined_at >= (URGENT_ASKED_AGAIN_AFTER if is_urgent else ASKED_AGAIN_AFTER)


def match_calls(
    waiting: Sequence[Waiting],
    idle: Sequence[Idle],
    *,
    declined: Collection[tuple[int, int]] = (),
    again: Collection[tuple[int, int]] = (),
) -> list[Match]:
    """Offer each call in its turn to whoever last spoke with its caller, else to the longest idle who may take it.

    A call that nobody free may take is passed over, and the next is offered: it keeps its turn for whoever can.
    ``declined`` holds (entry id, staff id): who declined a call is not asked, but for those who are in ``again`` too,
    when nobody else who is free may take it.
    """
    free = sorted(idle, key=lambda agent: (agent.since, agent.staff_id))
    matches = []
    for call in sorted(waiting, key=lambda call: call.turn):
        able = [agent for agent in free if agent.may_take(call)]
        fit = [agent for agent in able if (call.entry_id, agent.staff_id) not in declined]
        fit = fit or [agent for agent in able if (call.entry_id, agent.staff_id) in again]
        if not fit:
            continue
        known = next((agent for agent in fit if agent.staff_id == call.last_spoken_with), None)
        agent = known or fit[0]
        free.remove(agent)
        matches.append(Match(call, agent, ReservationRule.LONGEST_IDLE if known is None else ReservationRule.AFFINITY))
    return matches


def alike_practices(practices: Sequence[tuple[int, str, bool]], idle: Sequence[Idle]) -> list[list[int]]:
    """The practices whose calls somebody idle may take, grouped by who may: (id, language, certified only) each.

    Within a group any call does as well as another: of each, as many as there are operators are enough to look at.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for practice_id, language, certified_only in practices:
        takers = tuple(
            agent.staff_id
            for agent in idle
            if not agent.skills.barrier(practice_id, language=language, certified_only=certified_only)
        )
        if takers:
            groups.setdefault(takers, []).append(practice_id)
    return list(groups.values())
