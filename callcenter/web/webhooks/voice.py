"""What a caller hears: her call comes in, she waits, her wait is over. Answered within two seconds, always."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from callcenter.core.text import clean_line
from callcenter.directory.answering_hours import Answering, answering
from callcenter.directory.closed_words import with_emergency_first
from callcenter.directory.line_entry import LineEntry
from callcenter.routing.arrival import Received, admit_call, find_lost_caller, receive_call
from callcenter.routing.models import QueueEntry, QueueEntryStatus
from callcenter.routing.overflow import heard_in_her_room
from callcenter.telephony import twiml
from callcenter.telephony.hold_music import hold_music_wav
from callcenter.telephony.models import Call, CallHandling, CallStatus
from callcenter.telephony.sentences import call_later, emergency_sentence, stay_on_the_line
from callcenter.web.context import World
from callcenter.web.deadline import TooLate, in_background, in_time
from callcenter.web.webhooks.callback_offer import queue_document
from callcenter.web.webhooks.gate import gate_document
from callcenter.web.webhooks.reports import apply_report, patient_hung_up
from callcenter.web.webhooks.verified import SCOPE, Webhook, add_webhook, noted, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)
T = TypeVar("T")

_OVER = {"completed", "busy", "failed", "no-answer", "canceled"}


async def answer_call(request: Request) -> Response:
    """A number was dialled: the caller goes into her own conference, and rings at an operator's.

    The call's unique SID is its own receipt: a repeat finds the same row and gets the same answer. When the database
    is slow or broken she hears what to do in an emergency and goes into her own conference all the same, where she is
    found again.
    """
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    entry = world.lines.entry(webhook.get("To"))
    closed = _closed(entry, at)
    try:
        received = await in_time(
            world.voice, partial(_receive, world, webhook, sid, entry, is_open=closed is None, at=at)
        )
    except TooLate:
        log.warning("a call could not be received in time; its caller waits in her own conference")
        received = None
    except Exception:
        # Whatever broke here, a patient is on the line: in her own room she can still be found.
        log.exception("a call could not be received; its caller waits in her own conference")
        received = None
    else:
        if received is None:
            return xml(twiml.not_in_service())
    handling = None if received is None else received.handling
    if handling is CallHandling.GATED and entry is not None:
        return xml(gate_document(sid, entry, world.settings))
    # Outside the hours she hears so, whether or not it could be written down.
    if entry is not None and (handling is CallHandling.ANNOUNCED or (handling is None and closed is not None)):
        return xml(_announcement(world, entry, closed))
    if received is None:
        return xml(degraded_document(world, sid, entry))
    is_new, is_offered = received.is_new and handling is CallHandling.QUEUE, received.is_offered
    return xml(queue_document(world, webhook, entry, is_new=is_new, is_offered=is_offered, at=at))


async def after_conference(request: Request) -> Response:
    """The caller is out of the conference: the end, or back in when she is on the line and nobody ended her call."""
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    if webhook.get("CallStatus") in _OVER:
        in_background(world.reports, partial(patient_hung_up, world, sid, at=at))
        return xml(twiml.hang_up())
    try:
        is_over = await in_time(world.voice, partial(_is_over, world, sid))
    except Exception as fault:
        log.warning("after a conference (%s): its caller goes back in", type(fault).__name__)
        is_over = False
    if is_over:
        return xml(twiml.hang_up())
    return xml(twiml.into_conference(sid, public_url=world.settings.public_url))


async def keep_company(request: Request) -> Response:
    """What the carrier plays to whoever is alone in a conference; the database is not waited for.

    Asked again at each end of the music: a caller whom a fault kept out of the queue joins it here.
    """
    world, webhook = await read_webhook(request)
    if webhook.get("Direction") == "inbound":
        in_background(world.voice, partial(_queue_if_lost, world, webhook, webhook.call_sid, at=world.clock.now()))
    return xml(twiml.hold_music(public_url=world.settings.public_url))


async def caller_status(request: Request) -> Response:
    """The caller's own telephone: the carrier says when it is back on the hook, even if no conference ever did."""
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    if webhook.get("CallStatus") not in _OVER:
        return noted()
    return await apply_report(world, partial(patient_hung_up, world, sid, at=at))


