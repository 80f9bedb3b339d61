"""What the carrier reports of the telephones in a call. Hints, in any order: each is applied once."""

import logging
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.telephony.adopting import adopt_leg, is_adopted_label
from callcenter.telephony.calls import HUNG_UP, conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.receipts import is_first
from callcenter.telephony.state import LegNews, RoomFlags
from callcenter.web.context import World
from callcenter.web.deadline import TooLate, in_time
from callcenter.web.webhooks.verified import SCOPE, Webhook, add_webhook, noted, read_webhook

router = APIRouter()
log = logging.getLogger(__name__)

_ROOM_NEWS = {
    "participant-join": LegNews.JOINED,
    "participant-leave": LegNews.LEFT,
    "participant-hold": LegNews.HELD,
    "participant-unhold": LegNews.UNHELD,
    "participant-mute": LegNews.MUTED,
    "participant-unmute": LegNews.UNMUTED,
    "participant-modify": LegNews.MODIFIED,
}
_HUNG_UP_BY_HERSELF = "participant_hung_up"  # ReasonParticipantLeft; otherwise her telephone may still be off the hook
_LEG_NEWS = {
    "queued": LegNews.DIALLED,
    "initiated": LegNews.DIALLED,
    "ringing": LegNews.RANG,
    "in-progress": LegNews.ANSWERED,
    "answered": LegNews.ANSWERED,
    "completed": LegNews.COMPLETED,
    "busy": LegNews.FAILED,
    "no-answer": LegNews.FAILED,
    "failed": LegNews.FAILED,
    "canceled": LegNews.FAILED,
}
_WHY_FAILED = {
    "busy": N_("busy"),
    "no-answer": N_("no answer"),
    "failed": N_("cannot be reached"),
    "canceled": N_("canceled"),
}


async def room_changed(request: Request) -> Response:
    """Somebody came into a conference, left it, is held or muted. Its start and end change nothing: legs decide."""
    world, webhook = await read_webhook(request)
    news = _ROOM_NEWS.get(webhook.get("StatusCallbackEvent"))
    if news is None:
        return noted()
    if news is LegNews.LEFT and webhook.get("ReasonParticipantLeft") == _HUNG_UP_BY_HERSELF:
        news = LegNews.COMPLETED
    return await apply_report(world, partial(_hear_of_room, world, webhook, news, at=world.clock.now()))


async def leg_changed(request: Request) -> Response:
    """A telephone that we had rung: on its way, ringing, answered, back on the hook, or never reached."""
    world, webhook = await read_webhook(request)
    news = _LEG_NEWS.get(webhook.get("CallStatus"))
    asked = request.query_params.get("leg", "")
    leg_id = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0
    if news is None:
        return noted()
    room, label = request.query_params.get("room", ""), request.query_params.get("label", "")
    if not leg_id and is_adopted_label(label):
        return await apply_report(world, partial(_hear_of_new, world, webhook, room, label, news, at=world.clock.now()))
    return await apply_report(world, partial(_hear_of_leg, world, webhook, leg_id, news, at=world.clock.now()))


add_webhook(router, "/conference", room_changed)
add_webhook(router, "/leg", leg_changed)


async def apply_report(world: World, work: Callable[[], object]) -> Response:
    """Apply a report; when that is not done in time the carrier is asked to tell again, which changes nothing twice."""
    try:
        await in_time(world.reports, work)
    except TooLate:
        return Response(status_code=503)
    except Exception:
        log.exception("a report could not be applied; the carrier is asked to tell again")
        return Response(status_code=503)
    return noted()


def _hear_of_room(world: World, webhook: Webhook, news: LegNews, *, at: datetime) -> None:
    room, leg_sid = clean_line(webhook.get("FriendlyName")), clean_line(webhook.get("CallSid"), limit=40)
    event = webhook.get("StatusCallbackEvent")
    with world.database.unit_of_work(SCOPE) as session:
        key = [clean_line(part, limit=40) for part in (webhook.get("ConferenceSid"), event, leg_sid)]
        if not is_first(session, "conference", *key, clean_line(webhook.get("SequenceNumber"), limit=12), at=at):
            return
        label = clean_line(webhook.get("ParticipantLabel"))
        leg = _leg_in_room(session, room, leg_sid, label)
        if leg is None and leg_sid and is_adopted_label(label):
            leg = _new_in_room(session, room, leg_sid, label, at=at)
        if leg is None:
            log.warning("a report about a leg that is not ours: %s", event)
            return
        record_leg_event(session, leg, news, at=at, mark=_mark(webhook), flags=_flags(webhook), sid=leg_sid or None)


