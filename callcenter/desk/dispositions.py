"""How a call ended: one digit, and the operator is available again."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.desk.drafts import drop_drafts
from callcenter.desk.handling import handled_call
from callcenter.desk.models import Disposition, DispositionCode
from callcenter.routing.models import Agent, AgentStatus
from callcenter.routing.presence import finish_wrap_up
from callcenter.telephony.models import Leg, LegRole

_NEVER, _STILL_THERE = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

DISPOSITION_LABELS: dict[DispositionCode, str] = {
    DispositionCode.BOOKED: N_("Appointment booked"),
    DispositionCode.MOVED: N_("Appointment moved"),
    DispositionCode.CANCELLED: N_("Appointment cancelled"),
    DispositionCode.MESSAGE: N_("Message taken"),
    DispositionCode.URGENT_RELAYED: N_("Emergency relayed"),
    DispositionCode.INFORMATION: N_("Information given"),
    DispositionCode.WRONG_NUMBER: N_("Wrong number"),
    DispositionCode.CALLBACK: N_("To call back"),
    DispositionCode.NONE: N_("No follow-up"),
    DispositionCode.PUT_THROUGH: N_("Put through"),
}


def likely_disposition(
    *, relayed: bool, booked: bool, cancelled: bool, messaged: bool, put_through: bool, abused: bool
) -> DispositionCode | None:
    """The code to offer first, from what was done in the call; None when nothing tells. Pure.

    A relay outweighs a booking: whoever reads the day's figures must find every emergency. An abusive call is no way of
    ending of its own, since its report says so: when nothing else was done in it, nothing follows.
    """
    if relayed:
        return DispositionCode.URGENT_RELAYED
    if booked:
        return DispositionCode.MOVED if cancelled else DispositionCode.BOOKED
    if cancelled:
        return DispositionCode.CANCELLED
    if messaged:
        return DispositionCode.MESSAGE
    if put_through:
        return DispositionCode.PUT_THROUGH
    return DispositionCode.NONE if abused else None


def read_code(typed: str) -> DispositionCode:
    """The code a form sent. Raises ``Invalid`` (field ``code``) when none was chosen."""
    try:
        return DispositionCode(typed)
    except ValueError:
        raise Invalid(N_("Choose how the call ended, with a digit."), field="code") from None


def choose_disposition(
    session: Session,
    call_id: int,
    *,
    staff_id: int,
    code: DispositionCode,
    at: datetime,
    then: AgentStatus = AgentStatus.AVAILABLE,
    by_itself: bool = False,
) -> Disposition:
    """Record how her call ended and end her wrap-up; chosen twice, the first choice stays.

    Of two operators who were in the call, the one who was there last knows how it ended, whoever wraps up first; of one
    who had it twice, the second time counts. ``then`` is what she does next, ``by_itself`` when her time was over and
    nobody pressed a key.

    Raises ``NotFound`` for a call that is not hers and ``Conflict`` while she is still talking.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    # Held from the beginning: her key, and the end of her time, may come in the same instant.
    held = select(Agent).where(Agent.staff_id == staff_id).with_for_update(key_share=True)
    agent = session.scalar(held.execution_options(populate_existing=True))
    here = agent is not None and agent.call_id == call_id
    if here and agent is not None and agent.status == AgentStatus.ON_CALL:
        raise Conflict(N_("You are still on the line. Hang up first."))
    is_new = insert_new(
        session,
        Disposition,
        call_id=call_id,
        practice_id=call.practice_id,
        staff_id=staff_id,
        code=code,
        chosen_at=at,
    )
    found = session.scalars(select(Disposition).where(Disposition.call_id == call_id)).one()
    if here and agent is not None and agent.status == AgentStatus.WRAP_UP:
        if not is_new and _was_there_longer(session, call_id, staff_id, found.staff_id):
            found.staff_id, found.code, found.chosen_at = staff_id, code, at
        finish_wrap_up(session, staff_id, at=at, then=then, by_itself=by_itself)
    drop_drafts(session, call_id, staff_id=staff_id)
    touch(session, f"desk-{staff_id}")
    return found


def _was_there_longer(session: Session, call_id: int, staff_id: int, other_id: int) -> bool:
    """Whether she left the conversation no sooner than the other, or is the other. Who never was in it left first."""
    if staff_id == other_id:
        return True
    own = select(Leg.staff_id, Leg.left_at).where(
        Leg.call_id == call_id,
        Leg.role == LegRole.OPERATOR,
        Leg.staff_id.in_((staff_id, other_id)),
        Leg.joined_at.is_not(None),
    )
    left = {staff_id: _NEVER, other_id: _NEVER}
    for whose, left_at in session.execute(own):
        if whose is not None:
            # Not heard to have left yet: she was there to the end.
            left[whose] = max(left[whose], left_at or _STILL_THERE)
    return left[staff_id] >= left[other_id]


def codes_in_key_order() -> Sequence[tuple[int, DispositionCode, str]]:
    """Digit, code and label, in the order of the keys 1 to 9, then 0."""
    return [(digit % 10, code, DISPOSITION_LABELS[code]) for digit, code in enumerate(DispositionCode, start=1)]
