"""The page behind the address in a practitioner's text: his messages, after sign-in or his own code.

Opening it changes nothing: telephones and mail scanners open what they are sent. Before somebody has shown who he is,
nothing personal stands here. The address is written into no log, and no script is needed.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core import i18n
from callcenter.core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.links import (
    OPEN_FOR,
    asks_code,
    find_link,
    give_code,
    is_open_for,
    messages_behind,
    tries_left,
)
from callcenter.dispatch.message_view import MessageView
from callcenter.dispatch.models import AcknowledgementKind, AnswerKind, MessageLink
from callcenter.dispatch.reading import read_messages
from callcenter.messaging.notices import channel_of_link
from callcenter.web.context import At, MaybeMe, TheWorld, World
from callcenter.web.desk_view import Moments
from callcenter.web.forms import Typed
from callcenter.web.message_words import MESSAGE_WORDS
from callcenter.web.rendering import page, redirect

router = APIRouter()
log = logging.getLogger(__name__)

COOKIE = "callcenter_link"
_SCOPE = Centre(CentreReason.WEBHOOK)  # the address decides the practice
_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    # Without a referrer older browsers send their form from nowhere, and it would be refused.
    "Referrer-Policy": "same-origin",
}
Key = Annotated[str, Form(min_length=1, max_length=60)]


@router.api_route("/m/{token}", methods=["GET", "HEAD"])
def show_link(request: Request, world: TheWorld, at: At, me: MaybeMe, token: str) -> Response:
    """His messages, once this browser has shown that it is his; else how to show it."""
    try:
        with world.database.reading(_SCOPE) as session:
            link = find_link(session, token, at=at)
            if link is None:
                return _page(request, "unknown", status=404)
            if me is not None and _account_of(session, link) == me.staff_id:
                behind = messages_behind(session, link)
                address = f"/my-messages/{behind[0]}" if len(behind) == 1 else "/my-messages"
                return redirect(request, address, headers=_HEADERS)
            return _shown(request, session, link, token, at=at)
    except Exception as fault:
        return _not_now(request, fault)


@router.post("/m/{token}/code")
def open_with_code(
    request: Request, world: TheWorld, at: At, token: str, code: Annotated[str, Form(max_length=80)] = ""
) -> Response:
    """Open the messages to this browser for a quarter of an hour: whoever gave his code is shown them, and reads."""
    with world.database.unit_of_work(_SCOPE) as session:
        link = find_link(session, token, at=at)
        if link is None:
            return _page(request, "unknown", status=404)
        key = give_code(session, link, code, at=at)
        if key is None:
            session.refresh(link)
            return _shown(request, session, link, token, at=at, was_wrong=True)
        by = _reader(session, link)
        for one in read_messages(session, messages_behind(session, link)):
            if one.is_open:
                acknowledge(session, one.id, AcknowledgementKind.READ, by=by, at=at)
    answer = redirect(request, f"/m/{token}", headers=_HEADERS)
    answer.set_cookie(
        COOKIE,
        key,
        max_age=int(OPEN_FOR.total_seconds()),
        path=f"/m/{token}",
        httponly=True,
        samesite="strict",
        secure=world.settings.public_url.startswith("https://"),
    )
    return answer


@router.post("/m/{token}/messages/{message_id}/acknowledgement")
def say(
    request: Request,
    world: TheWorld,
    at: At,
    token: str,
    message_id: int,
    kind: Annotated[AcknowledgementKind, Form()],
) -> Response:
    """He takes it, or is done with it; twice, it is the first."""
    return _act(
        request,
        world,
        token,
        message_id,
        lambda session, by: acknowledge(session, message_id, kind, by=by, at=at),
        at=at,
    )


@router.post("/m/{token}/messages/{message_id}/answers")
def answer(
    request: Request,
    world: TheWorld,
    at: At,
    token: str,
    message_id: int,
    kind: Annotated[AnswerKind, Form()],
    request_key: Key,
    words: Annotated[str, Form()] = "",
) -> Response:
    """What the desk is to do, or what he does himself; the same form sent twice is one answer."""
    return _act(
        request,
        world,
        token,
        message_id,
        lambda session, by: answer_message(session, message_id, kind, words, request_key=request_key, by=by, at=at),
        at=at,
        words=words,
    )


def _act(
    request: Request,
    world: World,
    token: str,
    message_id: int,
    act: Callable[[Session, Reader], object],
    *,
    at: At,
    words: str = "",
) -> Response:
    """Do it for a browser that has given the code; another is asked for it again, and nothing is done."""
    refused: Problem
    try:
        with world.database.unit_of_work(_SCOPE) as session:
            link = find_link(session, token, at=at)
            if link is None:
                return _page(request, "unknown", status=404)
            if not is_open_for(link, request.cookies.get(COOKIE), at=at):
                return redirect(request, f"/m/{token}", headers=_HEADERS)
            if message_id not in messages_behind(session, link):
                raise NotFound(N_("There is no such message."))
            act(session, _reader(session, link))
        return redirect(request, f"/m/{token}", headers=_HEADERS)
    except (Invalid, Conflict, Forbidden) as problem:
        refused = problem
    with world.database.reading(_SCOPE) as session:
        link = find_link(session, token, at=at)
        if link is None:
            return _page(request, "unknown", status=404)
        form = Typed({"words": words, "message_id": message_id}, refused)
        return _shown(request, session, link, token, at=at, form=form)


def _reader(session: Session, link: MessageLink) -> Reader:
    return Reader(channel_of_link(session, link.id), practitioner_id=link.practitioner_id)


def _account_of(session: Session, link: MessageLink) -> int | None:
    return session.scalar(select(Practitioner.staff_id).where(Practitioner.id == link.practitioner_id))


def _shown(
    request: Request,
    session: Session,
    link: MessageLink,
    token: str,
    *,
    at: At,
    was_wrong: bool = False,
    form: Typed | None = None,
) -> Response:
    practice = session.get_one(Practice, link.practice_id)
    if is_open_for(link, request.cookies.get(COOKIE), at=at) and not was_wrong:
        messages = read_messages(session, messages_behind(session, link))
        return _page(request, "open", token=token, practice=practice, messages=messages, form=form, at=at)
    standing = "code" if asks_code(session, link) else "closed" if tries_left(session, link) == 0 else "sign-in"
    return _page(
        request,
        standing,
        status=422 if was_wrong else 200,
        token=token,
        practice=practice,
        has_account=_account_of(session, link) is not None,
        left=tries_left(session, link) if was_wrong else None,
        at=at,
    )


def _not_now(request: Request, fault: Exception) -> Response:
    log.warning("the page of a practitioner's messages could not be read (%s)", type(fault).__name__)
    return _page(request, "later", status=503)


def _page(
    request: Request,
    standing: str,
    *,
    status: int = 200,
    token: str = "",
    practice: Practice | None = None,
    messages: Sequence[MessageView] = (),
    has_account: bool = True,
    left: int | None = None,
    form: Typed | None = None,
    at: At | None = None,
) -> Response:
    world: World = request.app.state.world
    language = practice.language if practice is not None else world.settings.default_language
    i18n.set_language(language if language in i18n.LANGUAGES else "fr")
    form = form or Typed()
    return page(
        request,
        "message_link.html",
        status=form.status if form.refused else status,
        headers=_HEADERS,
        me=None,
        standing=standing,
        token=token,
        practice="" if practice is None else practice.short_name,
        messages=messages,
        has_account=has_account,
        left=left,
        form=form,
        new_key=lambda: uuid4().hex,
        f=Moments(at or world.clock.now()),
        **MESSAGE_WORDS,
    )
