"""What is typed into the forms of a call, on its way to the server and back (``static/js/drafts.js``)."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse, Response

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.desk import wrap_up
from callcenter.desk.drafts import drafts_of, read_fields, save_draft
from callcenter.desk.handling import handled_call
from callcenter.web.context import AnyBrowser, At, Reads, Writes

router = APIRouter()


@router.post("/calls/{call_id}/drafts")
def keep_draft(
    call_id: int,
    session: Writes,
    me: AnyBrowser,  # also of the one whose desk was just taken over: what was typed there is not lost
    at: At,
    form: Annotated[str, Form()] = "",
    fields: Annotated[str, Form()] = "",
) -> Response:
    """Keep one form as typed so far; emptied, or sent, it is forgotten."""
    if form == wrap_up.FORM:  # its choice sets a time, and has an address of its own
        raise Invalid(N_("Something on this form could not be read."), field="form")
    save_draft(session, call_id, staff_id=me.staff_id, form=form, fields=read_fields(fields), at=at)
    return Response(status_code=204)


@router.get("/calls/{call_id}/drafts")
def show_drafts(call_id: int, session: Reads, me: AnyBrowser) -> JSONResponse:
    """Every form of this call that she has not sent yet."""
    handled_call(session, call_id, staff_id=me.staff_id)
    return JSONResponse(drafts_of(session, call_id, staff_id=me.staff_id))
