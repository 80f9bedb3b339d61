"""After a call: the choice is kept, one more minute is asked for; and the centre's times, for the supervisor."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import codes_in_key_order, read_code
from callcenter.desk.models import DispositionCode
from callcenter.desk.wrap_up import LONGEST, SHORTEST, keep_choice, prolong, set_wrap_up_times, wrap_up_times
from callcenter.web.context import At, Operator, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()


@router.post("/calls/{call_id}/disposition-choice")
def choose(
    request: Request, call_id: int, session: Writes, me: Operator, at: At, code: Annotated[str, Form()] = ""
) -> Response:
    """Keep how the call ended, as chosen so far; it sets how long the wrap-up takes."""
    keep_choice(session, call_id, staff_id=me.staff_id, code=read_code(code), at=at)
    return _changed(request)


@router.post("/calls/{call_id}/wrap-up-extension")
def ask_for_more(
    request: Request,
    call_id: int,
    session: Writes,
    me: Operator,
    at: At,
    more: Annotated[int, Form(ge=0, le=1000)] = 0,
) -> Response:
    """One minute more."""
    card = call_card(session, me.staff_id, at=at)
    likely = card.likely if card is not None and card.call_id == call_id else None
    prolong(session, call_id, staff_id=me.staff_id, likely=likely, more=more, at=at)
    return _changed(request)


@router.get("/wrap-up-times")
def show_times(request: Request, session: Reads, _me: Supervisor) -> HTMLResponse:
    """How long an operator has after each kind of call."""
    kept = {code.value: str(seconds) for code, seconds in wrap_up_times(session).items()}
    return _times(request, Typed(kept), saved="saved" in request.query_params)


@router.post("/wrap-up-times")
def set_times(
    request: Request,
    world: TheWorld,
    me: Supervisor,
    at: At,
    code: Annotated[list[str], Form()],
    seconds: Annotated[list[str], Form()],
) -> Response:
    """Set all of them; the wrap-ups that are under way keep theirs."""
    typed = dict(zip(code, seconds, strict=False))
    wanted = {one: typed[one.value] for one in DispositionCode if one.value in typed}
    refused = attempt(world, me, lambda session: set_wrap_up_times(session, wanted, staff_id=me.staff_id, at=at))
    if refused:
        return _times(request, Typed(typed, refused))
    return redirect(request, "/wrap-up-times?saved=1")


def _times(request: Request, form: Typed, *, saved: bool = False) -> HTMLResponse:
    context: dict[str, Any] = {"form": form, "codes": codes_in_key_order(), "shortest": SHORTEST, "longest": LONGEST}
    return page(request, "wrap_up_times.html", status=form.status, saved=saved, **context)


def _changed(request: Request) -> Response:
    """Tell the desk's regions to read themselves again; a browser without script gets the desk."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")
