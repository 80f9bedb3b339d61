"""The board's region of messages that nobody has taken, and what a supervisor does about one."""

from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.directory.identity import Identity
from callcenter.directory.practices import load_practice
from callcenter.dispatch.in_hand import NOTE_LIMIT, find_untaken, settle_in_hand, take_in_hand, untaken_messages
from callcenter.dispatch.preview import ladder_so_far
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.who_next import rung_words
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()
_ONE = "/board/urgent-messages/{message_id}"


def untaken_context(session: Session, me: Identity, at: At) -> dict[str, Any]:
    """What the region shows."""
    return {"untaken": untaken_messages(session, at=at), **rung_words(me)}


@router.get("/board/urgent-messages")
def show_untaken(request: Request, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """Every message that nobody has taken: since when, who was told, who is next."""
    return page(request, "board/page.html", block="urgent_messages", me=me, **untaken_context(session, me, at))


@router.post(_ONE + "/in-hand")
def in_hand(request: Request, message_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """I see to it."""
    take_in_hand(session, message_id, staff_id=me.staff_id, at=at)
    session.flush()
    return show_untaken(request, session, me, at) if is_htmx(request) else redirect(request, "/board")


@router.get(_ONE + "/settlement")
def ask(request: Request, message_id: int, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """The question what was done, and the whole way of the message so far."""
    return _question(request, session, me, message_id, Typed({"request_key": token_urlsafe(12)}), at)


@router.post(_ONE + "/settlement")
def settle(
    request: Request,
    message_id: int,
    session: Reads,
    world: TheWorld,
    me: Supervisor,
    at: At,
    note: Annotated[str, Form()] = "",
    request_key: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """It is done."""
    key = f"settled-{message_id}-{request_key}"
    refused = attempt(
        world,
        me,
        lambda writes: settle_in_hand(writes, message_id, note, request_key=key, staff_id=me.staff_id, at=at),
    )
    if refused:
        form = Typed({"note": note, "request_key": request_key}, refused)
        return _question(request, session, me, message_id, form, at)
    return redirect(request, "/board")


def _question(request: Request, session: Session, me: Identity, message_id: int, form: Typed, at: At) -> HTMLResponse:
    message = find_untaken(session, message_id)
    return page(
        request,
        "board/settle_message.html",
        status=form.status,
        me=me,
        form=form,
        message=message,
        practice=load_practice(session, message.practice_id, me.practice_ids),
        rungs=ladder_so_far(session, message, at=at),
        limit=NOTE_LIMIT,
        **rung_words(me),
    )
