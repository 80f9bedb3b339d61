"""Somebody outside rung into a call: the practice's doctor, its own secretary, a laboratory. One at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus

THIRD = (LegRole.PRACTITIONER, LegRole.CONTACT)
"""The roles of those whom an operator puts patients through to."""

_OVER = (LegStatus.LEFT, LegStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Outsider:
    """Who is to be rung. ``address`` is E.164; ``digits`` are pressed once it answers, w waits half a second.

    ``asks_key``: whoever answers presses 1 first, so that no voicemail takes a patient who is put through blindly.
    """

    role: LegRole
    address: str
    name: str
    digits: str = ""
    asks_key: bool = False


def thirds_of(session: Session, call_id: int) -> Sequence[Leg]:
    """Everybody outside who was rung into the call, in their order, over or not."""
    return session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.role.in_(THIRD)).order_by(Leg.id)).all()


def want_outsider(session: Session, call: Call, outsider: Outsider, *, staff_id: int, at: datetime) -> Leg:
    """Note that this person is wanted in the call; ``dialling.dial_leg`` rings once it is committed.

    Raises ``Conflict`` when the patient has left, and while somebody else outside is in the call.
    """
    lock_call(session, call.id)
    if call.status == CallStatus.ENDED:
        raise Conflict(N_("The patient has hung up."))
    known = thirds_of(session, call.id)
    present = next((leg for leg in known if leg.status not in _OVER), None)
    if present is not None:
        raise Conflict(N_("%(name)s is in this call already: one at a time."), name=present.name)
    return want_leg(
        session,
        call,
        role=outsider.role,
        label=f"{outsider.role}-{len(known) + 1}",
        address=outsider.address,
        name=outsider.name,
        digits=outsider.digits,
        asks_key=outsider.asks_key,
        staff_id=staff_id,
        at=at,
    )
