"""/Conferences and their /Participants: who is in a room, who is rung for it, held, muted, taken out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from callcenter.carrier import announcing, calls, conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import is_call_sid, rfc2822
from callcenter.carrier.legs import hang_up
from callcenter.carrier.network import Call, Conference, Participant
from callcenter.carrier.rest.calls import check_from, check_to
from callcenter.carrier.rest.shapes import PATH, ApiError, Form, account, not_found, page

router = APIRouter(prefix=PATH)
Account = Annotated[Carrier, Depends(account)]


@router.get("/Conferences.json")
async def list_conferences(request: Request, carrier: Account) -> dict[str, Any]:
    asked = request.query_params
    found = [
        represent(carrier, conference)
        for conference in reversed(carrier.network.conferences.values())
        if asked.get("FriendlyName", conference.friendly_name) == conference.friendly_name
        and asked.get("Status", conference.status) == conference.status
    ]
    return page(request, "conferences", found)


@router.get("/Conferences/{sid}.json")
async def fetch_conference(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    return represent(carrier, _conference(request, carrier, sid))


@router.post("/Conferences/{sid}.json")
async def update_conference(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    conference = _conference(request, carrier, sid)
    form = await Form.of(request)
    if form.text("Status") == "completed":
        conferences.end(carrier, conference, reason=conferences.ENDED_BY_API)
    elif form.text("AnnounceUrl"):
        await announcing.announce_to_all(
            carrier, conference, form.text("AnnounceUrl"), method=form.text("AnnounceMethod", "POST")
        )
    return represent(carrier, conference)


@router.post("/Conferences/{sid}/Participants.json", status_code=201)
async def create_participant(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    form = await Form.of(request)
    check_from(form.text("From"))
    check_to(form.text("To"))
    label = form.text("Label")
    if len(label) > 128 or "/" in label or is_call_sid(label):
        raise ApiError(400, 16024, "Participant label invalid: max 128 chars, not a CallSid, no '/'")
    if sid.startswith("CF") and len(sid) == 34:
        conference = carrier.network.open_conference(sid)
        if conference is None:
            raise not_found(request)
    else:
        conference = conferences.conference_named(carrier, sid)
    # Also a leg that still rings holds its label: this is what makes a repeated request harmless.
    if label and conferences.label_is_taken(carrier, conference, label):
        raise ApiError(400, 16025, "Participant label is in use by another participant")
    coached = form.text("CallSidToCoach") if form.flag("Coaching") is not False else ""

    def prepare(participant: Participant) -> None:
        participant.start_on_enter = form.flag("StartConferenceOnEnter") is not False
        participant.end_on_exit = form.flag("EndConferenceOnExit") is True
        participant.muted = form.flag("Muted") is True
        participant.hold = form.flag("Hold") is True
        participant.coached_sid = coached
        participant.wait_url = form.text("WaitUrl") if "WaitUrl" in form else None
        participant.wait_method = form.text("WaitMethod", "POST")

    call = calls.invite(
        carrier,
        conference,
        from_=form.text("From"),
        to=form.text("To"),
        label=label,
        seconds=form.seconds("Timeout", carrier.settings.ring_timeout),
        reporting=form.reporting("StatusCallback", frozenset({"completed"})),
        conference_reporting=form.reporting("ConferenceStatusCallback", conferences.CONFERENCE_EVENTS),
        prepare=prepare,
    )
    return _participant(carrier, conference, call)


@router.get("/Conferences/{sid}/Participants.json")
async def list_participants(request: Request, sid: str, carrier: Account) -> dict[str, Any]:
    conference = _conference(request, carrier, sid)
    asked = {name: value.lower() == "true" for name, value in request.query_params.items() if value}
    found = [
        _participant(carrier, conference, one.call)
        for one in conference.participants.values()
        if asked.get("Muted", one.muted) == one.muted
        and asked.get("Hold", one.hold) == one.hold
        and asked.get("Coaching", one.coaching) == one.coaching
    ]
    if not asked.keys() & {"Muted", "Hold", "Coaching"}:
        found += [_participant(carrier, conference, call) for call in _rung_for(carrier, conference)]
    return page(request, "participants", found)


@router.get("/Conferences/{sid}/Participants/{who}.json")
async def fetch_participant(request: Request, sid: str, who: str, carrier: Account) -> dict[str, Any]:
    conference, call = _find_participant(request, carrier, sid, who)
    return _participant(carrier, conference, call)


@router.post("/Conferences/{sid}/Participants/{who}.json")
async def update_participant(request: Request, sid: str, who: str, carrier: Account) -> dict[str, Any]:
    conference, call = _find_participant(request, carrier, sid, who)
    if call.participant is None:
        raise not_found(request)
    form = await Form.of(request)
    coached: str | None = None
    if form.flag("Coaching") is False:
        coached = ""
    elif "CallSidToCoach" in form:
        coached = form.text("CallSidToCoach")
        if coached not in conference.participants:
            raise ApiError(400, 16040, "The call to coach is not in this conference.")
    conferences.change(
        carrier,
        call.participant,
        muted=form.flag("Muted"),
        hold=form.flag("Hold"),
        coached_sid=coached,
        end_on_exit=form.flag("EndConferenceOnExit"),
    )
    return _participant(carrier, conference, call)


@router.delete("/Conferences/{sid}/Participants/{who}.json", status_code=204)
async def delete_participant(request: Request, sid: str, who: str, carrier: Account) -> Response:
    _, call = _find_participant(request, carrier, sid, who)
    if call.participant is None:
        hang_up(carrier, call)
    else:
        conferences.leave(carrier, call.participant, reason=conferences.LEFT_BY_API)
    return Response(status_code=204)


def _conference(request: Request, carrier: Carrier, sid: str) -> Conference:
    """By sid, or by the name of an open room."""
    found = carrier.network.conferences.get(sid) or carrier.network.open_conference(sid)
    if found is None:
        raise not_found(request)
    return found


def _rung_for(carrier: Carrier, conference: Conference) -> list[Call]:
    return [call for call in carrier.network.live_calls.values() if call.invited_to is conference]


def _find_participant(request: Request, carrier: Carrier, sid: str, who: str) -> tuple[Conference, Call]:
    """By call sid or label, among those inside and those still ringing."""
    conference = _conference(request, carrier, sid)
    inside = [one.call for one in conference.participants.values()]
    for call in [*inside, *_rung_for(carrier, conference)]:
        if who == call.sid or (call.label and who == call.label):
            return conference, call
    raise not_found(request)


def represent(carrier: Carrier, conference: Conference) -> dict[str, Any]:
    """Twilio's Conference resource."""
    account_sid = carrier.settings.account_sid
    uri = f"/2010-04-01/Accounts/{account_sid}/Conferences/{conference.sid}"
    return {
        "sid": conference.sid,
        "account_sid": account_sid,
        "friendly_name": conference.friendly_name,
        "status": conference.status,
        "region": "ie1",
        "reason_conference_ended": conference.reason_ended,
        "call_sid_ending_conference": conference.ended_by,
        "date_created": rfc2822(conference.created_at),
        "date_updated": rfc2822(conference.updated_at or conference.created_at),
        "api_version": "2010-04-01",
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json"},
    }


def _participant(carrier: Carrier, conference: Conference, call: Call) -> dict[str, Any]:
    """Twilio's Participant resource; one still being rung has the status of its call."""
    account_sid = carrier.settings.account_sid
    inside = call.participant
    return {
        "account_sid": account_sid,
        "call_sid": call.sid,
        "label": call.label or None,
        "conference_sid": conference.sid,
        "call_sid_to_coach": (inside.coached_sid if inside else "") or None,
        "coaching": inside.coaching if inside else False,
        "muted": inside.muted if inside else False,
        "hold": inside.hold if inside else False,
        "start_conference_on_enter": inside.start_on_enter if inside else True,
        "end_conference_on_exit": inside.end_on_exit if inside else False,
        "status": "connected" if inside else ("ringing" if call.status == "ringing" else "queued"),
        "queue_time": None,
        "date_created": rfc2822(inside.joined_at if inside else call.created_at),
        "date_updated": rfc2822(conference.updated_at or call.created_at),
        "uri": f"/2010-04-01/Accounts/{account_sid}/Conferences/{conference.sid}/Participants/{call.sid}.json",
    }
