"""What the carrier reports of texts."""

from fastapi import APIRouter
from fastapi.responses import Response

from callcenter.core.scope import Centre, CentreReason
from callcenter.messaging.receipts import record_receipt
from callcenter.telephony.receipts import is_first
from callcenter.web.context import At, TheWorld
from callcenter.web.webhooks.verified import FromCarrier, noted

router = APIRouter()


@router.post("/message-status")
def text_changed(webhook: FromCarrier, world: TheWorld, at: At, m: str = "") -> Response:
    """A text is on its way, delivered, or will not arrive; ``m`` is the reference we gave the carrier with it."""
    sid, status = webhook.get("MessageSid"), webhook.get("MessageStatus")
    with world.database.unit_of_work(Centre(CentreReason.OUTBOX)) as session:
        if is_first(session, "message", sid, status, at=at):
            error_code = webhook.get("ErrorCode") or None
            record_receipt(session, message_id=m or None, sid=sid, status=status, error_code=error_code, at=at)
    return noted()
