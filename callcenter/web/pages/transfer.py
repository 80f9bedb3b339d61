"""Putting a patient through: the dialog on F4, and the gestures while somebody else is in the call."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.card_reading import call_card
from callcenter.desk.transfer_targets import list_targets
from callcenter.desk.transfers import Transfers, refuse_in_emergency
from callcenter.routing.models import AgentStatus
from callcenter.routing.transferring import NOTE_LIMIT
from callcenter.web.context import At, Operator, Reads, TheWorld, World
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

Typed = Annotated[str, Form()]

STATUS_LABELS: dict[AgentStatus, str] = {
    AgentStatus.AVAILABLE: N_("Free"),
    AgentStatus.RESERVED: N_("Being asked"),
    AgentStatus.ON_CALL: N_("On a call"),
    AgentStatus.WRAP_UP: N_("Wrap-up"),
    AgentStatus.BREAK: N_("Paused"),
}


@router.get("/calls/{call_id}/transfer")
def choose(request: Request, call_id: int, session: Reads, me: Operator, at: At) -> HTMLResponse:
    """Whom the patient may be put through to."""
    return _dialog(request, session, call_id, me, at)


@router.post("/calls/{call_id}/transfer")
def ask_in(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    nth: Annotated[int, Form(ge=1, le=999)],
    target: Typed = "",
    typed: Typed = "",
    note: Typed = "",
    leaves: Annotated[bool, Form()] = False,
) -> Response:
    """Have somebody rung into her call; with ``leaves`` she goes at once."""
    try:
        transfers(world, me, call_id).ask_in(target, typed=typed, note=note, nth=nth, leaves=leaves)
    except (Invalid, Conflict) as refused:
        sentence = gettext(refused.sentence, **refused.values)
        with world.database.reading(Practices(me.practice_ids)) as session:
            asked = {"refused": sentence, "typed": typed, "note": note, "chosen": target}
            return _dialog(request, session, call_id, me, at, status=refused.status, **asked)
    return _changed(request)


@router.post("/calls/{call_id}/three-way")
def join_all(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """All three speak."""
    transfers(world, me, call_id).join_all()
    return _changed(request)


@router.post("/calls/{call_id}/passing-on")
def pass_on(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """She leaves the two others in conversation."""
    transfers(world, me, call_id).pass_on()
    return _changed(request)


@router.post("/calls/{call_id}/third/hang-up")
def send_away(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """Whoever she asked in is hung up, and the patient is with her again."""
    transfers(world, me, call_id).send_away()
    return _changed(request)


def transfers(world: World, me: Operator, call_id: int) -> Transfers:
    """Her gestures on this call."""
    return Transfers(
        world.database,
        world.provider,
        world.clock,
        settings=world.settings,
        scope=Practices(me.practice_ids),
        call_id=call_id,
        staff_id=me.staff_id,
    )


def _dialog(
    request: Request, session: Session, call_id: int, me: Operator, at: At, *, status: int = 200, **asked: str
) -> HTMLResponse:
    card = call_card(session, me.staff_id, at=at)
    if card is None or card.call_id != call_id or not card.is_live:
        raise NotFound(N_("This call is not one of yours."))
    refuse_in_emergency(session, call_id)
    context: dict[str, Any] = {"refused": "", "typed": "", "note": "", "chosen": ""} | asked
    # Asked in meanwhile by the same request: there is nothing left to choose.
    if card.company.third is not None and not asked:
        raise Conflict(N_("%(name)s is in this call already: one at a time."), name=card.company.third.name)
    targets = list_targets(session, card.practice_id, staff_id=me.staff_id, at=at)
    htmx = is_htmx(request)
    return page(
        request,
        "desk/_transfer.html" if htmx else "desk/transfer_page.html",
        status=status,
        card=card,
        targets=targets,
        status_labels=STATUS_LABELS,
        note_limit=NOTE_LIMIT,
        **context,
    )


def _changed(request: Request) -> Response:
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")
