"""The wide agenda of a practice: days, weeks and teams, on a page of its own or over the desk, and on paper."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import NaiveDatetime

from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.rules.typed_moments import read_moment
from callcenter.desk.appointment_details import appointment_details
from callcenter.desk.wide_query import View, WideAsked
from callcenter.directory.models import Role
from callcenter.directory.practices import load_practice
from callcenter.routing.models import Agent
from callcenter.web.agenda_view import wide_context
from callcenter.web.context import (
    FIRST_DAY,
    FIRST_INSTANT,
    LARGEST_ID,
    LAST_DAY,
    LAST_INSTANT,
    At,
    Me,
    Reads,
    require,
)
from callcenter.web.desk_view import Moments, agent_view, live_triggers
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter(dependencies=[Depends(require(Role.OPERATOR, Role.SUPERVISOR))])

Id = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


def asked_for(
    practice: Id = None,
    view: View = View.WEEK,
    day: Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)] = None,
    practitioner: Id = None,
    type_id: Annotated[int | None, Query(alias="type", ge=1, le=LARGEST_ID)] = None,
    start: Annotated[int | None, Query(ge=FIRST_INSTANT, le=LAST_INSTANT)] = None,
    with_id: Annotated[int | None, Query(alias="with", ge=1, le=LARGEST_ID)] = None,
    wall: Annotated[NaiveDatetime | None, Query()] = None,
    move: Id = None,
    swap: Id = None,
    other: Id = None,
) -> WideAsked:
    """What the address says."""
    return WideAsked(
        practice_id=practice,
        view=view,
        day=day,
        practitioner_id=practitioner,
        type_id=type_id,
        start=start,
        with_id=with_id,
        wall=wall if wall and FIRST_DAY <= wall.date() <= LAST_DAY else None,
        move_id=move,
        swap_id=swap,
        other_id=other,
    )


Asked = Annotated[WideAsked, Depends(asked_for)]


@router.get("/agenda")
def show_wide_agenda(request: Request, me: Me, session: Reads, at: At, asked: Asked) -> HTMLResponse:
    """The whole page; whoever takes calls reads there too what she is doing, and that one is offered to her."""
    context: dict[str, Any] = {}
    if me.role == Role.OPERATOR:
        context = {"agent_view": agent_view(session.get(Agent, me.staff_id), None), "live": live_triggers(me, None)}
    return page(request, "agenda/wide/page.html", **context, **wide_context(session, me, asked, at=at))


@router.get("/agenda/wide")
def show_over_the_desk(request: Request, me: Me, session: Reads, at: At, asked: Asked) -> HTMLResponse:
    """What the page holds, to stand over the desk: the telephone in it must not be reloaded during a call."""
    return page(request, "agenda/wide/page.html", block="over_the_desk", **wide_context(session, me, asked, at=at))


@router.get("/agenda/region")
def refresh_wide_agenda(request: Request, me: Me, session: Reads, at: At, asked: Asked) -> HTMLResponse:
    """Only the region that changes when somebody books."""
    return page(request, "agenda/wide/page.html", block="wide", **wide_context(session, me, asked, at=at))


@router.post("/agenda/moment")
def go_to_moment(
    request: Request, me: Me, session: Reads, at: At, asked: Asked, text: Annotated[str, Form()] = ""
) -> Response:
    """The day or the hour that was typed; a POST, since anything may be typed and an address holds no names."""
    practice = load_practice(session, asked.practice_id or 0, me.practice_ids)
    today = today_in(practice.zone, at)
    typed = read_moment(text, shown=max(asked.day or today, today), today=today)
    wall = None if typed.hour is None else datetime.combine(typed.day, typed.hour)
    asked = asked.but(day=typed.day, wall=wall, start=None, with_id=None)
    if not is_htmx(request):
        return redirect(request, f"/agenda{asked.query}")
    # Over the desk the address stays the desk's.
    is_own_page = urlsplit(request.headers.get("HX-Current-URL", "")).path == "/agenda"
    headers = {"HX-Replace-Url": f"/agenda{asked.query}"} if is_own_page else None
    context = wide_context(session, me, asked, at=at)
    return page(request, "agenda/wide/page.html", block="wide", headers=headers, **context)


@router.get("/agenda/print")
def print_agenda(request: Request, me: Me, session: Reads, at: At, asked: Asked) -> HTMLResponse:
    """The same days as a list, for paper."""
    return page(request, "agenda/print.html", **wide_context(session, me, asked, at=at))


@router.get("/agenda/appointments/{appointment_id}")
def show_appointment(request: Request, me: Me, session: Reads, at: At, appointment_id: int) -> HTMLResponse:
    """What is known of one appointment; without script on the page of its day."""
    details = appointment_details(session, appointment_id)
    asked = WideAsked(
        practice_id=details.practice_id,
        view=View.DAY,
        day=details.start.astimezone(ZoneInfo(details.zone)).date(),
        practitioner_id=details.practitioner_id,
    )
    if is_htmx(request):
        return page(request, "agenda/wide/page.html", block="side", details=details, f=Moments(at))
    context = wide_context(session, me, asked, at=at) | {"details": details}
    return page(request, "agenda/wide/page.html", **context)
