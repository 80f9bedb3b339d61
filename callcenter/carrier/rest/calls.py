"""/Calls: ask for a call, look at it, end it, send it elsewhere."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from callcenter.carrier import calls
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import is_client, is_e164, rfc2822
from callcenter.carrier.legs import hang_up
from callcenter.carrier.network import Call
from callcenter.carrier.rest.shapes import PATH, ApiError, Form, account, not_found, page

router = APIRouter(prefix=PATH)
Account = Annotated[Carrier, Depends(account)]


def check_to(to: str, *, missing: int = 21201) -> None:
    """Refuses what cannot be rung (21211)."""
    if not to:
        raise ApiError(400, missing, "A 'To' address is required.")
    if not is_e164(to) and not is_client(to):
        raise ApiError(400, 21211, f"Invalid 'To' Phone Number: {to}")


def check_from(from_: str) -> None:
    """A call must show a number (21213)."""
    if not from_:
        raise ApiError(400, 21213, "A 'From' phone number is required.")


def find_call(request: Request, carrier: Carrier, sid: str) -> Call:
    call = carrier.network.calls.get(sid)
    if call is None:
        raise not_found(request)
    return call


@router.post("/Calls.json", status_code=201)
async def create_call(request: Request, carrier: Account) -> dict[str, Any]:
    form = await Form.of(request)
    check_to(form.text("To"))
    check_from(form.text("From"))
    if not form.text("Url") and not form.text("Twiml"):
        raise ApiError(400, 21205, "Url parameter is required.")
    call = calls.call_out(
        carrier,
        from_=form.text("From"),
        to=form.text("To"),
        seconds=form.seconds("Timeout", carrier.settings.ring_timeout),
        url=form.text("Url"),
        method=form.text("Method", "POST"),
        twiml=form.text("Twiml"),
        digits=form.text("SendDigits"),
        reporting=form.reporting("StatusCallback", frozenset({"completed"})),
    )
    return represent(carrier, call)


@router.get("/Calls.json")
async def list_calls(request: Request, carrier: Account) -> dict[str, Any]:
    asked = request.query_params
    since = _instant(asked.get("StartTime>", ""))
    found = [
        represent(carrier, call)
        for call in reversed(carrier.network.calls.values())
        if asked.get("To", call.to) == call.to
        and asked.get("From", call.from_) == call.from_
        and asked.get("Status", call.status) == call.status
        and asked.get("ParentCallSid", call.parent_sid) == call.parent_sid
        and _began_at(call) >= since
    ]
    return page(request, "calls", found)


@router.get("/Calls/{sid}.json")
async def fetch_call(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    return represent(carrier, find_call(request, carrier, sid))


@router.post("/Calls/{sid}.json")
async def update_call(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    call = find_call(request, carrier, sid)
    form = await Form.of(request)
    if call.is_over:
        raise ApiError(400, 21220, f"Call {sid} is not in-progress. Cannot redirect.")
    status = form.text("Status")
    if status == "completed" or (status == "canceled" and call.answered_at is None):
        hang_up(carrier, call)
    elif form.text("Url") or form.text("Twiml"):
        calls.redirect(
            carrier, call, url=form.text("Url"), method=form.text("Method", "POST"), twiml=form.text("Twiml")
        )
    return represent(carrier, call)


def _began_at(call: Call) -> datetime:
    return call.created_at.replace(microsecond=0)


def _instant(asked: str) -> datetime:
    """A filter's instant, to the second; without one, since ever."""
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment.replace(microsecond=0) if moment.tzinfo else moment.replace(microsecond=0, tzinfo=UTC)


def represent(carrier: Carrier, call: Call) -> dict[str, Any]:
    """Twilio's Call resource."""
    account_sid = carrier.settings.account_sid
    uri = f"/2010-04-01/Accounts/{account_sid}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "account_sid": account_sid,
        "parent_call_sid": call.parent_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": None,
        "status": call.status,
        "direction": call.direction,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.ended_at or call.answered_at or call.created_at),
        "start_time": rfc2822(call.answered_at),
        "end_time": rfc2822(call.ended_at),
        "duration": str(call.seconds()) if call.is_over else None,
        "price": None,
        "price_unit": "USD",
        "answered_by": None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "caller_name": None,
        "group_sid": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {},
    }
