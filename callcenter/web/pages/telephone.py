"""What an operator hears with: her browser's pass at the carrier, her own telephone, and which browser has her desk."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.core.text import clean_line
from callcenter.desk.handling import handled_call
from callcenter.routing.desk_claim import claim_desk, keep_desk
from callcenter.routing.ears import choose_ear, is_expected, keep_ear, move_call, note_softphone, softphone_identity
from callcenter.routing.models import Ear
from callcenter.routing.presence import heartbeat
from callcenter.telephony.access_token import VALID_FOR, softphone_token
from callcenter.telephony.dialling import dial_leg, failure_of
from callcenter.telephony.models import LegStatus
from callcenter.web.context import AnyBrowser, At, Operator, Reads, TheWorld, Writes
from callcenter.web.desk_view import desk_context
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()


@router.post("/agent/heartbeat")
def keep_lease(session: Writes, me: AnyBrowser, at: At) -> Response:
    """Her browser is there; 409 when her desk is in another."""
    if not keep_desk(session, me.staff_id, me.session_id, at=at):
        return Response(status_code=409)
    heartbeat(session, me.staff_id, at=at)
    return Response(status_code=204)


@router.post("/agent/desk")
def take_desk(request: Request, session: Writes, me: AnyBrowser, at: At, back: Annotated[str, Form()] = "") -> Response:
    """She takes her desk back, into this browser; a supervisor, perhaps from her board.

    A desk that is on screen already is not loaded anew: a conversation may be heard in it.
    """
    claim_desk(session, me.staff_id, me.session_id, at=at)
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/board" if back == "/board" else "/desk")


@router.post("/agent/telephone/token")
def give_token(world: TheWorld, me: Operator, at: At) -> JSONResponse:
    """The pass with which this browser is rung; only the one that has her desk gets it."""
    identity = softphone_identity(me.staff_id, me.session_id)
    token = softphone_token(world.settings, identity)
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        if not keep_desk(session, me.staff_id, me.session_id, at=at):
            raise Conflict(N_("Your desk is open in another browser. Take it back here first."))
        note_softphone(session, me.staff_id, at=at)
    return JSONResponse({"token": token, "identity": identity, "valid_for": VALID_FOR})


@router.post("/agent/telephone/calls")
def expect_call(session: Reads, me: Operator, call_sid: Annotated[str, Form()] = "") -> Response:
    """Whether what rings in her browser is the call that she has just taken; 404 for anything else."""
    address = "client:" + softphone_identity(me.staff_id, me.session_id)
    sid = clean_line(call_sid, limit=40)
    expected = is_expected(session, address, staff_id=me.staff_id, leg_sid=sid)
    return Response(status_code=204 if expected else 404)


@router.post("/agent/ear")
def change_ear(
    request: Request, world: TheWorld, session: Writes, me: Operator, at: At, ear: Annotated[Ear, Form()]
) -> Response:
    """What rings for her from her next call on."""
    choose_ear(session, me.staff_id, ear, has_softphone=world.settings.has_softphone, at=at)
    return _changed(request)


@router.post("/calls/{call_id}/ear")
def move_her(
    request: Request, call_id: int, world: TheWorld, me: Operator, at: At, ear: Annotated[Ear, Form()]
) -> Response:
    """She goes on speaking through her other telephone: it rings into the call, and the first one then lets go."""
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        handled_call(session, call_id, staff_id=me.staff_id)
        before = choose_ear(session, me.staff_id, ear, has_softphone=world.settings.has_softphone, at=at)
        leg_id = move_call(session, call_id, staff_id=me.staff_id, at=at).id
    status = dial_leg(world.database, world.provider, leg_id, world.clock, settings=world.settings)
    if status is LegStatus.FAILED:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            keep_ear(session, me.staff_id, before, instead_of=ear)
        why = gettext(failure_of(world.database, leg_id)).rstrip(".")
        raise Conflict(N_("The other telephone could not be reached: %(why)s. You stay where you are."), why=why)
    return _changed(request)


@router.get("/desk/ear")
def show_ear(request: Request, session: Reads, me: AnyBrowser, at: At) -> HTMLResponse:
    """What she hears with."""
    return page(request, "desk/page.html", block="ear", **desk_context(request, session, me, at=at, only="ear"))


def _changed(request: Request) -> Response:
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")
