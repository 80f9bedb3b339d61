"""Which webhooks have been applied already."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.core.insertion import insert_new
from callcenter.telephony.models import WebhookReceipt

_KEPT_FOR = timedelta(days=2)
_AT_ONCE = 500


def is_first(session: Session, kind: str, *key: str, at: datetime) -> bool:
    """Note this webhook and tell whether it is the first of its key.

    The key is what the event is (SID, event, sequence number), not which request carried it: the carrier's own retry
    and a repeat that lost its idempotency token are then known alike. Written in the transaction of the effect.
    """
    return insert_new(session, WebhookReceipt, key=receipt_key(kind, *key), kind=kind[:30], received_at=at)


def was_noted(session: Session, kind: str, *key: str) -> bool:
    """Whether a webhook of this key has been applied, in the last two days at least."""
    return session.get(WebhookReceipt, receipt_key(kind, *key)) is not None


def forget_old(session: Session, *, at: datetime) -> int:
    """Forget webhooks of which no repeat can still come, some at a time; how many.

    The carrier repeats within minutes; two days leave room for a clock that was wrong.
    """
    old = select(WebhookReceipt.key).where(WebhookReceipt.received_at < at - _KEPT_FOR)
    due = session.scalars(old.order_by(WebhookReceipt.received_at).limit(_AT_ONCE)).all()
    if due:
        session.execute(delete(WebhookReceipt).where(WebhookReceipt.key.in_(due)))
    return len(due)


def receipt_key(kind: str, *key: str) -> str:
    """The key under which a webhook of this kind is noted, to look for it inside a larger statement."""
    return ":".join((kind, *key))[:120]
