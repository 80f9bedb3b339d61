"""SMS: queued, sent, delivered or not, each step reported to whoever asked."""

import asyncio

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import SidPrefix, is_french_landline, new_sid
from callcenter.carrier.network import Reporting, TextMessage

_DELIVERIES: "set[asyncio.Task[None]]" = set()
_ERRORS = {"undelivered": (30006, "Landline or unreachable carrier"), "failed": (30008, "Unknown error")}


def send_message(
    carrier: Carrier, *, from_: str, to: str, body: str, service_sid: str | None, reporting: Reporting | None
) -> TextMessage:
    """Takes a message and delivers it on the carrier's clock. French landlines receive none (30006)."""
    now = carrier.clock.now()
    message = TextMessage(
        sid=new_sid(SidPrefix.MESSAGE),
        from_=from_,
        to=to,
        body=body,
        created_at=now,
        updated_at=now,
        service_sid=service_sid,
        reporting=reporting,
    )
    carrier.network.add_message(message)
    delivery = asyncio.get_running_loop().create_task(_deliver(carrier, message))
    _DELIVERIES.add(delivery)  # the loop itself keeps only a weak reference
    delivery.add_done_callback(_DELIVERIES.discard)
    return message


async def _deliver(carrier: Carrier, message: TextMessage) -> None:
    _move(carrier, message, "queued")
    await carrier.clock.sleep(carrier.settings.sms_sent_after)
    phone = carrier.network.phones.get(message.to)
    outcome = (phone.messages if phone else None) or ("undelivered" if is_french_landline(message.to) else "delivered")
    if outcome != "failed":
        message.sent_at = carrier.clock.now()
        _move(carrier, message, "sent")
        await carrier.clock.sleep(carrier.settings.sms_delivered_after)
    if outcome in _ERRORS:
        message.error_code, message.error_message = _ERRORS[outcome]
    _move(carrier, message, outcome)


def _move(carrier: Carrier, message: TextMessage, status: str) -> None:
    message.status, message.updated_at = status, carrier.clock.now()
    carrier.network.changed()
    if message.reporting is None:
        return
    params = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "From": message.from_,
        "To": message.to,
        "MessageStatus": status,
        "SmsStatus": status,
    }
    if message.service_sid:
        params["MessagingServiceSid"] = message.service_sid
    if message.error_code is not None:
        params["ErrorCode"] = str(message.error_code)
    carrier.callbacks.report(message.sid, message.reporting, params)