def _hear_of_leg(world: World, webhook: Webhook, leg_id: int, news: LegNews, *, at: datetime) -> None:
    status, sid = webhook.get("CallStatus"), clean_line(webhook.get("CallSid"), limit=40)
    with world.database.unit_of_work(SCOPE) as session:
        if not is_first(session, "leg", sid, status, clean_line(webhook.get("SequenceNumber"), limit=12), at=at):
            return
        found = session.scalar(select(Leg).where(Leg.id == leg_id))
        if found is None:
            log.warning("a report about a leg that is not ours: %s", status)
            return
        record_leg_event(session, found, news, at=at, sid=sid or None, failure=_WHY_FAILED.get(status, ""))


def _hear_of_new(world: World, webhook: Webhook, call_sid: str, label: str, news: LegNews, *, at: datetime) -> None:
    """A telephone that was rung while the database did not answer: its call and label are all that names it."""
    status, sid = webhook.get("CallStatus"), clean_line(webhook.get("CallSid"), limit=40)
    with world.database.unit_of_work(SCOPE) as session:
        if not is_first(session, "leg", sid, status, clean_line(webhook.get("SequenceNumber"), limit=12), at=at):
            return
        call = session.scalar(select(Call).where(Call.sid == call_sid))
        if call is None or not sid:
            log.warning("a report about a leg that is not ours: %s", status)
            return
        number = clean_line(webhook.get("To"), limit=20)
        adopt_leg(session, call, label=label, number=number, sid=sid, at=at)
        leg = session.scalars(select(Leg).where(Leg.call_id == call.id, Leg.sid == sid)).one()
        record_leg_event(session, leg, news, at=at, sid=sid, failure=_WHY_FAILED.get(status, ""))


def patient_hung_up(world: World, call_sid: str, *, at: datetime) -> None:
    """The patient's telephone is back on the hook; heard from several sides, applied once."""
    with world.database.unit_of_work(SCOPE) as session:
        if not is_first(session, HUNG_UP, call_sid, at=at):
            return
        leg = session.scalar(
            select(Leg).join(Call, Call.id == Leg.call_id).where(Call.sid == call_sid, Leg.sid == call_sid)
        )
        if leg is not None:
            record_leg_event(session, leg, LegNews.HUNG_UP, at=at)


def _flags(webhook: Webhook) -> RoomFlags | None:
    """How the leg is in its room, when the report says so."""
    said = [webhook.get(name) for name in ("Hold", "Muted", "Coaching")]
    if any(word not in {"true", "false"} for word in said):
        return None
    return RoomFlags(*(word == "true" for word in said))


def _mark(webhook: Webhook) -> int:
    """The place of this report among those of its conference: the carrier's second, then its sequence number.

    The sequence alone would not do: a room that is opened again counts from the start.
    """
    try:
        second = int(parsedate_to_datetime(webhook.get("Timestamp")).timestamp())
    except (ValueError, OverflowError):
        second = 0
    sequence = webhook.get("SequenceNumber")
    if not (sequence.isascii() and sequence.isdecimal()):
        return second * 1000
    return second * 1000 + (int(sequence) if len(sequence) <= 3 else 999)


def _new_in_room(session: Session, room: str, leg_sid: str, label: str, *, at: datetime) -> Leg | None:
    """A telephone that was rung while the database did not answer, and is not written down yet."""
    call = session.scalar(select(Call).where(Call.sid == room.removeprefix(conference_name(""))))
    return None if call is None else adopt_leg(session, call, label=label, number="", sid=leg_sid, at=at)


def _leg_in_room(session: Session, room: str, leg_sid: str, label: str) -> Leg | None:
    call_sid = room.removeprefix(conference_name(""))
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    if call_id is None:
        return None
    lock_call(session, call_id)
    legs = session.scalars(
        select(Leg).where(Leg.call_id == call_id, or_(Leg.sid == leg_sid, Leg.label == label)).order_by(Leg.id)
    ).all()
    # The SID is surer than the label, but may not be known yet.
    return next((leg for leg in legs if leg.sid == leg_sid), next(iter(legs), None))
