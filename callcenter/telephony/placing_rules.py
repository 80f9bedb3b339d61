"""Whether, and when, a call of ours may leave: its number, the caps, the stop switch, the carrier's pace. Pure."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from callcenter.core.i18n import N_
from callcenter.core.phone import refusal_to_call
from callcenter.telephony.statuses import LegRole

COUNTED_FOR = timedelta(hours=1)
OUTSIDE = frozenset({LegRole.PATIENT, LegRole.PRACTITIONER, LegRole.CONTACT})
"""Whose telephones are not our own people's: these calls are capped, and the switch stops them."""

_SOFTPHONE = "client:"


@dataclass(frozen=True, slots=True)
class PlacingOrder:
    """One telephone that is to be rung; ``address`` is E.164, a short number or ``client:identity``.

    ``is_exempt``: the emergency line, or a patient rung back while it waits for her.
    """

    role: LegRole
    address: str
    is_exempt: bool

    @property
    def is_outside(self) -> bool:
        """Whether the caps and the switch apply to it."""
        return self.role in OUTSIDE and not self.is_exempt


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Calls to outside numbers within an hour: those placed, or those allowed."""

    operator: int = 0
    practice: int = 0
    centre: int = 0


def refusal_of_number(order: PlacingOrder, *, countries: Set[str]) -> str:
    """Why this number is not called, a message id; empty when it may be. Softphones are our own people's."""
    if order.address.startswith(_SOFTPHONE):
        return ""
    return refusal_to_call(order.address, countries=countries, emergency=order.is_exempt)


def refusal_now(order: PlacingOrder, placed: CallCounts, caps: CallCounts, *, is_stopped: bool) -> str:
    """Why this call is not placed at present, a message id; empty when it may leave.

    ``placed`` counts the hour before it. Our own people's telephones, whichever they are, are neither capped nor
    stopped: without them nobody could be answered.
    """
    if not order.is_outside:
        return ""
    if is_stopped:
        return N_("The supervisor has stopped the calls we place. Only emergency calls leave.")
    if placed.operator >= caps.operator:
        return N_("This operator has placed as many calls as one may within an hour. Ask the supervisor.")
    if placed.practice >= caps.practice:
        return N_("As many calls as one practice may have within an hour were placed for it. Ask the supervisor.")
    if placed.centre >= caps.centre:
        return N_("The centre has placed as many calls as it may within an hour. Ask the supervisor.")
    return ""


def turn_at(next_at: datetime | None, *, ahead: int, per_second: float, at: datetime) -> datetime:
    """When this call's turn comes: at the next free instant, after those ``ahead`` of it; ``at`` when that is now."""
    return max(at, next_at or at) + ahead * interval(per_second)


def interval(per_second: float) -> timedelta:
    """The time between two calls at this rate."""
    return timedelta(seconds=1 / per_second)
