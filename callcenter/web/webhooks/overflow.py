"""A caller who has waited too long is sent where her practice said, and comes back when nobody is there."""

import logging
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.routing.elsewhere import note_spoken_elsewhere
from callcenter.routing.overflow import Elsewhere, come_back, where_to
from callcenter.telephony import twiml
from callcenter.telephony.sentences import call_promised, going_elsewhere
from callcenter.web.context import World
from callcenter.web.deadline import in_background, in_time
from callcenter.web.webhooks.reports import patient_hung_up
from callcenter.web.webhooks.verified import SCOPE, add_webhook, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)

_HUNG_UP = {"completed", "busy", "failed", "no-answer", "canceled"}
_SPOKE = {"completed", "answered"}


async def go_elsewhere(request: Request) -> Response:
    """The sentence, then the number that her practice named; back into her own conference when she is not to go.

    When the database is slow the number is the one in memory: she was sent, so somebody there is better than nobody.
    """
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    entry = world.lines.entry(webhook.get("To"))
    language = entry.language if entry is not None else world.settings.default_language
    try:
        goes_to = await in_time(world.voice, partial(_where_to, world, sid, at=at))
    except Exception as fault:
        log.warning("a caller is sent elsewhere from memory (%s)", type(fault).__name__)
        goes_to = Elsewhere(number=entry.overflow_number) if entry is not None and entry.overflow_number else None
    if goes_to is None:
        return xml(twiml.into_conference(sid, public_url=world.settings.public_url))
    if goes_to.is_promised:
        return xml(twiml.announcement([call_promised(language)], language=language))
    return xml(
        twiml.elsewhere(
            going_elsewhere(language),
            language=language,
            number=goes_to.number,
            caller=world.settings.caller_number or webhook.get("To"),
            public_url=world.settings.public_url,
        )
    )


async def after_elsewhere(request: Request) -> Response:
    """She has spoken with somebody there: the end. Nobody was there: into her own conference, at her old place.

    Whoever hung up while it rang is lost, and is owed a call.
    """
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    if webhook.get("DialCallStatus") in _SPOKE:
        in_background(world.reports, partial(_note_spoken, world, sid, at=at))
    if webhook.get("CallStatus") in _HUNG_UP:
        in_background(world.reports, partial(patient_hung_up, world, sid, at=at))
        return xml(twiml.hang_up())
    if webhook.get("DialCallStatus") in _SPOKE:
        return xml(twiml.hang_up())
    try:
        await in_time(world.voice, partial(_come_back, world, sid, at=at))
    except Exception as fault:
        # Heard of in her room, she gets her place all the same.
        log.warning("a caller is back from elsewhere (%s) and waits in her own conference", type(fault).__name__)
    return xml(twiml.into_conference(sid, public_url=world.settings.public_url))


add_webhook(router, "/overflow", go_elsewhere)
add_webhook(router, "/overflow-done", after_elsewhere)


def _where_to(world: World, sid: str, *, at: datetime) -> Elsewhere | None:
    with world.database.voice_work(SCOPE) as session:
        return where_to(session, sid, at=at)


def _note_spoken(world: World, sid: str, *, at: datetime) -> None:
    with world.database.unit_of_work(SCOPE) as session:
        note_spoken_elsewhere(session, sid, at=at)


def _come_back(world: World, sid: str, *, at: datetime) -> None:
    with world.database.voice_work(SCOPE) as session:
        come_back(session, sid, at=at)
