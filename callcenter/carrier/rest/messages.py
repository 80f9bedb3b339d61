"""/Messages: send an SMS, look one up."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import is_e164, rfc2822
from callcenter.carrier.network import TextMessage
from callcenter.carrier.rest.shapes import PATH, ApiError, Form, account, not_found, page
from callcenter.carrier.texting import send_message

router = APIRouter(prefix=PATH)
Account = Annotated[Carrier, Depends(account)]
_ALL = frozenset({"queued", "sent", "delivered", "undelivered", "failed"})


@router.post("/Messages.json", status_code=201)
async def create_message(request: Request, carrier: Account) -> dict[str, Any]:
    form = await Form.of(request)
    to, body = form.text("To"), form.text("Body")
    if not to:
        raise ApiError(400, 21604, "A 'To' phone number is required.")
    if not is_e164(to):
        raise ApiError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not body:
        raise ApiError(400, 21602, "Message body is required.")
    if len(body) > 1600:
        raise ApiError(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    service_sid = form.text("MessagingServiceSid") or None
    if not form.text("From") and service_sid is None:
        raise ApiError(400, 21603, "A 'From' phone number or a 'MessagingServiceSid' is required.")
    message = send_message(
        carrier,
        from_=form.text("From") or carrier.settings.sms_sender,
        to=to,
        body=body,
        service_sid=service_sid,
        reporting=form.reporting("StatusCallback", _ALL),
    )
    return represent(carrier, message)


@router.get("/Messages.json")
async def list_messages(request: Request, carrier: Account) -> dict[str, Any]:
    """Filters: To, From, and the day or instant of sending (DateSent, DateSent>, DateSent<)."""
    asked = request.query_params
    found = [
        represent(carrier, message)
        for message in reversed(carrier.network.messages.values())
        if asked.get("To", message.to) == message.to
        and asked.get("From", message.from_) == message.from_
        and all(_sent_fits(message, name, asked[name]) for name in asked if name.startswith("DateSent"))
    ]
    return page(request, "messages", found)


@router.get("/Messages/{sid}.json")
async def fetch_message(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    message = carrier.network.messages.get(sid)
    if message is None:
        raise not_found(request)
    return represent(carrier, message)


def _sent_fits(message: TextMessage, name: str, asked: str) -> bool:
    # A message still queued has no sending time yet: whoever looks for what they just sent must find it.
    sent_at = message.sent_at or message.created_at
    try:
        wanted = datetime.fromisoformat(asked)
    except ValueError as error:
        raise ApiError(400, 20001, f"{name} is a date like 2026-01-05.") from error
    if len(asked) == len("2026-01-05"):
        day = wanted.date()
        return {"DateSent>": sent_at.date() >= day, "DateSent<": sent_at.date() <= day}.get(name, sent_at.date() == day)
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=sent_at.tzinfo)
    if name == "DateSent":
        return sent_at.date() == wanted.date()
    return sent_at.replace(microsecond=0) >= wanted if name == "DateSent>" else sent_at <= wanted


def represent(carrier: Carrier, message: TextMessage) -> dict[str, Any]:
    """Twilio's Message resource."""
    account_sid = carrier.settings.account_sid
    return {
        "sid": message.sid,
        "account_sid": account_sid,
        "messaging_service_sid": message.service_sid,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "status": message.status,
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "error_code": message.error_code,
        "error_message": message.error_message,
        "price": None,
        "price_unit": "USD",
        "date_created": rfc2822(message.created_at),
        "date_updated": rfc2822(message.updated_at),
        "date_sent": rfc2822(message.sent_at),
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{message.sid}.json",
        "subresource_uris": {},
    }
