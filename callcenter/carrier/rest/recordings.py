"""/Calls/{sid}/Recordings and /Recordings: begun, listed, stopped, forgotten. Nothing is kept but that it was so."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from callcenter.carrier import conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import SidPrefix, new_sid, rfc2822
from callcenter.carrier.network import Call, Recording
from callcenter.carrier.rest.calls import find_call
from callcenter.carrier.rest.shapes import PATH, ApiError, Form, account, not_found, page

router = APIRouter(prefix=PATH)
Account = Annotated[Carrier, Depends(account)]

# Twilio's name for whatever records a call now.
CURRENT = "Twilio.CURRENT"


@router.post("/Calls/{sid}/Recordings.json", status_code=201)
async def create_recording(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    call = find_call(request, carrier, sid)
    if call.status != "in-progress":
        raise ApiError(400, 21220, f"Requested resource is not eligible for recording: call {sid} is not in progress.")
    recording = Recording(new_sid(SidPrefix.RECORDING), call, carrier.clock.now(), _room_of(call))
    carrier.network.recordings[recording.sid] = recording
    call.on_end.append(lambda: _stop(recording, carrier.clock.now()))
    conferences.note(carrier, call, "recording")
    carrier.network.changed()
    return _represent(carrier, recording)


@router.get("/Calls/{sid}/Recordings.json")
async def list_recordings(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    call = find_call(request, carrier, sid)
    found = [one for one in reversed(carrier.network.recordings.values()) if one.call is call]
    return page(request, "recordings", [_represent(carrier, one) for one in found])


@router.post("/Calls/{sid}/Recordings/{recording_sid}.json")
async def update_recording(request: Request, sid: str, recording_sid: str, carrier: Account) -> dict[str, Any]:
    found = [one for one in carrier.network.recordings.values() if one.call.sid == sid]
    if recording_sid == CURRENT:
        found = [one for one in found if one.stopped_at is None]
    else:
        found = [one for one in found if one.sid == recording_sid]
    if not found:
        raise not_found(request)
    form = await Form.of(request)
    if form.text("Status") == "stopped":
        _stop(found[-1], carrier.clock.now())
        conferences.note(carrier, found[-1].call, "no longer recording")
        carrier.network.changed()
    return _represent(carrier, found[-1])


@router.get("/Recordings/{sid}.json")
async def fetch_recording(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    found = carrier.network.recordings.get(sid)
    if found is None:
        raise not_found(request)
    return _represent(carrier, found)


@router.delete("/Recordings/{sid}.json", status_code=204)
async def delete_recording(request: Request, sid: str, carrier: Account) -> Response:
    if carrier.network.recordings.pop(sid, None) is None:
        raise not_found(request)
    return Response(status_code=204)


def _stop(recording: Recording, at: datetime) -> None:
    recording.stopped_at = recording.stopped_at or at


def _represent(carrier: Carrier, recording: Recording) -> dict[str, Any]:
    """Twilio's CallRecording resource."""
    account_sid, call = carrier.settings.account_sid, recording.call
    ended = recording.stopped_at
    seconds = round(((ended or recording.began_at) - recording.began_at).total_seconds())
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "call_sid": call.sid,
        "conference_sid": recording.room_sid,
        "date_created": rfc2822(recording.began_at),
        "date_updated": rfc2822(ended or recording.began_at),
        "start_time": rfc2822(recording.began_at),
        "duration": str(seconds) if ended else None,
        "sid": recording.sid,
        "price": None,
        "uri": f"/2010-04-01/Accounts/{account_sid}/Calls/{call.sid}/Recordings/{recording.sid}.json",
        "encryption_details": None,
        "price_unit": "USD",
        "status": "stopped" if ended else "in-progress",
        "channels": 1,
        "source": "StartCallRecordingAPI",
        "error_code": None,
        "track": "both",
    }


def _room_of(call: Call) -> str | None:
    return call.participant.conference.sid if call.participant else None
