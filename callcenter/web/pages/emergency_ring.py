"""Ringing an emergency line whether or not the database answers: the page's signed ticket is the right to do it.

Nothing here waits for a page's thread, a session cookie or a page's connection: all of those may be stuck. Its own work
has the connections of callers on the line, which are given up within seconds.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, ValidationError

from callcenter.core.errors import Forbidden, Problem, ProviderError
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.emergency import open_relay
from callcenter.desk.emergency_dialling import dial_emergency
from callcenter.desk.emergency_direct import (
    Rung,
    SeenRoom,
    look_into_room,
    proven,
    ring_directly,
    ring_patient_directly,
    state_of_line,
    take_back_from_hold,
)
from callcenter.desk.emergency_kept import KeptMeanwhile, keep_meanwhile, keep_rung
from callcenter.desk.emergency_ticket import WRITTEN_DOWN_WITHIN, EmergencyTicket, line_of, open_ticket
from callcenter.directory.identity import is_signed_in
from callcenter.routing.desk_claim import refuse_elsewhere
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.models import Leg
from callcenter.web.context import World, world
from callcenter.web.deadline import TooLate, in_background, in_time

log = logging.getLogger(__name__)
router = APIRouter()

TICKET = "Emergency-Ticket"  # a header: tickets do not stand in addresses
_KEEP_TRYING_FOR = 3600.0  # seconds
_LONGEST_BODY = 20_000
_MOST_ATTEMPTS = 50


class Attempt(BaseModel):
    """Which line is to be rung: its place in the ticket, and the how manieth line of this call it is."""

    attempt: int = Field(ge=1, le=_MOST_ATTEMPTS)
    place: int = Field(ge=0, le=_MOST_ATTEMPTS)
    sid: str | None = Field(default=None, max_length=40, pattern=r"^CA[0-9a-f]{32}$")


class Meanwhile(BaseModel):
    """What a browser kept while the database did not answer; ``taken_over_at`` in milliseconds since 1970."""

    caller: str = Field(default="", max_length=120)
    address: str = Field(default="", max_length=300)
    detail: str = Field(default="", max_length=200)
    callback: str = Field(default="", max_length=30)
    taken_over_at: float | None = Field(default=None, ge=0, le=7_258_118_399_000)
    rung: list[Attempt] = Field(default_factory=list, max_length=_MOST_ATTEMPTS)


async def ring(request: Request) -> Response:
    """Ring this line: the ordinary way if the database answers in time, otherwise by telling the carrier directly."""
    the_world, ticket = world(request), _ticket(request)
    asked = Attempt.model_validate_json(await _body(request))
    attempt, place = asked.attempt, asked.place
    looking = asyncio.create_task(_look(the_world, ticket))
    try:
        wanted = await _want(the_world, ticket)
        # From here on its label is that of the row, so that the two ways stay one line.
        attempt = int(wanted.label.rpartition("-")[2])
        place = next((n for n, (number, _) in enumerate(ticket.lines) if number == wanted.address), place)
        tell = partial(dial_leg, the_world.database, the_world.provider, wanted.id, the_world.clock)
        await in_time(the_world.urgent, partial(tell, settings=the_world.settings))
        return JSONResponse({"by": "ordinary", "attempt": attempt, "place": place, "state": "ringing"})
    except Problem:
        raise
    except Exception as fault:  # whatever is wrong with the database must not keep the line from ringing
        log.warning("an emergency line is rung without the database: %s", type(fault).__name__)
    seen = await looking
    act = partial(
        ring_directly, the_world.provider, ticket,
        attempt=attempt, place=place, settings=the_world.settings, seen=seen,
    )  # fmt: skip
    try:
        rung: Rung = await in_time(the_world.direct, act)
    except (ProviderError, TooLate) as failed:
        log.error("an emergency line could not be rung at the carrier: %s", type(failed).__name__)
        return _said(N_("The carrier does not answer. Dial on your own telephone."), status=502)
    _afterwards(the_world, ticket, rung, seen)
    return JSONResponse({"by": "direct", "state": "ringing"} | asdict(rung))


async def state(request: Request) -> Response:
    """Where the line of an attempt stands at the carrier, and who is in the room."""
    the_world, ticket = world(request), _ticket(request)
    asked = Attempt.model_validate({"place": 0} | dict(request.query_params))

    def look() -> dict[str, object]:
        seen = look_into_room(the_world.provider, ticket)
        stands = state_of_line(the_world.provider, seen, attempt=asked.attempt, sid=asked.sid)
        return {"state": stands.value, "patient": seen.patient_state.value}

    try:
        return JSONResponse(await in_time(the_world.direct, look))
    except (ProviderError, TooLate):
        return _said(N_("The carrier does not answer. Dial on your own telephone."), status=502)


async def ring_patient(request: Request) -> Response:
    """Ring the patient back, whose line dropped: through the carrier, whatever the database does."""
    the_world, ticket = world(request), _ticket(request)

    def ring_her() -> bool:
        seen = look_into_room(the_world.provider, ticket)
        return ring_patient_directly(the_world.provider, ticket, settings=the_world.settings, seen=seen)

    try:
        return JSONResponse({"rung": await in_time(the_world.direct, ring_her)})
    except (ProviderError, TooLate):
        return _said(N_("The carrier does not answer. Dial on your own telephone."), status=502)


async def keep(request: Request) -> Response:
    """Write down what the browser kept; 503 while the database still does not answer, and the browser asks again.

    200 instead of 204 when a colleague has the patient by now, to whom it was handed on.
    """
    the_world, ticket = world(request), _ticket(request, late=WRITTEN_DOWN_WITHIN)
    sent = Meanwhile.model_validate_json(await _body(request))
    told = None if sent.taken_over_at is None else datetime.fromtimestamp(sent.taken_over_at / 1000, UTC)
    kept = KeptMeanwhile(sent.caller, sent.address, sent.detail, sent.callback, told)
    rung = await _proven(the_world, ticket, [_rung(ticket, one) for one in sent.rung])
    abandoned = threading.Event()

    def write() -> bool:
        at = the_world.clock.now()
        with the_world.database.voice_work(Practices.of(ticket.practice_id)) as session:
            keep_rung(session, ticket, rung, at=at)
            is_handed_on = keep_meanwhile(session, ticket, kept, at=at)
            _unless(abandoned)
            return is_handed_on

    try:
        is_handed_on = await in_time(the_world.urgent, write)
    except Problem:
        raise
    except Exception as fault:
        abandoned.set()
        log.warning("what was done in an emergency is not written down yet: %s", type(fault).__name__)
        return Response(status_code=503)
    if is_handed_on:
        return _said(N_("A colleague has this patient now. What you wrote is on her card."), status=200)
    return Response(status_code=204)


def _add(path: str, method: str, answer: Callable[[Request], Awaitable[Response]]) -> None:
    async def answer_or_refuse(request: Request) -> Response:
        # Refusals are told here: the pages' own are rendered in threads that may all be stuck.
        try:
            return await answer(request)
        except Problem as refused:
            return _said(refused.sentence, status=refused.status, **refused.values)
        except ValidationError:
            return Response(status_code=422)

    router.add_route(path, answer_or_refuse, methods=[method])


_add("/emergency/ring", "POST", ring)
_add("/emergency/ring", "GET", state)
_add("/emergency/patient", "POST", ring_patient)
_add("/emergency/kept", "POST", keep)


async def _want(the_world: World, ticket: EmergencyTicket) -> Leg:
    """Want the line as the card does; its leg. Raises ``Problem``, ``TooLate``, or the database's own fault."""
    abandoned = threading.Event()

    def want() -> Leg:
        at = the_world.clock.now()
        with the_world.database.voice_work(Practices.of(ticket.practice_id)) as session:
            if not is_signed_in(session, ticket.session_id, staff_id=ticket.staff_id, at=at):
                raise Forbidden(N_("This page may not ring the emergency line. Dial on your own telephone."))
            refuse_elsewhere(session, ticket.staff_id, ticket.session_id, at=at)
            open_relay(session, ticket.call_id, staff_id=ticket.staff_id, at=at)
            leg = dial_emergency(session, ticket.call_id, staff_id=ticket.staff_id, at=at)
            _unless(abandoned)
            return leg

    try:
        return await in_time(the_world.urgent, want)
    except TooLate:
        # A wish that would be committed late could ring a regulator long after everything was said.
        abandoned.set()
        raise


