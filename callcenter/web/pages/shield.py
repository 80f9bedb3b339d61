"""The operator's shield: the words to say, and the report that calls her supervisor."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from callcenter.core.errors import Invalid
from callcenter.core.i18n import gettext
from callcenter.core.scope import Practices
from callcenter.desk.shield import ABUSE_LABELS, FORM, WORDS_LIMIT, Shield, open_shield, read_kind, report_abuse
from callcenter.web.context import At, Operator, Reads, TheWorld
from callcenter.web.pages.agent import hang_up
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()


@router.get("/calls/{call_id}/shield")
def show_shield(request: Request, call_id: int, session: Reads, me: Operator) -> HTMLResponse:
    """The words to say, large, and what to note."""
    return _dialog(request, open_shield(session, call_id, staff_id=me.staff_id))


@router.post("/calls/{call_id}/shield")
def log_abuse(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    kind: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
    ends: Annotated[bool, Form()] = False,
) -> Response:
    """Keep the report; with ``ends`` she ends the call, as F8 does."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            report_abuse(session, call_id, staff_id=me.staff_id, kind=read_kind(kind), words=words, at=at)
    except Invalid as refused:
        with world.database.reading(Practices(me.practice_ids)) as session:
            shield = open_shield(session, call_id, staff_id=me.staff_id)
        sentence = gettext(refused.sentence, **refused.values)
        return _dialog(request, shield, refused=sentence, words=words, status=refused.status)
    if ends:
        return hang_up(request, call_id, world, me)
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")


def _dialog(
    request: Request, shield: Shield, *, refused: str = "", words: str | None = None, status: int = 200
) -> HTMLResponse:
    return page(
        request,
        "desk/_shield.html" if is_htmx(request) else "desk/shield_page.html",
        status=status,
        shield=shield,
        words=(shield.noted.words if shield.noted else "") if words is None else words,
        kinds=list(enumerate(ABUSE_LABELS.items(), start=1)),
        form_name=FORM,
        words_limit=WORDS_LIMIT,
        refused=refused,
    )
