"""Emergency lines that were rung without a row of ours: taken in when they are heard of, under their call's lock."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.telephony.legs import lock_call, record_leg_event, want_leg
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews

_PREFIX = "emergency-"
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def emergency_label(attempt: int | str) -> str:
    """What the carrier calls the line of this attempt, counted from 1 within its call."""
    return f"{_PREFIX}{attempt}"


def is_emergency_label(label: str) -> bool:
    """Whether this label is one of an emergency line of ours."""
    digits = label.removeprefix(_PREFIX)
    return label.startswith(_PREFIX) and digits.isascii() and digits.isdecimal() and 0 < len(digits) < 4


def attempt_of(label: str) -> int:
    """Which line of its call this label counts, from 1; 0 for a label that is none of ours."""
    return int(label.removeprefix(_PREFIX)) if is_emergency_label(label) else 0


def adopt_emergency_leg(
    session: Session,
    call: Call,
    *,
    label: str,
    number: str,
    sid: str,
    at: datetime,
    name: str = "",
    staff_id: int | None = None,
) -> Leg | None:
    """The leg of a line that the carrier has under this label and SID, made if there was none; None if known already.

    What was not known of it, its number (empty when a report does not say it) and its name, is filled in.

    One that was wanted under the same label and never got an answer is that line. ``staff_id`` is who rang it, by
    default the operator in the call. Again, or from two sides at once, gives one leg.
    """
    lock_call(session, call.id)
    query = select(Leg).where(Leg.call_id == call.id).order_by(Leg.id)
    legs = session.scalars(query.execution_options(populate_existing=True)).all()
    known = next((leg for leg in legs if leg.sid == sid), None)
    if known is not None:
        known.address, known.name = known.address or number, known.name or name
        return None
    same = next((leg for leg in legs if leg.label == label), None)
    if same is not None and same.sid is None and same.status not in _OVER:
        record_leg_event(session, same, LegNews.DIALLED, at=at, sid=sid)
        return same
    operators = [leg.staff_id for leg in legs if leg.role == LegRole.OPERATOR and leg.status == LegStatus.JOINED]
    leg = want_leg(
        session,
        call,
        role=LegRole.EMERGENCY,
        label=label if same is None else _free_label(legs),
        address=number,
        staff_id=staff_id or next(iter(operators), None),
        name=name,
        at=at,
    )
    record_leg_event(session, leg, LegNews.DIALLED, at=at, sid=sid)
    return leg


def _free_label(legs: Sequence[Leg]) -> str:
    taken = {leg.label for leg in legs}
    attempt = 1
    while emergency_label(attempt) in taken:
        attempt += 1
    return emergency_label(attempt)
