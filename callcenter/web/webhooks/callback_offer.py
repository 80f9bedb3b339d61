"""Before a long wait a caller may press a key: she is rung back at her turn and need not stay on the line."""

import logging
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.directory.line_entry import LineEntry
from callcenter.routing.overflow import promise_by_key
from callcenter.telephony import twiml
from callcenter.telephony.callback_twiml import KEY, before_the_queue, promised
from callcenter.web.context import World
from callcenter.web.deadline import in_time
from callcenter.web.webhooks.verified import SCOPE, Webhook, add_webhook, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)


async def take_offer(request: Request) -> Response:
    """With the key she is promised a call and hears so; with another, or when that cannot be, into her conference.

    She has had her place since she rang. Pressed twice, or told twice by the carrier, it is one promise.
    """
    world, webhook = await read_webhook(request)
    sid, at = webhook.call_sid, world.clock.now()
    entry = world.lines.entry(webhook.get("To"))
    language = entry.language if entry is not None else world.settings.default_language
    is_promised = False
    if webhook.get("Digits") == KEY:
        try:
            is_promised = await in_time(world.voice, partial(_promise, world, sid, at=at))
        except Exception as fault:
            # Should the promise be kept after all, the music of her room finds her there and she is told.
            log.warning("a call-back could not be promised (%s); its caller waits", type(fault).__name__)
    if is_promised:
        return xml(promised(language))
    return xml(twiml.into_conference(sid, public_url=world.settings.public_url))


add_webhook(router, "/callback-offer", take_offer)


def queue_document(
    world: World, webhook: Webhook, entry: LineEntry | None, *, is_new: bool, is_offered: bool = False, at: datetime
) -> str:
    """What a caller hears who is in the queue and not urgent: her conference, behind the key when the wait is long.

    ``is_new``: this webhook put her there; a repeat gets the answer of the first. ``is_offered``: somebody was asked to
    take her at once.
    """
    sid, settings = webhook.call_sid, world.settings
    if not is_new:
        offer = world.waits.offer_again(sid)
    elif is_offered or entry is None:
        offer = None
    else:
        offer = world.waits.first_offer(sid, entry, webhook.get("From"), countries=settings.countries, at=at)
    if offer is None or entry is None:
        return twiml.into_conference(sid, public_url=settings.public_url)
    return before_the_queue(sid, minutes=offer.minutes, public_url=settings.public_url, language=entry.language)


def _promise(world: World, sid: str, *, at: datetime) -> bool:
    with world.database.voice_work(SCOPE) as session:
        return promise_by_key(session, sid, at=at)
