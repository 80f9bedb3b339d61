"""Telephones that ring for a message: which they are, what became of them, and letting them be.

Whoever needs both locks the calls first and the message after: reports of the carrier do so too.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.dispatch.models import Message, Notice, NoticeStatus
from callcenter.dispatch.writing import lock_message
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.outbound import end_outbound_call
from callcenter.telephony.statuses import GOING_ON


def lock_with_telephones(session: Session, message_id: int) -> Message:
    """The message, locked, and before it the calls that ring somebody for it. Raises ``NotFound``."""
    for call_id, _ in ringing_calls(session, message_id):
        lock_call(session, call_id)
    return lock_message(session, message_id)


def ringing_calls(session: Session, message_id: int) -> Sequence[tuple[int, int]]:
    """The calls of ours that go on about a message, and the telephone that each rings."""
    rows = session.execute(
        select(Leg.call_id, Leg.id)
        .join(Notice, Notice.leg_id == Leg.id)
        .join(Call, Call.id == Leg.call_id)
        .where(Notice.message_id == message_id, Notice.status == NoticeStatus.SENT, Call.status.in_(GOING_ON))
        .order_by(Leg.call_id)
    )
    return [(call_id, leg_id) for call_id, leg_id in rows]


def stop_ringing(session: Session, message: Message, *, at: datetime, but: int | None) -> None:
    """End the calls that ring somebody for a message which was taken; ``but``: the telephone that took it.

    A call that rings for several messages goes on for the others.
    """
    for call_id, leg_id in ringing_calls(session, message.id):
        others = (
            select(Notice.id)
            .join(Leg, Leg.id == Notice.leg_id)
            .where(Leg.call_id == call_id, Notice.message_id != message.id)
        )
        if leg_id != but and session.scalar(others.limit(1)) is None:
            end_outbound_call(session, call_id, at=at)
