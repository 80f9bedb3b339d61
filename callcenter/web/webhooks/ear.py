"""An operator's own telephone was picked up: by her, who presses a key, or by her voicemail, which never does."""

import logging
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from callcenter.directory.models import Practice
from callcenter.telephony import twiml
from callcenter.telephony.ear_twiml import KEY, EarLeg, ask_for_key, into_room, too_late
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegStatus
from callcenter.telephony.state import LegNews
from callcenter.web.context import World
from callcenter.web.deadline import in_time
from callcenter.web.webhooks.verified import SCOPE, add_webhook, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)
_ATTEMPTS = 2
_NOBODYS = EarLeg(call_sid="", label="", practice="", language="", is_wanted=True)


async def answer_ear(request: Request) -> Response:
    """Asked for a key, twice; with the right one she is in her call's room, otherwise her telephone is hung up.

    When the database is slow the question is asked without the practice's name; the key waits for the database, since
    the room is found there: the carrier asks again.
    """
    world, webhook = await read_webhook(request)
    at = world.clock.now()
    leg_id = _number(request.query_params.get("leg", ""))
    asked = request.query_params.get("attempt", "")
    took = bool(asked) and webhook.get("Digits") == KEY
    try:
        leg = await in_time(world.voice, partial(_read_leg, world, leg_id, took=took, at=at))
    except Exception as fault:
        log.warning("leg %s was picked up (%s)", leg_id, type(fault).__name__)
        if took:
            return Response(status_code=503)
        leg = _NOBODYS
    if leg is None:
        return xml(twiml.hang_up())
    language = leg.language or world.settings.default_language
    if not leg.is_wanted:
        return xml(too_late(language))
    if took:
        return xml(into_room(leg, public_url=world.settings.public_url))
    attempt = _number(asked) + 1 if asked else 0
    if attempt >= _ATTEMPTS:
        return xml(twiml.hang_up())
    return xml(
        ask_for_key(
            leg_id,
            public_url=world.settings.public_url,
            practice=leg.practice,
            language=language,
            attempt=attempt,
        )
    )


add_webhook(router, "/ear", answer_ear)


def _read_leg(world: World, leg_id: int, *, took: bool, at: datetime) -> EarLeg | None:
    """The leg that this telephone is; None for one that is not ours, or that asks for no key.

    That she took it is kept before she is let in: heard of alone, the end of her telephone could be a voicemail's.
    """
    leg = _find_leg(world, leg_id)
    if took and leg is not None and leg.is_wanted:
        with world.database.unit_of_work(SCOPE) as session:
            found = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            lock_call(session, found.call_id)
            session.refresh(found)
            record_leg_event(session, found, LegNews.TAKEN, at=at)
    return leg


def _find_leg(world: World, leg_id: int) -> EarLeg | None:
    with world.database.reading(SCOPE) as session:
        row = session.execute(
            select(Leg, Call, Practice)
            .join(Call, Call.id == Leg.call_id)
            .join(Practice, Practice.id == Call.practice_id)
            .where(Leg.id == leg_id, Leg.asks_key)
        ).one_or_none()
        if row is None:
            return None
        leg, call, practice = row
        coached = session.get(Leg, leg.coached_leg_id) if leg.coached_leg_id is not None else None
        # The telephone to be whispered to has left meanwhile: she comes in silent until the next one is known.
        is_gone = coached is not None and coached.status != LegStatus.JOINED
        return EarLeg(
            call_sid=call.sid,
            label=leg.label,
            practice=practice.name,
            language=practice.language,
            is_wanted=call.status != CallStatus.ENDED and leg.status not in {LegStatus.LEFT, LegStatus.FAILED},
            muted=leg.starts_muted or is_gone,
            coached_sid=None if coached is None or is_gone else coached.sid,
        )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
