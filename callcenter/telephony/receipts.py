"""Which webhooks have been applied already."""

from datetime import datetime

from sqlalchemy.orm import Session

from callcenter.core.insertion import insert_new
from callcenter.telephony.models import WebhookReceipt


def is_first(session: Session, kind: str, *key: str, at: datetime) -> bool:
    """Note this webhook and tell whether it is the first of its key.

    The key is what the event is (SID, event, sequence number), not which request carried it: the carrier's own retry
    and a repeat that lost its idempotency token are then known alike. Written in the transaction of the effect.
    """
    return insert_new(session, WebhookReceipt, key=receipt_key(kind, *key), kind=kind[:30], received_at=at)


def receipt_key(kind: str, *key: str) -> str:
    """The key under which a webhook of this kind is noted, to look for it inside a larger statement."""
    return ":".join((kind, *key))[:120]
