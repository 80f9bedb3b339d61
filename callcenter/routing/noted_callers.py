"""Callers whom the carrier's static document answered while this product was out of reach.

They are kept, and owed a call unless somebody spoke with them at the practice's backup number: the carrier lists that
conversation as a leg which their own call has dialled.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.routing.arrival import receive_call
from callcenter.routing.callback_rules import LOST_AFTER
from callcenter.routing.callbacks import owe_noted_caller
from callcenter.routing.elsewhere import note_spoken_elsewhere
from callcenter.routing.models import QueueEntry
from callcenter.telephony.calls import PATIENT_LABEL, SPOKE_ELSEWHERE
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallHandling, Leg
from callcenter.telephony.provider import CarrierCall
from callcenter.telephony.receipts import was_noted
from callcenter.telephony.reconciling import record_repair
from callcenter.telephony.state import LegNews

_ANSWERED = {"in-progress", "completed"}  # of a leg that another has dialled: somebody picked up
_BELIEVED = timedelta(hours=24)


def note_caller(session: Session, call: CarrierCall, *, is_over: bool, has_spoken: bool, at: datetime) -> bool:
    """Keep this caller, and open her call-back; whether she was unknown until now.

    One who is still on the line is owed a call all the same: should she be put through, or come into her room, it is
    closed by that. Needs the scope ``Centre(WEBHOOK)``.
    """
    came_at = _came_at(call, at=at)
    received = receive_call(
        session,
        sid=call.sid,
        to_number=call.to_number,
        from_number=call.from_number,
        at=came_at,
        handling=CallHandling.FALLBACK,
    )
    if received is None or not received.is_new:
        return False
    if is_over:
        patient = session.scalars(select(Leg).where(Leg.call_id == received.call_id, Leg.label == PATIENT_LABEL)).one()
        # At this instant, not when she hung up: whoever hears of it offers other calls from now on.
        record_leg_event(session, patient, LegNews.HUNG_UP, at=at)
    if has_spoken:
        note_spoken_elsewhere(session, call.sid, at=at)
    elif call.lasted is None or call.lasted > LOST_AFTER:
        owe_noted_caller(session, received.call_id, opened_at=min(came_at + (call.lasted or timedelta(0)), at))
    record_repair(session, "caller_noted", call_id=received.call_id, at=at)
    return True


def spoken_elsewhere(calls: Iterable[CarrierCall]) -> set[str]:
    """The SIDs of the calls whose callers somebody speaks with, or spoke with, at a number that their call dialled."""
    return {call.parent_sid for call in calls if call.parent_sid and call.status in _ANSWERED}


def note_conversations(session: Session, sids: Iterable[str], *, at: datetime) -> int:
    """Of these calls, those that were sent elsewhere and of which no report told that somebody answered; how many."""
    found = session.scalars(
        select(Call.sid)
        .outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        .where(
            Call.sid.in_(list(sids)),
            or_(Call.handling == CallHandling.FALLBACK, QueueEntry.overflowed_at.is_not(None)),
        )
        .order_by(Call.id)
    ).all()
    unknown = [sid for sid in found if not was_noted(session, SPOKE_ELSEWHERE, sid)]
    for sid in unknown:
        note_spoken_elsewhere(session, sid, at=at)
    return len(unknown)


def _came_at(call: CarrierCall, *, at: datetime) -> datetime:
    """When she rang, by the carrier's clock, where that agrees with ours; otherwise now."""
    began_at = call.began_at
    return began_at if began_at is not None and at - _BELIEVED <= began_at <= at else at
