"""The doctor's messages: what waits, one with its history, and what is answered from it."""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.errors import NotFound, Problem
from callcenter.core.i18n import N_
from callcenter.core.scope import Practices
from callcenter.directory.identity import Identity
from callcenter.directory.models import Practitioner, Role
from callcenter.directory.practitioners import practitioners_of_account
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.message_view import MessageView
from callcenter.dispatch.models import AcknowledgementKind, AnswerKind, Channel, NoticeStatus
from callcenter.dispatch.notices import note_shown
from callcenter.dispatch.reading import count_unread, messages_for, read_message
from callcenter.web.context import At, Doctor, Reads, TheWorld, Writes, require
from callcenter.web.desk_view import Moments
from callcenter.web.forms import Typed, attempt
from callcenter.web.message_words import MESSAGE_WORDS
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter(dependencies=[Depends(require(Role.PRACTITIONER))])

Word = Annotated[str, Form()]
Key = Annotated[str, Form(min_length=1, max_length=60)]


@router.get("/my-messages")
def show_mine(request: Request, me: Doctor, session: Reads, at: At) -> HTMLResponse:
    """The whole page."""
    return _list(request, session, me, at=at)


@router.get("/my-messages/list")
def refresh_mine(request: Request, me: Doctor, session: Reads, at: At) -> HTMLResponse:
    """Only what changes when a message comes, or moves."""
    return _list(request, session, me, at=at, block="messages")


@router.get("/my-messages/count")
def show_count(request: Request, me: Doctor, session: Reads, at: At) -> HTMLResponse:
    """How many nobody has opened, for the head of his pages."""
    count = count_unread(session, _ids(session, me), at=at)
    return page(request, "my_messages/_count.html", count=count)


@router.post("/my-messages/shown")
def note_that_shown(request: Request, me: Doctor, session: Writes, at: At) -> Response:
    """His page is open: what was told him here has arrived."""
    note_shown(session, _ids(session, me), at=at)
    return _there(request, "/my-messages")


@router.get("/my-messages/{message_id:int}")
def show_one(request: Request, message_id: int, me: Doctor, session: Reads, at: At) -> HTMLResponse:
    """One message. Seeing it is told by a form of the page, never by its address."""
    return _one(request, read_message(session, message_id, _ids(session, me)), at=at)


@router.get("/my-messages/{message_id:int}/state")
def refresh_one(request: Request, message_id: int, me: Doctor, session: Reads, at: At) -> HTMLResponse:
    """Only where it stands; never what is typed beside it."""
    return _one(request, read_message(session, message_id, _ids(session, me)), at=at, block="state")


@router.post("/my-messages/{message_id:int}/acknowledgement")
def say(
    request: Request, message_id: int, world: TheWorld, me: Doctor, at: At, kind: Annotated[AcknowledgementKind, Form()]
) -> Response:
    """He has read it, takes it, or is done with it; twice, it is the first."""
    refused = _attempt(world, me, message_id, lambda session, by: acknowledge(session, message_id, kind, by=by, at=at))
    if refused:
        return _refused(request, world, me, message_id, Typed({}, refused), at=at)
    return _there(request, "/my-messages" if kind is AcknowledgementKind.DONE else f"/my-messages/{message_id}")


@router.post("/my-messages/{message_id:int}/answers")
def answer(
    request: Request,
    message_id: int,
    world: TheWorld,
    me: Doctor,
    at: At,
    kind: Annotated[AnswerKind, Form()],
    request_key: Key,
    words: Word = "",
) -> Response:
    """What the desk is to do, or what he does himself; the same form sent twice is one answer."""
    refused = _attempt(
        world,
        me,
        message_id,
        lambda session, by: answer_message(session, message_id, kind, words, request_key=request_key, by=by, at=at),
    )
    if refused:
        return _refused(request, world, me, message_id, Typed({"words": words}, refused), at=at)
    # Who rings the patient still needs the number.
    return _there(request, f"/my-messages/{message_id}" if kind is AnswerKind.I_CALL else "/my-messages")


def _attempt(
    world: TheWorld, me: Identity, message_id: int, act: Callable[[Session, Reader], object]
) -> Problem | None:
    def as_reader(session: Session) -> None:
        own = practitioners_of_account(session, me.staff_id)
        message = read_message(session, message_id, [one.id for one in own])
        act(session, Reader(Channel.APP, practitioner_id=_who(own, message), staff_id=me.staff_id))

    return attempt(world, me, as_reader)


def _who(own: Sequence[Practitioner], message: MessageView) -> int:
    """As whom he acts: whom it is for, else himself at that practice."""
    ids = [one.id for one in own if one.practice_id == message.practice_id]
    if not ids:
        raise NotFound(N_("There is no such message."))
    return message.practitioner_id if message.practitioner_id in ids else ids[0]


def _ids(session: Session, me: Identity) -> list[int]:
    return [one.id for one in practitioners_of_account(session, me.staff_id)]


def _list(request: Request, session: Session, me: Identity, *, at: At, block: str | None = None) -> HTMLResponse:
    mine = messages_for(session, _ids(session, me), at=at)
    every = [*mine.waiting, *mine.taken, *mine.done]
    return page(
        request,
        "my_messages/page.html",
        block=block,
        mine=mine,
        several=len({one.practice_id for one in every}) > 1,
        # Drawn anew with each that comes, and sent then.
        to_note=max((one.id for one in every if _has_come_here(one)), default=None),
        f=Moments(at),
        **MESSAGE_WORDS,
    )


def _has_come_here(message: MessageView) -> bool:
    return any(one.channel is Channel.APP and one.status is NoticeStatus.SENT for one in message.told)


def _one(
    request: Request, message: MessageView, *, at: At, block: str | None = None, form: Typed | None = None
) -> HTMLResponse:
    form = form or Typed()
    return page(
        request,
        "my_messages/one.html",
        block=block,
        status=form.status,
        one=message,
        form=form,
        request_key=uuid4().hex,
        f=Moments(at),
        **MESSAGE_WORDS,
    )


def _refused(request: Request, world: TheWorld, me: Identity, message_id: int, form: Typed, *, at: At) -> HTMLResponse:
    with world.database.reading(Practices(me.practice_ids)) as session:
        return _one(request, read_message(session, message_id, _ids(session, me)), at=at, form=form)


def _there(request: Request, address: str) -> Response:
    return Response(status_code=204) if is_htmx(request) else redirect(request, address)
