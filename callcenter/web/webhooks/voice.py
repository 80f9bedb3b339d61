"""What a caller hears: her call comes in, she waits, her wait is over."""

import logging
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.routing.arrival import find_lost_caller, receive_call
from callcenter.telephony import twiml
from callcenter.telephony.hold_music import hold_music_wav
from callcenter.telephony.models import Call, CallStatus
from callcenter.web.context import At, TheWorld, World
from callcenter.web.webhooks.legs import patient_hung_up
from callcenter.web.webhooks.verified import SCOPE, FromCarrier, Webhook, noted, xml

router = APIRouter()
log = logging.getLogger(__name__)


@router.post("/voice")
def answer_call(webhook: FromCarrier, world: TheWorld, at: At) -> Response:
    """A number was dialled: the caller goes into her own conference, and rings at an operator's.

    The call's unique SID is its own receipt: a repeat finds the same row and gets the same answer.
    """
    sid = webhook.get("CallSid")
    try:
        with world.database.unit_of_work(SCOPE) as session:
            call = receive_call(session, sid=sid, to_number=webhook.get("To"), from_number=webhook.get("From"), at=at)
    except Exception:
        # Whatever broke here, a patient is on the line: in her own room she can still be found.
        log.exception("a call could not be received; its caller waits in her own conference")
        return xml(twiml.into_conference(sid, public_url=world.settings.public_url))
    if call is None:
        return xml(twiml.not_in_service())
    return xml(twiml.into_conference(sid, public_url=world.settings.public_url))


@router.post("/dial-done")
def after_conference(webhook: FromCarrier, world: TheWorld, at: At) -> Response:
    """The caller is out of the conference: the end, or back in when she is on the line and nobody ended her call."""
    sid = webhook.get("CallSid")
    try:
        if webhook.get("CallStatus") == "completed":
            patient_hung_up(world, sid, at=at)
            return xml(twiml.hang_up())
        with world.database.reading(SCOPE) as session:
            is_over = _is_over(session, sid)
    except Exception:
        log.exception("after a conference; its caller goes back in")
        is_over = False
    if is_over:
        return xml(twiml.hang_up())
    return xml(twiml.into_conference(sid, public_url=world.settings.public_url))


@router.post("/wait")
def keep_company(webhook: FromCarrier, world: TheWorld, at: At) -> Response:
    """What the carrier plays to whoever is alone in a conference.

    Asked again at each end of the music: a caller whom a fault kept out of the queue joins it here.
    """
    if webhook.get("Direction") == "inbound":
        try:
            _queue_if_lost(webhook, world, at=at)
        except Exception:
            log.exception("a caller who waits could not be looked up; asked again after the music")
    return xml(twiml.hold_music(public_url=world.settings.public_url))


@router.get("/hold-music.wav")
def hold_music() -> Response:
    """The music itself; anybody may hear it."""
    return Response(hold_music_wav(), media_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"})


@router.post("/call-status")
def caller_status(webhook: FromCarrier, world: TheWorld, at: At) -> Response:
    """The caller's own telephone: the carrier says when it is back on the hook, even if no conference ever did."""
    if webhook.get("CallStatus") in {"completed", "busy", "failed", "no-answer", "canceled"}:
        patient_hung_up(world, webhook.get("CallSid"), at=at)
    return noted()


def _queue_if_lost(webhook: Webhook, world: World, *, at: datetime) -> None:
    sid = webhook.get("CallSid")
    with world.database.reading(SCOPE) as session:
        if session.scalar(select(Call.id).where(Call.sid == sid)) is not None:
            return
    with world.database.unit_of_work(SCOPE) as session:
        call = find_lost_caller(session, sid=sid, to_number=webhook.get("To"), from_number=webhook.get("From"), at=at)
    if call is not None:
        log.warning("call %s was not kept when it came in; its caller is in the queue now", call.call_id)


def _is_over(session: Session, sid: str) -> bool:
    status = session.scalar(select(Call.status).where(Call.sid == sid))
    return status == CallStatus.ENDED
