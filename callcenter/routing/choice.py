"""Who takes which call. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller whom nobody is asked to take. Her wait counts from ``joined_at``."""

    entry_id: int
    call_id: int
    practice_id: int
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Idle:
    """An operator who is available, and since when."""

    staff_id: int
    since: datetime


def match_calls(
    waiting: Sequence[Waiting], idle: Sequence[Idle], *, declined: Collection[tuple[int, int]] = ()
) -> list[tuple[Waiting, Idle]]:
    """Offer the longest-waiting call to the longest-idle operator, and so on.

    ``declined`` holds (entry id, staff id): nobody is asked twice for a call she declined; she may still pull it.
    """
    free = sorted(idle, key=lambda agent: (agent.since, agent.staff_id))
    pairs = []
    for call in sorted(waiting, key=lambda call: (call.joined_at, call.entry_id)):
        agent = next((one for one in free if (call.entry_id, one.staff_id) not in declined), None)
        if agent is not None:
            free.remove(agent)
            pairs.append((call, agent))
    return pairs
