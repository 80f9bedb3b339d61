"""/IncomingPhoneNumbers: which numbers the account owns, and what they do when they are dialled."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import rfc2822
from callcenter.carrier.numbers import OwnedNumber
from callcenter.carrier.rest.shapes import PATH, ApiError, Form, account, not_found, page

router = APIRouter(prefix=PATH)
Account = Annotated[Carrier, Depends(account)]

_ADDRESSES = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
_METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}


@router.get("/IncomingPhoneNumbers.json")
async def list_numbers(request: Request, carrier: Account) -> dict[str, Any]:
    asked = request.query_params
    found = [
        represent(carrier, one)
        for one in carrier.network.numbers.values()
        if asked.get("PhoneNumber", one.number) == one.number
        and asked.get("FriendlyName", _friendly_name(one)) == _friendly_name(one)
    ]
    return page(request, "incoming_phone_numbers", found)


@router.get("/IncomingPhoneNumbers/{sid}.json")
async def fetch_number(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    return represent(carrier, _find(request, carrier, sid))


@router.post("/IncomingPhoneNumbers/{sid}.json")
async def update_number(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    """What is not named stays; an address must be one (21402), a method GET or POST (21403)."""
    owned = _find(request, carrier, sid)
    form = await Form.of(request)
    for name in _ADDRESSES:
        if form.text(name) and not form.text(name).startswith(("http://", "https://")):
            raise ApiError(400, 21402, f"{name} is not a valid URL: {form.text(name)}")
    for name in _METHODS:
        if form.text(name, "POST") not in {"GET", "POST"}:
            raise ApiError(400, 21403, f"{name} is not a valid method: {form.text(name)}")
    for name, attribute in (_ADDRESSES | _METHODS).items():
        if name in form:
            setattr(owned, attribute, form.text(name))
    if "FriendlyName" in form:
        owned.label = form.text("FriendlyName")
    owned.updated_at = carrier.clock.now()
    carrier.network.changed()
    return represent(carrier, owned)


def represent(carrier: Carrier, owned: OwnedNumber) -> dict[str, Any]:
    """Twilio's IncomingPhoneNumber resource."""
    account_sid = carrier.settings.account_sid
    return {
        "sid": owned.sid,
        "account_sid": account_sid,
        "friendly_name": _friendly_name(owned),
        "phone_number": owned.number,
        "voice_url": owned.voice_url,
        "voice_method": owned.voice_method,
        "voice_fallback_url": owned.voice_fallback_url,
        "voice_fallback_method": owned.voice_fallback_method,
        "voice_caller_id_lookup": False,
        "voice_application_sid": None,
        "voice_receive_mode": "voice",
        "status_callback": owned.status_callback,
        "status_callback_method": owned.status_callback_method,
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": None,
        "trunk_sid": None,
        "address_sid": None,
        "address_requirements": "none",
        "identity_sid": None,
        "bundle_sid": None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "beta": False,
        "origin": "hosted",
        "status": "in-use",
        "api_version": "2010-04-01",
        "date_created": rfc2822(owned.created_at),
        "date_updated": rfc2822(owned.updated_at),
        "uri": f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{owned.sid}.json",
    }


def _find(request: Request, carrier: Carrier, sid: str) -> OwnedNumber:
    found = next((one for one in carrier.network.numbers.values() if one.sid == sid), None)
    if found is None:
        raise not_found(request)
    return found


def _friendly_name(owned: OwnedNumber) -> str:
    return owned.label or owned.number
