"""The supervisor's board: the whole page, each of its regions alone, and sending a failed text again."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.i18n import N_
from callcenter.desk import board
from callcenter.desk.disturbances import read_disturbances
from callcenter.desk.nightly import handed_at_night
from callcenter.directory.emergency_lines import count_unproven
from callcenter.directory.identity import Identity
from callcenter.messaging.outbox import outbox_view, retry_message
from callcenter.routing.callback_rules import LATE_AFTER
from callcenter.routing.models import AgentStatus
from callcenter.web.context import At, Reads, Supervisor, Writes, world
from callcenter.web.pages.placing import placing_context
from callcenter.web.pages.supervision import supervision_context
from callcenter.web.pages.untaken import untaken_context
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

STATUS_WORDS = {
    AgentStatus.ON_CALL: (N_("On a call"), "phone-call"),
    AgentStatus.RESERVED: (N_("A call is offered"), "phone-incoming"),
    AgentStatus.AVAILABLE: (N_("Available"), "headset"),
    AgentStatus.WRAP_UP: (N_("Wrap-up"), "timer"),
    AgentStatus.BREAK: (N_("On a break"), "coffee"),
}
_PAGE = "board/page.html"


@router.get("/board")
def show_board(request: Request, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """The whole board."""
    context = _floor(request, session, me, at) | _agents(session, at) | _outbox(session, at)
    context |= supervision_context(request, session, me, at)
    context |= placing_context(session, world(request).settings, at) | untaken_context(session, me, at)
    return page(request, _PAGE, **context, **_incidents(request, session, me, at))


@router.get("/board/waiting")
def show_waiting(request: Request, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """Who waits, and the day's figures."""
    return page(request, _PAGE, block="waiting", **_floor(request, session, me, at))


@router.get("/board/agents")
def show_agents(request: Request, session: Reads, _me: Supervisor, at: At) -> HTMLResponse:
    """Who is on duty, doing what, since when."""
    return page(request, _PAGE, block="agents", **_agents(session, at))


@router.get("/board/outbox")
def show_outbox(request: Request, session: Reads, _me: Supervisor, at: At) -> HTMLResponse:
    """The texts that left, and those that did not."""
    return page(request, _PAGE, block="outbox", **_outbox(session, at))


@router.get("/board/incidents")
def show_incidents(request: Request, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """What the carrier or the numbers did that a person should know."""
    return incidents_region(request, session, me, at)


def incidents_region(request: Request, session: Session, me: Identity, at: At) -> HTMLResponse:
    """The region as it is now, also for a gesture that was made in it."""
    return page(request, _PAGE, block="incidents", **_incidents(request, session, me, at))


@router.post("/outbox/{message_id}/retry")
def retry(request: Request, session: Writes, me: Supervisor, at: At, message_id: int) -> Response:
    """Send a text again; a repeat changes nothing once it has left."""
    retry_message(session, message_id, staff_id=me.staff_id, at=at)
    session.flush()
    if is_htmx(request):
        return page(request, _PAGE, block="outbox", **_outbox(session, at))
    return redirect(request, "/board")


def _floor(request: Request, session: Session, me: Identity, at: At) -> dict[str, Any]:
    zone = world(request).settings.centre_zone
    return {
        "floor": board.read_floor(session, me.staff_id, zone=zone, at=at),
        "late_after": int(LATE_AFTER.total_seconds()),
    }


def _agents(session: Session, at: At) -> dict[str, Any]:
    return {"agents": board.agents_on_duty(session, at=at), "status_words": STATUS_WORDS}


def _outbox(session: Session, at: At) -> dict[str, Any]:
    return {"outbox": outbox_view(session, at=at)}


def _incidents(request: Request, session: Session, me: Identity, at: At) -> dict[str, Any]:
    return {
        "unproven_lines": count_unproven(session, today=at.astimezone(world(request).settings.centre_zone).date()),
        "incidents": board.read_incidents(session, zone=world(request).settings.centre_zone, at=at),
        "disturbances": read_disturbances(session, at=at),
        "from_night": handed_at_night(session, me.staff_id, at=at),
    }
