"""What a relay to the emergency line allows at each moment. Pure: decided here, written elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.core.errors import Conflict, Forbidden, Problem
from callcenter.core.i18n import N_
from callcenter.core.phone import is_fictional

# A nervous second Enter right after the regulator answers must not end anything.
SETTLING = timedelta(seconds=5)

ACTIVE = frozenset({"wanted", "dialling", "ringing", "joined"})

# What a person dials on her own telephone when ours cannot; elsewhere 112 (European emergency number).
_OWN_TELEPHONE = {"FR": "15", "CH": "144"}


class RelayState(StrEnum):
    """Where a relay stands."""

    READY = "ready"  # nothing dialled yet
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    FAILED = "failed"  # busy, no answer, refused: dial again
    DROPPED = "dropped"  # the regulator was there and left without "taken over"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True)
class LegFact:
    """What the rules need of one emergency leg; ``status`` is a ``LegStatus`` value."""

    status: str
    joined_at: datetime | None


def relay_state(legs: Sequence[LegFact], *, taken_over_at: datetime | None) -> RelayState:
    """Where the relay stands, from its legs in the order they were dialled."""
    if taken_over_at is not None:
        return RelayState.TAKEN_OVER
    if not legs:
        return RelayState.READY
    last = legs[-1]
    if last.status == "left":
        return RelayState.FAILED if last.joined_at is None else RelayState.DROPPED
    return {
        "wanted": RelayState.DIALLING,
        "dialling": RelayState.DIALLING,
        "ringing": RelayState.RINGING,
        "joined": RelayState.ANSWERED,
        "failed": RelayState.FAILED,
    }[last.status]


def refusal_to_dial(mode: str, number: str, *, country: str) -> Problem | None:
    """Why this number may not be dialled; None when it may.

    A practice that is not in service never reaches a real emergency line: whoever learns would take a regulator from
    somebody in danger. Only numbers the regulator reserves for fiction pass.
    """
    if not number:
        return Conflict(
            N_("No emergency line is set for this practice. Dial %(number)s on your own telephone."),
            number=own_telephone_number(country),
        )
    if mode != "live" and not is_fictional(number):
        return Forbidden(
            N_("This practice is in training: only a fictional number may be dialled, so this one was not called.")
        )
    return None


def may_take_over(state: RelayState, *, answered_at: datetime | None, at: datetime) -> bool:
    """Whether "taken over" may be noted.

    Not within five seconds of the answer; and also once a line failed or dropped, because the operator may then have
    reached the regulator on another telephone.
    """
    if state is RelayState.ANSWERED:
        return answered_at is not None and at >= answered_at + SETTLING
    return state in {RelayState.FAILED, RelayState.DROPPED}


def may_leave(state: RelayState, *, patient_is_there: bool) -> bool:
    """Whether the operator may leave the call: not before "taken over", while anybody is still there to leave alone."""
    if state in {RelayState.READY, RelayState.TAKEN_OVER}:
        return True
    line_is_open = state in {RelayState.DIALLING, RelayState.RINGING, RelayState.ANSWERED}
    return not (patient_is_there or line_is_open)


def own_telephone_number(country: str) -> str:
    """The emergency number to dial by hand in that country (ISO 3166)."""
    return _OWN_TELEPHONE.get(country, "112")
