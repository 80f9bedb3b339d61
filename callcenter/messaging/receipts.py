"""What the carrier reports about a text after it was sent.

Receipts come repeated, late and out of order. So they only ever move a message forward: nothing takes back "delivered",
and a failure of an earlier attempt says nothing about the present one.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.dispatch.notices import note_link
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.messaging.reference import read_reference

# Statuses of Twilio's Message resource.
_ON_THE_WAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
_REFUSED = frozenset({"undelivered", "failed"})
_BEFORE_RECEIPT = (OutboxStatus.PENDING, OutboxStatus.SENDING, OutboxStatus.UNCERTAIN)


def record_receipt(
    session: Session, *, message_id: str | None, sid: str, status: str, error_code: str | None, at: datetime
) -> bool:
    """Apply one status callback; whether it changed anything.

    ``message_id`` is the reference of the callback's address (``m``); without a usable one the carrier's ``sid`` finds
    the message. Needs a scope that sees every practice.
    """
    reference = read_reference(message_id)
    found = (
        session.execute(
            select(
                OutboxMessage.id,
                OutboxMessage.attempts,
                OutboxMessage.call_id,
                OutboxMessage.sid,
                OutboxMessage.link_id,
            ).where(
                OutboxMessage.channel == OutboxChannel.SMS,
                OutboxMessage.id == reference[0] if reference else OutboxMessage.sid == sid,
            )
        ).first()
        if reference or sid
        else None
    )
    if found is None:
        return False
    is_present_attempt = reference[1] == found.attempts if reference else True
    if status == "delivered":
        from_: list[OutboxStatus] = [one for one in OutboxStatus if one is not OutboxStatus.DELIVERED]
        values: dict[str, object] = {"status": OutboxStatus.DELIVERED, "settled_at": at, "error": ""}
    elif status in _REFUSED and is_present_attempt:
        from_ = [*_BEFORE_RECEIPT, OutboxStatus.SENT]
        values = {"status": OutboxStatus.FAILED, "settled_at": at, "error": f"{status} {error_code or ''}".strip()}
    elif status in _ON_THE_WAY and is_present_attempt:
        # The carrier has it: whatever we feared about this attempt is settled.
        from_ = [OutboxStatus.SENDING, OutboxStatus.UNCERTAIN]
        values = {"status": OutboxStatus.SENT, "sent_at": at, "error": ""}
    else:
        return False
    # A look-up may have given this text to another message in the same words: the reference is surer.
    if found.sid is None and sid and session.scalar(select(OutboxMessage.id).where(OutboxMessage.sid == sid)) is None:
        values["sid"] = sid
    changed = session.scalars(
        update(OutboxMessage)
        .where(OutboxMessage.id == found.id, OutboxMessage.status.in_(from_))
        .values(**values)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    if changed:
        touch(session, "outbox", *([f"call-{found.call_id}"] if found.call_id is not None else []))
        if found.link_id is not None and values["status"] != OutboxStatus.SENT:
            note_link(session, found.link_id, arrived=values["status"] == OutboxStatus.DELIVERED, at=at)
    return bool(changed)
