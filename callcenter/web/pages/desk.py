"""The operator's desk: the whole page, and each of its regions alone."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices
from callcenter.desk.agenda_panel import AgendaChoice
from callcenter.directory.identity import Identity
from callcenter.routing.desk_claim import claim_desk, is_opened_anew
from callcenter.web.context import FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, At, Operator, Reads, TheWorld
from callcenter.web.desk_view import desk_context
from callcenter.web.lanes import cards, in_lane, lists
from callcenter.web.rendering import page

router = APIRouter()

PractitionerId = Annotated[int | None, Query(alias="practitioner")]
Day = Annotated[date | None, Query(alias="day", ge=FIRST_DAY, le=LAST_DAY)]
VisitType = Annotated[int | None, Query(alias="type")]
Start = Annotated[int | None, Query(alias="start", ge=FIRST_INSTANT, le=LAST_INSTANT)]


@router.get("/desk")
def show_desk(
    request: Request,
    world: TheWorld,
    session: Reads,
    me: Operator,
    at: At,
    practitioner: PractitionerId = None,
    day: Day = None,
    visit_type: VisitType = None,
    start: Start = None,
) -> HTMLResponse:
    """The whole desk; it moves into a browser that was signed in since, wherever that one has been before."""
    with world.database.reading(Practices(me.practice_ids)) as before:
        comes_here = is_opened_anew(before, me.staff_id, me.session_id)
    if comes_here:
        with world.database.unit_of_work(Practices(me.practice_ids)) as writes:
            claim_desk(writes, me.staff_id, me.session_id, at=at)
    asked = AgendaChoice(practitioner_id=practitioner, day=day, type_id=visit_type, start=start)
    return page(request, "desk/page.html", **desk_context(request, session, me, at=at, asked=asked))


@router.get("/desk/agenda")
def show_agenda(
    request: Request,
    session: Reads,
    me: Operator,
    at: At,
    practitioner: PractitionerId = None,
    day: Day = None,
    visit_type: VisitType = None,
    start: Start = None,
) -> HTMLResponse:
    """The agenda of the called practice; the query says which day, and which time is about to be booked."""
    asked = AgendaChoice(practitioner_id=practitioner, day=day, type_id=visit_type, start=start)
    context = desk_context(request, session, me, at=at, asked=asked, only="agenda")
    return page(request, "desk/page.html", block="agenda", **context)


@router.get("/desk/status")
@in_lane(lists)
def show_status(request: Request, session: Session, me: Identity, at: datetime) -> HTMLResponse:
    """What she is doing, and how many wait."""
    return _region(request, session, me, at, "status")


@router.get("/desk/queue")
@in_lane(lists)
def show_queue(request: Request, session: Session, me: Identity, at: datetime) -> HTMLResponse:
    """Who waits; the count above it, in one answer."""
    context = desk_context(request, session, me, at=at, only="queue")
    return page(request, "desk/page.html", block="queue", with_count=True, **context)


@router.get("/desk/todo")
@in_lane(lists)
def show_todo(request: Request, session: Session, me: Identity, at: datetime) -> HTMLResponse:
    """What is left to do."""
    return _region(request, session, me, at, "todo")


@router.get("/desk/card")
@in_lane(cards)
def show_card(request: Request, session: Session, me: Identity, at: datetime) -> HTMLResponse:
    """The call she is offered, talks on or wraps up; her keys with it, in one answer."""
    context = desk_context(request, session, me, at=at, only="card")
    return page(request, "desk/page.html", block="card", with_card=True, **context)


@router.get("/desk/keys")
@in_lane(cards)
def show_keys(request: Request, session: Session, me: Identity, at: datetime) -> HTMLResponse:
    """What her six keys do now."""
    return _region(request, session, me, at, "softkeys")


def _region(request: Request, session: Session, me: Identity, at: datetime, block: str) -> HTMLResponse:
    context: dict[str, Any] = desk_context(request, session, me, at=at, only=block)
    return page(request, "desk/page.html", block=block, **context)
