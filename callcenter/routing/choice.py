"""Who takes which call. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Callers of one practice who wait in plain order of arrival; whoever finds more of her own before her lets the others'
# callers pass. Five are what a practice has on a busy morning; a flood is many times that.
SIDE_BY_SIDE = 5


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller whom nobody is asked to take. Her wait counts from ``joined_at``.

    ``ahead`` is how many of her own practice waited when she joined. It is not counted anew as those are answered: the
    head of a flood would then always stand before the others.
    """

    entry_id: int
    call_id: int
    practice_id: int
    joined_at: datetime
    ahead: int = 0
    is_urgent: bool = False
    priority: int = 0

    @property
    def turn(self) -> tuple[bool, int, int, datetime, int]:
        """Smaller is sooner: urgent, with priority, then the first few of each practice, the next few, by arrival."""
        return (not self.is_urgent, -self.priority, self.ahead // SIDE_BY_SIDE, self.joined_at, self.entry_id)


@dataclass(frozen=True, slots=True)
class Idle:
    """An operator who is available, and since when."""

    staff_id: int
    since: datetime


def match_calls(
    waiting: Sequence[Waiting], idle: Sequence[Idle], *, declined: Collection[tuple[int, int]] = ()
) -> list[tuple[Waiting, Idle]]:
    """Offer the call whose turn it is to the longest-idle operator, and so on.

    ``declined`` holds (entry id, staff id): nobody is asked twice for a call she declined; she may still pull it.
    """
    free = sorted(idle, key=lambda agent: (agent.since, agent.staff_id))
    pairs = []
    for call in sorted(waiting, key=lambda call: call.turn):
        agent = next((one for one in free if (call.entry_id, one.staff_id) not in declined), None)
        if agent is not None:
            free.remove(agent)
            pairs.append((call, agent))
    return pairs
