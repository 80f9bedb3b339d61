"""What an operator promises a caller, from the card of the call."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from callcenter.core.phone import format_number
from callcenter.core.scope import Practices
from callcenter.desk.drafts import drop_draft
from callcenter.desk.handling import handled_call
from callcenter.desk.tasks import WORDS_LIMIT, promise
from callcenter.web.context import At, Operator, Reads, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()
Text = Annotated[str, Form()]
_DRAFT = "promise"


@router.get("/calls/{call_id}/promise")
def ask(request: Request, call_id: int, session: Reads, me: Operator) -> HTMLResponse:
    """What, by when, which number: the caller's own stands there already."""
    call = handled_call(session, call_id, staff_id=me.staff_id)
    typed = {"number": format_number(call.from_number), "request_key": secrets.token_hex(16)}
    return _dialog(request, call_id, Typed(typed))


@router.post("/calls/{call_id}/promise")
def make(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    words: Text = "",
    by: Text = "",
    number: Text = "",
    request_key: Text = "",
    keeps_it: Annotated[bool, Form()] = False,
) -> Response:
    """It stands on the desk's list; the same form sent twice is one promise."""
    refused = attempt(
        world,
        me,
        lambda writes: promise(
            writes,
            call_id,
            words=words,
            by=by,
            number=number,
            request_key=request_key,
            keeps_it=keeps_it,
            staff_id=me.staff_id,
            at=at,
        ),
    )
    if refused:
        typed = {"words": words, "by": by, "number": number, "request_key": request_key, "keeps_it": keeps_it}
        return _dialog(request, call_id, Typed(typed, refused))
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        drop_draft(session, call_id, staff_id=me.staff_id, form=_DRAFT)
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")


def _dialog(request: Request, call_id: int, form: Typed) -> HTMLResponse:
    return page(
        request,
        "desk/_promise.html" if is_htmx(request) else "desk/promise_page.html",
        status=form.status,
        form=form,
        call_id=call_id,
        limit=WORDS_LIMIT,
    )
