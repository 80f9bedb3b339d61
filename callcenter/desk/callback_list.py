"""Callers who are owed a call, as the desk's left column lists them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice, Staff
from callcenter.routing.callback_rules import may_be_rung
from callcenter.routing.models import OWED, Callback, CallbackLink, CallbackReason, CallbackStatus

_AT_MOST = 30


@dataclass(frozen=True, slots=True)
class OwedCall:
    """One caller to be rung back. Instants are UTC; ``zone`` is where the practice's clocks stand."""

    callback_id: int
    number: str  # E.164
    practice_name: str
    zone: str
    opened_at: datetime
    is_promised: bool
    is_by_link: bool  # asked for by the address in a text, not by a key
    is_urgent: bool  # she was lost in an emergency
    losses: int
    attempts: int
    not_before: datetime | None  # None: now
    may_be_rung: bool  # not at night, but for an emergency
    taken_by: str  # the first name of whoever rings her now; empty: nobody
    is_mine: bool

    @property
    def may_be_taken(self) -> bool:
        """Whether ringing her back is a gesture of this moment."""
        return self.may_be_rung and (not self.taken_by or self.is_mine)


def owed_calls(session: Session, staff_id: int, *, at: datetime) -> list[OwedCall]:
    """Whom the session may see that is owed a call, 30 at most; ``callbacks_owed`` counts them all. One query.

    Emergencies, then the oldest first; whom a colleague rings, or whom nobody rings again yet, come after the others:
    they hide nobody.
    """
    later = case(
        (Callback.taken_by == staff_id, 0),
        (Callback.status == CallbackStatus.TAKEN, 1),
        (Callback.not_before > at, 1),
        else_=0,
    )
    rows = session.execute(
        select(Callback, Practice.name, Practice.zone, Staff, CallbackLink.used_at)
        .join(Practice, Practice.id == Callback.practice_id)
        .outerjoin(Staff, Staff.id == Callback.taken_by)
        .outerjoin(CallbackLink, CallbackLink.call_id == Callback.call_id)
        .where(Callback.status.in_(OWED))
        .order_by(later, Callback.urgent.desc(), Callback.opened_at, Callback.id)
        .limit(_AT_MOST)
    )
    return [
        OwedCall(
            callback_id=owed.id,
            number=owed.number,
            practice_name=name,
            zone=zone,
            opened_at=owed.opened_at,
            is_promised=owed.reason == CallbackReason.ASKED,
            is_by_link=used_at is not None,
            is_urgent=owed.urgent,
            losses=owed.losses,
            attempts=owed.attempts,
            not_before=owed.not_before if owed.not_before > at else None,
            may_be_rung=may_be_rung(at, zone, asked_at=None, urgent=owed.urgent),
            taken_by="" if staff is None else (staff.first_name or staff.name),
            is_mine=owed.taken_by == staff_id,
        )
        for owed, name, zone, staff, used_at in rows
    ]
