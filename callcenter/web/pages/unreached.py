"""What becomes of callers who could not be rung back: their supervisor's to say, on the board."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.routing.unreached import DECISION_LIMIT, find_unreached, settle_unreached, try_again
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.board import incidents_region
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()


@router.post("/callbacks/{callback_id}/retry")
def retry(request: Request, callback_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """Back on the operators' lists."""
    try_again(session, callback_id, staff_id=me.staff_id, at=at)
    session.flush()
    return incidents_region(request, session, me, at) if is_htmx(request) else redirect(request, "/board")


@router.get("/callbacks/{callback_id}/settlement")
def ask(request: Request, callback_id: int, session: Reads, _me: Supervisor) -> HTMLResponse:
    """The question what was decided."""
    return _question(request, session, callback_id, Typed())


@router.post("/callbacks/{callback_id}/settlement")
def settle(
    request: Request,
    callback_id: int,
    session: Reads,
    world: TheWorld,
    me: Supervisor,
    at: At,
    decision: Annotated[str, Form()] = "",
) -> Response:
    """Nobody rings her any more."""
    refused = attempt(
        world, me, lambda writes: settle_unreached(writes, callback_id, decision, staff_id=me.staff_id, at=at)
    )
    if refused:
        return _question(request, session, callback_id, Typed({"decision": decision}, refused))
    return redirect(request, "/board")


def _question(request: Request, session: Session, callback_id: int, form: Typed) -> HTMLResponse:
    unreached = find_unreached(session, callback_id)
    return page(
        request,
        "board/settle_callback.html",
        status=form.status,
        form=form,
        callback_id=callback_id,
        number=unreached.number,
        limit=DECISION_LIMIT,
    )