async def _look(the_world: World, ticket: EmergencyTicket) -> SeenRoom | None:
    """Who is in the room, asked while the database is waited for; None when the carrier does not say."""
    try:
        return await in_time(the_world.direct, partial(look_into_room, the_world.provider, ticket))
    except (ProviderError, TooLate):
        return None


def _afterwards(the_world: World, ticket: EmergencyTicket, rung: Rung, seen: SeenRoom | None) -> None:
    """What is done without being waited for: a hold ends, and the rows are written once the database answers."""
    if seen is not None and seen.held:
        in_background(the_world.direct, partial(take_back_from_hold, the_world.provider, ticket, seen))
    in_background(the_world.late, partial(_write_down, the_world, ticket, rung))


def _write_down(the_world: World, ticket: EmergencyTicket, rung: Rung) -> None:
    until = time.monotonic() + _KEEP_TRYING_FOR
    at = the_world.clock.now()
    while time.monotonic() < until and not the_world.late.is_closing:
        try:
            with the_world.database.voice_work(Practices.of(ticket.practice_id)) as session:
                keep_rung(session, ticket, [rung], at=at)
            return
        except Exception as fault:
            log.warning("an emergency line that was rung is not written down yet: %s", type(fault).__name__)
            time.sleep(1)


class _Abandoned(Exception):
    """The one who asked has gone another way: nothing may be kept of this."""


def _unless(abandoned: threading.Event) -> None:
    if abandoned.is_set():
        raise _Abandoned


def _ticket(request: Request, *, late: timedelta = timedelta(0)) -> EmergencyTicket:
    the_world = world(request)
    secret = the_world.settings.secret_key.get_secret_value()
    return open_ticket(request.headers.get(TICKET, ""), secret=secret, at=the_world.clock.now(), late=late)


async def _proven(the_world: World, ticket: EmergencyTicket, rung: list[Rung]) -> list[Rung]:
    """With the SIDs that the carrier bears out alone; without any while it does not answer: its reports name them."""
    try:
        return await in_time(the_world.direct, partial(proven, the_world.provider, ticket, rung))
    except (ProviderError, TooLate):
        return [replace(one, sid=None) for one in rung]


def _rung(ticket: EmergencyTicket, one: Attempt) -> Rung:
    """What a browser says was rung; number and name are the ticket's, for a browser could say anything."""
    line = line_of(ticket, one.place)
    if not isinstance(line, tuple):
        raise line
    return Rung(one.attempt, one.place, *line, one.sid)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            return b""
    return body


def _said(sentence: str, *, status: int, **values: object) -> JSONResponse:
    return JSONResponse({"sentence": gettext(sentence, **values)}, status_code=status)
