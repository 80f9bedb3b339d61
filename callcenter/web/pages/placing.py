"""The rein on the calls we place, on the supervisor's board: how much of the hour is used, and the stop switch."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.config import Settings
from callcenter.directory.models import Practice, Staff
from callcenter.telephony.placing import allow_placing, placing_view, stop_placing
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

_REGION = "_placing.html"


@router.get("/board/placing")
def show_placing(request: Request, session: Reads, world: TheWorld, _me: Supervisor, at: At) -> HTMLResponse:
    """The region of the board."""
    return page(request, _REGION, **placing_context(session, world.settings, at))


@router.get("/board/placing/stop")
def confirm_stop(request: Request, _me: Supervisor) -> HTMLResponse:
    """What stopping means, and the question why."""
    return _confirmation(request, Typed())


@router.post("/board/placing/stop")
def stop(request: Request, world: TheWorld, me: Supervisor, at: At, reason: Annotated[str, Form()] = "") -> Response:
    """Stop the calls we place; a repeat changes nothing."""
    refused = attempt(world, me, lambda session: stop_placing(session, reason, staff_id=me.staff_id, at=at))
    if refused:
        return _confirmation(request, Typed({"reason": reason}, refused))
    return redirect(request, "/board")


@router.post("/board/placing/allowance")
def allow(request: Request, session: Writes, world: TheWorld, me: Supervisor, at: At) -> Response:
    """Let them leave again."""
    allow_placing(session, staff_id=me.staff_id, at=at)
    session.flush()
    if is_htmx(request):
        return page(request, _REGION, **placing_context(session, world.settings, at))
    return redirect(request, "/board")


def placing_context(session: Session, settings: Settings, at: At) -> dict[str, Any]:
    """What the region shows, names included; for a session that sees every practice."""
    view = placing_view(session, settings=settings, at=at)
    practice = session.get(Practice, view.busiest_practice[0]) if view.busiest_practice else None
    operator = session.get(Staff, view.busiest_operator[0]) if view.busiest_operator else None
    stopper = session.get(Staff, view.stopped_by) if view.stopped_by is not None else None
    return {
        "placing": view,
        "busiest_practice": practice.name if practice else "",
        "busiest_operator": operator.name if operator else "",
        "stopped_by": stopper.name if stopper else "",
    }


def _confirmation(request: Request, form: Typed) -> HTMLResponse:
    return page(request, "board/stop_placing.html", status=form.status, form=form)
