"""What a relay to the emergency line allows at each moment. Pure: decided here, written elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.core.errors import Conflict, Forbidden, Problem
from callcenter.core.i18n import N_
from callcenter.core.training import refusal_in_training
from callcenter.directory.emergency_order import LineToTry, emergency_country

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
    FAILED = "failed"  # busy, no answer, refused: the next is dialled, or the same again
    DROPPED = "dropped"  # the regulator was there and left without "taken over"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True)
class LegFact:
    """What the rules need of one emergency leg; ``status`` is a ``LegStatus`` value, ``number`` what was dialled."""

    status: str
    joined_at: datetime | None
    number: str = ""

    @property
    def was_in_vain(self) -> bool:
        """Whether nobody ever answered it."""
        return self.status == "failed" or (self.status == "left" and self.joined_at is None)


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
    refusal = refusal_in_training(mode, number)
    return Forbidden(refusal) if refusal else None


def may_be_dialled(lines: Sequence[LineToTry], *, mode: str) -> list[LineToTry]:
    """Those that a practice in this mode may reach, in their order: in training fictional ones alone."""
    return [line for line in lines if refusal_to_dial(mode, line.number, country="") is None]


def refusal_to_relay(lines: Sequence[LineToTry], *, mode: str, country: str) -> Problem | None:
    """Why none of a practice's lines may be dialled; None when one may."""
    if may_be_dialled(lines, mode=mode):
        return None
    return refusal_to_dial(mode, lines[0].number if lines else "", country=country)


def line_to_dial(lines: Sequence[LineToTry], tried: Sequence[LegFact]) -> LineToTry | None:
    """The line that is dialled next, among those that may be; None when there is none.

    One that was answered and then cut comes first again: its regulator knows of the patient. Otherwise the one after
    the last that was tried; after the last of all the first.
    """
    if not lines or not tried:
        return lines[0] if lines else None
    last = tried[-1]
    place = _place_of(last.number, lines)
    if place is None:
        return lines[0]
    return lines[place] if not last.was_in_vain else lines[(place + 1) % len(lines)]


def line_dialled_by_itself(lines: Sequence[LineToTry], tried: Sequence[LegFact]) -> LineToTry | None:
    """The line that is dialled without waiting for her, after one that nobody answered; None: it is hers to say.

    Not after the last line of all: dialled in turns for ever, lines that do not answer would keep her from her own
    telephone. Not after one that was answered: the regulator may have hung up because all was said.
    """
    if not tried or not tried[-1].was_in_vain:
        return None
    place = _place_of(tried[-1].number, lines)
    return None if place is None or place + 1 >= len(lines) else lines[place + 1]


def _place_of(number: str, lines: Sequence[LineToTry]) -> int | None:
    return next((place for place, line in enumerate(lines) if line.number == number), None)


def may_take_over(state: RelayState, *, answered_at: datetime | None, at: datetime) -> bool:
    """Whether the "taken over" of whoever is on the line may be noted: not within five seconds of the answer."""
    return state is RelayState.ANSWERED and answered_at is not None and at >= answered_at + SETTLING


def may_take_over_elsewhere(state: RelayState, tried: Sequence[LegFact]) -> bool:
    """Whether "taken over by another telephone" may be noted: once a line failed or was cut.

    Also while the next one rings: she may have reached the regulator on her own telephone meanwhile.
    """
    if state in {RelayState.FAILED, RelayState.DROPPED}:
        return True
    return state in {RelayState.DIALLING, RelayState.RINGING} and len(tried) > 1


def may_leave(state: RelayState, *, patient_is_there: bool) -> bool:
    """Whether the operator may leave the call: not before "taken over", while anybody is still there to leave alone."""
    if state in {RelayState.READY, RelayState.TAKEN_OVER}:
        return True
    line_is_open = state in {RelayState.DIALLING, RelayState.RINGING, RelayState.ANSWERED}
    return not (patient_is_there or line_is_open)


def may_close(state: RelayState, *, patient_is_given_up: bool) -> bool:
    """Whether the card may be closed: before anything was dialled, once taken over, or when all was in vain.

    In vain: she was rung back as often as may be, or has no number, and no line is on its way or there.
    """
    if state in {RelayState.READY, RelayState.TAKEN_OVER}:
        return True
    return patient_is_given_up and state in {RelayState.FAILED, RelayState.DROPPED}


def own_telephone_number(country: str) -> str:
    """The emergency number to dial by hand in that country (ISO 3166)."""
    return _OWN_TELEPHONE.get(emergency_country(country), "112")
