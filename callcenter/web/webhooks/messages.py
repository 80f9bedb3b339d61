"""What the carrier reports of texts."""

from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.core.scope import Centre, CentreReason
from callcenter.core.text import clean_line
from callcenter.messaging.receipts import record_receipt
from callcenter.telephony.receipts import is_first
from callcenter.web.context import World
from callcenter.web.webhooks.reports import apply_report
from callcenter.web.webhooks.verified import Webhook, add_webhook, read_webhook

router = APIRouter()


async def text_changed(request: Request) -> Response:
    """A text is on its way, delivered, or will not arrive; ``m`` is the reference we gave the carrier with it."""
    world, webhook = await read_webhook(request)
    reference = clean_line(request.query_params.get("m", ""), limit=60)
    return await apply_report(world, partial(_hear_of_text, world, webhook, reference, at=world.clock.now()))


add_webhook(router, "/message-status", text_changed)


def _hear_of_text(world: World, webhook: Webhook, reference: str, *, at: datetime) -> None:
    sid, status = (clean_line(webhook.get(name), limit=40) for name in ("MessageSid", "MessageStatus"))
    error_code = clean_line(webhook.get("ErrorCode"), limit=10) or None
    with world.database.unit_of_work(Centre(CentreReason.OUTBOX)) as session:
        if is_first(session, "message", sid, status, at=at):
            record_receipt(session, message_id=reference or None, sid=sid, status=status, error_code=error_code, at=at)
