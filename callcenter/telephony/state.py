"""Where a leg and its call stand, decided from what was heard of them. Pure.

The carrier promises no order, repeats itself, and some news never comes. So a leg only ever moves forward, each fact is
kept the first time it is heard, and the call's state is derived from its legs: any order of the same news ends alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from callcenter.telephony.statuses import CallStatus, LegRole, LegStatus


class LegNews(StrEnum):
    """What can be heard of a leg."""

    DIALLED = "dialled"  # the carrier has taken the order to ring it
    RANG = "rang"
    JOINED = "joined"  # it is in the conference
    LEFT = "left"  # it was in the conference and is no longer
    HUNG_UP = "hung_up"  # the telephone is back on the hook, whether or not it ever was in the conference
    FAILED = "failed"  # it never answered, or the carrier refused


@dataclass(frozen=True, slots=True)
class LegState:
    """What is known of one leg. Instants are UTC."""

    role: LegRole
    status: LegStatus
    ringing_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether this telephone is, or may come to be, in the call."""
        return self.status not in {LegStatus.LEFT, LegStatus.FAILED}


_ORDER = list(LegStatus)
_LEADS_TO = {
    LegNews.DIALLED: LegStatus.DIALLING,
    LegNews.RANG: LegStatus.RINGING,
    LegNews.JOINED: LegStatus.JOINED,
    LegNews.LEFT: LegStatus.LEFT,
    LegNews.HUNG_UP: LegStatus.LEFT,
    LegNews.FAILED: LegStatus.FAILED,
}


def advance(leg: LegState, news: LegNews, *, at: datetime) -> LegState:
    """The leg after this news. Late news adds the fact it carries and never moves the leg back."""
    status = max(leg.status, _LEADS_TO[news], key=_ORDER.index)
    # Whoever left was there, whether or not the joining was ever told.
    was_in = news in {LegNews.JOINED, LegNews.LEFT}
    is_over = news in {LegNews.LEFT, LegNews.HUNG_UP, LegNews.FAILED}
    return replace(
        leg,
        status=status,
        ringing_at=leg.ringing_at or (at if news is LegNews.RANG else None),
        joined_at=leg.joined_at or (at if was_in else None),
        left_at=leg.left_at or (at if is_over else None),
    )


def call_status(legs: Iterable[LegState]) -> CallStatus:
    """Where a call stands: ended once the patient has left, a conversation once somebody has joined."""
    legs = list(legs)
    if any(leg.role is LegRole.PATIENT and not leg.is_open for leg in legs):
        return CallStatus.ENDED
    if any(leg.role is not LegRole.PATIENT and leg.status is LegStatus.JOINED for leg in legs):
        return CallStatus.TALKING
    return CallStatus.WAITING


def was_answered(legs: Iterable[LegState]) -> bool:
    """Whether an operator ever was in the conversation."""
    return any(leg.role is LegRole.OPERATOR and leg.joined_at is not None for leg in legs)
