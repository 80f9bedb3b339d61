"""A practitioner was rung about messages, and is asked for a key: 1 takes them, 2 brings the patient as well.

A voicemail presses none: its telephone is hung up after two questions, and the ladder goes on.
"""

import logging
from datetime import datetime
from functools import partial
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice
from callcenter.dispatch.models import Message, Notice, Urgency
from callcenter.dispatch.rules.message_state import UNTAKEN
from callcenter.messaging.notices import take_by_telephone
from callcenter.telephony import twiml
from callcenter.telephony.ear_twiml import EarLeg
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, LegStatus
from callcenter.telephony.notice_calls import want_patient_too
from callcenter.telephony.notice_twiml import (
    PATIENT,
    TAKE,
    NoticeCall,
    ask_practitioner,
    nobody_needed,
    taken,
    to_patient,
)
from callcenter.telephony.state import LegNews
from callcenter.web.context import World
from callcenter.web.deadline import in_time
from callcenter.web.webhooks.verified import SCOPE, add_webhook, read_webhook, xml

router = APIRouter()
log = logging.getLogger(__name__)
_ATTEMPTS = 2


class _Rung(NamedTuple):
    """A telephone that rang about messages, as the key found it."""

    asks: NoticeCall
    room: EarLeg
    is_wanted: bool  # somebody still has to take it
    took: bool = False


async def answer_notice(request: Request) -> Response:
    """Ask twice for a key. What it does is committed before anything is said; a slow answer is asked for again."""
    world, webhook = await read_webhook(request)
    at = world.clock.now()
    leg_id = _number(request.query_params.get("leg", ""))
    asked = request.query_params.get("attempt", "")
    pressed = webhook.get("Digits") if asked else None
    key = pressed if pressed in {TAKE, PATIENT} else None
    try:
        rung = await in_time(world.voice, partial(_hear_key, world, leg_id, key=key, at=at))
    except Exception as fault:
        log.warning("leg %s was picked up (%s)", leg_id, type(fault).__name__)
        return Response(status_code=503)
    if rung is None:
        return xml(twiml.hang_up())
    language, public_url = rung.asks.language, world.settings.public_url
    if rung.took:
        return xml(
            to_patient(rung.room, public_url=public_url)
            if key == PATIENT and rung.asks.has_patient
            else taken(language)
        )
    if not rung.is_wanted or key is not None:
        return xml(nobody_needed(language))
    attempt = _number(asked) + 1 if asked else 0
    if attempt >= _ATTEMPTS:
        return xml(twiml.hang_up())
    return xml(ask_practitioner(rung.asks, public_url=public_url, attempt=attempt))


add_webhook(router, "/notice", answer_notice)


def _hear_key(world: World, leg_id: int, *, key: str | None, at: datetime) -> _Rung | None:
    """The telephone, and with a key what that does; None for one that is not ours."""
    if key is None:
        with world.database.reading(SCOPE) as session:
            return _find(session, leg_id)
    with world.database.unit_of_work(SCOPE) as session:
        rung = _find(session, leg_id)
        if rung is None:
            return None
        took = take_by_telephone(session, leg_id, at=at, public_url=world.settings.public_url)
        if took:
            leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            record_leg_event(session, leg, LegNews.TAKEN, at=at)
            if key == PATIENT:
                want_patient_too(session, leg.call_id, at=at)
        return rung._replace(took=took)


def _find(session: Session, leg_id: int) -> _Rung | None:
    row = session.execute(
        select(Leg, Call, Practice)
        .join(Call, Call.id == Leg.call_id)
        .join(Practice, Practice.id == Call.practice_id)
        .where(Leg.id == leg_id, Leg.asks_key, Call.handling == CallHandling.NOTICE)
    ).one_or_none()
    if row is None:
        return None
    leg, call, practice = row
    about = session.execute(
        select(Message.status, Message.urgency)
        .join(Notice, Notice.message_id == Message.id)
        .where(Notice.leg_id == leg_id)
    ).all()
    goes_on = call.status != CallStatus.ENDED and leg.status not in {LegStatus.LEFT, LegStatus.FAILED}
    asks = NoticeCall(
        leg_id=leg_id,
        practice=practice.name,
        language=practice.language,
        count=len(about),
        is_urgent=any(urgency == Urgency.URGENT for _, urgency in about),
        has_patient=call.from_number is not None,
    )
    room = EarLeg(
        call_sid=call.sid, label=leg.label, practice=practice.name, language=practice.language, is_wanted=goes_on
    )
    return _Rung(asks, room, goes_on and any(status in UNTAKEN for status, _ in about))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