async def hold_music(_request: Request) -> Response:
    """The music itself; anybody may hear it."""
    return Response(hold_music_wav(), media_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"})


add_webhook(router, "/voice", answer_call)
add_webhook(router, "/dial-done", after_conference)
add_webhook(router, "/wait", keep_company)
add_webhook(router, "/call-status", caller_status)
router.add_route("/hold-music.wav", hold_music, methods=["GET"])


def degraded_document(world: World, sid: str, entry: LineEntry | None) -> str:
    """From memory alone: what to do in an emergency, that somebody will answer, then the room of that very call."""
    language = entry.language if entry is not None else world.settings.default_language
    own, country = (entry.emergency_sentence, entry.country) if entry is not None else ("", "FR")
    sentences = [emergency_sentence(own, country=country, language=language), stay_on_the_line(language)]
    return twiml.into_conference(sid, public_url=world.settings.public_url, saying=sentences, language=language)


def _closed(entry: LineEntry | None, at: datetime) -> Answering | None:
    """How a line stands that is not answered now; None when it is, and when that cannot be told: nobody is turned away
    for a rule that cannot be read.
    """
    if entry is None:
        return None
    try:
        found = answering(entry, at)
    except Exception:
        log.exception("the hours of line %s cannot be read; it is answered", entry.line_id)
        return None
    return None if found.is_open else found


def _announcement(world: World, entry: LineEntry, closed: Answering | None) -> str:
    # Not closed any more: a repeat of a call that came just before the opening, and is in no queue.
    said = closed or Answering(is_open=False, sentence=call_later(entry.language))
    emergency = emergency_sentence(entry.emergency_sentence, country=entry.country, language=entry.language)
    return twiml.announcement(
        with_emergency_first(emergency, said.sentence),
        language=entry.language,
        number=said.number,
        caller=world.settings.caller_number or entry.number,
    )


def _receive(
    world: World, webhook: Webhook, sid: str, entry: LineEntry | None, *, is_open: bool, at: datetime
) -> Received | None:
    """The caller's call, that is kept now; None when no practice has the number."""
    to_number, from_number = _numbers(webhook)

    def receive() -> Received | None:
        with world.database.voice_work(SCOPE) as session:
            handling = CallHandling.QUEUE if is_open else CallHandling.ANNOUNCED
            if entry is not None and is_open:
                handling = world.admission.handling(session, entry, from_number, at)
            return receive_call(
                session, sid=sid, to_number=to_number, from_number=from_number, at=at, handling=handling
            )

    if entry is not None:
        world.admission.note(entry, sid, at)
    return _again_if_disconnected(receive)


def _numbers(webhook: Webhook) -> tuple[str, str]:
    """Who was called and by whom; PostgreSQL refuses a text with a NUL in it, and the caller with it."""
    return clean_line(webhook.get("To"), limit=40), clean_line(webhook.get("From"), limit=40)


def _again_if_disconnected(work: Callable[[], T]) -> T:
    """Do it; once more when its connection had died while it lay in the pool."""
    try:
        return work()
    except DBAPIError as fault:
        if not fault.connection_invalidated:
            raise
        return work()


def _queue_if_lost(world: World, webhook: Webhook, sid: str, *, at: datetime) -> None:
    with world.database.voice_work(SCOPE) as session:
        known = select(Call.handling, QueueEntry.status).outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        handling, place = session.execute(known.where(Call.sid == sid)).one_or_none() or (None, None)
        if handling == CallHandling.GATED:
            # She hears the music, so she has passed the gate: once more, should the database not have heard of it.
            admit_call(session, sid, urgent=world.admission.is_urgent(sid), at=at)
        if place in {QueueEntryStatus.OVERFLOW, QueueEntryStatus.CALLBACK}:
            heard_in_her_room(session, sid, at=at)
        if handling is not None:
            return
        to_number, from_number = _numbers(webhook)
        received = find_lost_caller(session, sid=sid, to_number=to_number, from_number=from_number, at=at)
    if received is not None:
        log.warning("call %s was not kept when it came in; its caller is in the queue now", received.call_id)


def _is_over(world: World, sid: str) -> bool:
    with world.database.voice_work(SCOPE) as session:
        return session.scalar(select(Call.status).where(Call.sid == sid)) == CallStatus.ENDED
