"""The supervisor beside an operator: whom, why, how; and what the day's list keeps of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid, NotFound, Problem
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.supervising import REASON_LIMIT, Supervising
from callcenter.desk.supervising_rules import SupervisionMode
from callcenter.desk.supervision_view import (
    operators_on_calls,
    own_supervision,
    supervisions_today,
    unreached_supervision,
)
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.routing.desk_claim import desk_elsewhere
from callcenter.web.context import LARGEST_ID, At, Reads, Supervisor, TheWorld, World, require, world
from callcenter.web.ear_view import ear_context
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

# Whoever administers accounts has no business in patients' conversations.
Listener = Annotated[Identity, Depends(require(Role.SUPERVISOR))]

MODE_WORDS: dict[SupervisionMode, tuple[str, str]] = {
    SupervisionMode.LISTEN: (N_("listens"), "headset"),
    SupervisionMode.WHISPER: (N_("whispers to the operator"), "mic"),
    SupervisionMode.JOIN: (N_("speaks with everybody"), "users"),
}
_REGION = "board/_supervision_region.html"


def supervision_context(request: Request, session: Session, me: Identity, at: At) -> dict[str, Any]:
    """What the board's part of it shows."""
    settings = world(request).settings
    return telephone_context(request, session, me, at) | {
        "may_supervise": me.role == Role.SUPERVISOR,
        "mode_words": MODE_WORDS,
        "own_supervision": own_supervision(session, me.staff_id),
        "on_calls": operators_on_calls(session, but=me.staff_id),
        "supervised": supervisions_today(session, zone=settings.centre_zone, at=at),
        "unreached": unreached_supervision(session, me.staff_id, at=at),
    }


def telephone_context(request: Request, session: Session, me: Identity, at: At) -> dict[str, Any]:
    """What she hears with, and whether her desk is in another browser."""
    elsewhere = desk_elsewhere(session, me.staff_id, me.session_id, at=at)
    return ear_context(world(request).settings, session, me) | {"desk_is_elsewhere": elsewhere is not None}


@router.get("/board/supervision")
def show_region(request: Request, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """Who may be listened to, beside whom she is, and today's list."""
    return page(request, _REGION, **supervision_context(request, session, me, at))


@router.get("/board/ear")
def show_ear(request: Request, session: Reads, me: Listener, at: At) -> HTMLResponse:
    """What she hears with."""
    return page(request, "board/_ear.html", **telephone_context(request, session, me, at))


@router.get("/supervision/{operator_id}")
def ask(request: Request, operator_id: int, session: Reads, me: Listener) -> HTMLResponse:
    """The dialog: how, and why."""
    return _dialog(request, session, operator_id, me)


@router.post("/supervision")
def begin(
    request: Request,
    world: TheWorld,
    me: Listener,
    operator_id: Annotated[int, Form(ge=1, le=LARGEST_ID)],
    mode: Annotated[SupervisionMode, Form()],
    reason: Annotated[str, Form()] = "",
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Her telephone is rung into the operator's call."""
    try:
        supervising(world, me).begin(operator_id, mode, reason=reason, is_confirmed=confirmed)
    except (Invalid, Conflict) as refused:
        with world.database.reading(Practices(me.practice_ids)) as session:
            return _dialog(request, session, operator_id, me, refused=refused, reason=reason)
    return _changed(request)


@router.post("/supervision/{supervision_id}/mode")
def change(
    request: Request,
    supervision_id: int,
    world: TheWorld,
    me: Listener,
    mode: Annotated[SupervisionMode, Form()],
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Listen, whisper or join, on the same telephone."""
    supervising(world, me).change(supervision_id, mode, is_confirmed=confirmed)
    return _changed(request)


@router.post("/supervision/{supervision_id}/end")
def leave(request: Request, supervision_id: int, world: TheWorld, me: Listener) -> Response:
    """Her telephone alone leaves the call."""
    supervising(world, me).leave(supervision_id)
    return _changed(request)


def supervising(world: World, me: Identity) -> Supervising:
    """Her gestures beside operators."""
    return Supervising(
        world.database,
        world.provider,
        world.clock,
        settings=world.settings,
        scope=Practices(me.practice_ids),
        supervisor_id=me.staff_id,
    )


def _dialog(
    request: Request,
    session: Session,
    operator_id: int,
    me: Identity,
    *,
    refused: Problem | None = None,
    reason: str = "",
) -> HTMLResponse:
    found = next((one for one in operators_on_calls(session, but=me.staff_id) if one.staff_id == operator_id), None)
    if found is None:
        raise NotFound(N_("She is on no call any more."))
    if not reason and refused is None and found.asks:
        reason = gettext(N_("She asked for help: the caller abuses her."))
    return page(
        request,
        "board/_supervise.html" if is_htmx(request) else "board/supervise_page.html",
        status=refused.status if refused else 200,
        operator=found,
        reason=reason,
        reason_limit=REASON_LIMIT,
        refused=gettext(refused.sentence, **refused.values) if refused else "",
    )


def _changed(request: Request) -> Response:
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "board-changed"})
    return redirect(request, "/board")
