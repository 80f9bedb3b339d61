"""Whether a patient on hold is to be taken back by us, because those for whom she was held have gone. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from callcenter.telephony.statuses import LegRole, LegStatus

_LISTENS = frozenset({LegRole.SUPERVISOR})  # speaks with the operator alone, if at all
_OVER = frozenset({LegStatus.LEFT, LegStatus.FAILED})


@dataclass(frozen=True, slots=True)
class OtherLeg:
    """One telephone of the call that is not the patient's. ``left_at`` is UTC."""

    role: LegRole
    status: LegStatus
    left_at: datetime | None


def is_to_be_taken_back(held_at: datetime | None, others: Iterable[OtherLeg]) -> bool:
    """Whether nobody is left with whom she was kept waiting for.

    Nobody is there: the next to answer must not find music. Or one is left of two, because a consultation ended while
    she was held: whoever stays speaks with her again. Held anew after that, she stays held.
    """
    company = [leg for leg in others if leg.role not in _LISTENS]
    if not any(leg.status is LegStatus.JOINED for leg in company):
        return True
    # Whoever held her is out: the doctor she was to wait for is there, and can speak with her.
    if not any(leg.role is LegRole.OPERATOR and leg.status not in _OVER for leg in company):
        return True
    ended = any(
        leg.status in _OVER and leg.left_at is not None and held_at is not None and leg.left_at >= held_at
        for leg in company
    )
    return ended and sum(leg.status not in _OVER for leg in company) == 1
