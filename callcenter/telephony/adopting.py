"""Telephones that were rung without a row of ours, an emergency line's or the patient's: the database did not answer.

They are taken in when they are heard of, under their call's lock.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.legs import lock_call, record_leg_event, want_leg
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews

_EMERGENCY = "emergency-"
_RUNG_BACK = f"{PATIENT_LABEL}-"


def emergency_label(attempt: int | str) -> str:
    """What the carrier calls the line of this attempt, counted from 1 within its call."""
    return f"{_EMERGENCY}{attempt}"


def is_emergency_label(label: str) -> bool:
    """Whether this label is one of an emergency line of ours."""
    return _count(label, _EMERGENCY) > 0


def attempt_of(label: str) -> int:
    """Which line of its call this label counts, from 1; 0 for a label that is none of ours."""
    return _count(label, _EMERGENCY)


def rung_back_label(count: int) -> str:
    """What the carrier calls a telephone of the patient on which she is rung back, counted from 2 within its call."""
    return f"{_RUNG_BACK}{count}"


def is_adopted_label(label: str) -> bool:
    """Whether this label is one that is rung without a row: an emergency line's, or of a patient rung back."""
    return is_emergency_label(label) or _count(label, _RUNG_BACK) > 1


def adopt_leg(
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
    """The leg of a telephone that the carrier has under this label and SID; None if it was known already.

    What was not known of it, its number (empty when a report does not say it) and its name, is filled in.

    One that was wanted under the same label and never got an answer is that telephone. ``staff_id`` is who rang an
    emergency line, by default the operator in the call. Again, or from two sides at once, gives one leg.
    """
    lock_call(session, call.id)
    query = select(Leg).where(Leg.call_id == call.id).order_by(Leg.id)
    legs = session.scalars(query.execution_options(populate_existing=True)).all()
    known = next((leg for leg in legs if leg.sid == sid), None)
    if known is not None:
        known.address, known.name = known.address or number, known.name or name
        return None
    same = next((leg for leg in legs if leg.label == label), None)
    # Given up is not over: the carrier has it after all.
    if same is not None and same.sid is None and same.over_at is None and same.failed_at is None:
        record_leg_event(session, same, LegNews.DIALLED, at=at, sid=sid)
        return same
    role = LegRole.EMERGENCY if is_emergency_label(label) else LegRole.PATIENT
    leg = want_leg(
        session,
        call,
        role=role,
        label=label if same is None else _free_label(label, legs),
        address=number,
        staff_id=(staff_id or _operator_in(legs)) if role is LegRole.EMERGENCY else None,
        name=name,
        at=at,
    )
    record_leg_event(session, leg, LegNews.DIALLED, at=at, sid=sid)
    return leg


def _operator_in(legs: Sequence[Leg]) -> int | None:
    joined = [leg.staff_id for leg in legs if leg.role == LegRole.OPERATOR and leg.status == LegStatus.JOINED]
    return next(iter(joined), None)


def _free_label(label: str, legs: Sequence[Leg]) -> str:
    prefix = _EMERGENCY if is_emergency_label(label) else _RUNG_BACK
    taken = {leg.label for leg in legs}
    count = 1 if prefix == _EMERGENCY else 2
    while f"{prefix}{count}" in taken:
        count += 1
    return f"{prefix}{count}"


def _count(label: str, prefix: str) -> int:
    digits = label.removeprefix(prefix)
    is_ours = label.startswith(prefix) and digits.isascii() and digits.isdecimal() and len(digits) < 4
    return int(digits) if is_ours else 0
