"""The digits that a caller of a flooded practice has pressed."""

import logging
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.core.config import Settings
from callcenter.directory.line_entry import LineEntry
from callcenter.routing.arrival import admit_call
from callcenter.telephony import twiml
from callcenter.telephony.gate_twiml import EMERGENCY_CODES, at_the_gate, gate_code
from callcenter.telephony.sentences import emergency_sentence, gate_closed
from callcenter.web.context import World
from callcenter.web.deadline import in_time
from callcenter.web.webhooks.callback_offer import queue_document
from callcenter.web.webhooks.verified import SCOPE, add_webhook, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)
_ATTEMPTS = 3


async def pass_gate(request: Request) -> Response:
    """The right digits, or those for an emergency, lead into the queue; others are asked for twice more.

    When the database cannot let her in in time she goes into her own conference, where she is found.
    """
    world, webhook = await read_webhook(request)
    sid, at, pressed = webhook.call_sid, world.clock.now(), webhook.get("Digits")
    entry = world.lines.entry(webhook.get("To"))
    language = entry.language if entry is not None else world.settings.default_language
    is_urgent = pressed in EMERGENCY_CODES
    if is_urgent:
        world.admission.note_urgent(sid)
    if is_urgent or pressed == gate_code(sid, secret=world.settings.secret_key.get_secret_value()):
        try:
            is_new = await in_time(world.voice, partial(_admit, world, sid, urgent=is_urgent, at=at))
            if not is_urgent:
                return xml(queue_document(world, webhook, entry, is_new=is_new, at=at))
        except Exception as fault:
            log.warning("a caller passed the gate (%s) and waits in her own conference", type(fault).__name__)
        return xml(twiml.into_conference(sid, public_url=world.settings.public_url))
    asked = request.query_params.get("attempt", "")
    attempt = int(asked) + 1 if asked in {"0", "1"} else _ATTEMPTS
    if entry is not None and attempt < _ATTEMPTS:
        return xml(gate_document(sid, entry, world.settings, attempt=attempt))
    own, country = (entry.emergency_sentence, entry.country) if entry is not None else ("", "FR")
    sentences = [emergency_sentence(own, country=country, language=language), gate_closed(language)]
    return xml(twiml.announcement(sentences, language=language))


add_webhook(router, "/gate", pass_gate)


def gate_document(sid: str, entry: LineEntry, settings: Settings, *, attempt: int = 0) -> str:
    """The question at the gate of this line's practice."""
    return at_the_gate(
        sid,
        secret=settings.secret_key.get_secret_value(),
        public_url=settings.public_url,
        country=entry.country,
        language=entry.language,
        attempt=attempt,
    )


def _admit(world: World, sid: str, *, urgent: bool, at: datetime) -> bool:
    with world.database.voice_work(SCOPE) as session:
        return admit_call(session, sid, urgent=urgent, at=at)
