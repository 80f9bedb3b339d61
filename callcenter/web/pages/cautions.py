"""Cautions after abuse: what was reported, what holds, what is said against it, and who decides."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices
from callcenter.desk.cautions import (
    DEFAULT_DAYS,
    MOST_DAYS,
    REASON_LIMIT,
    cautions_that_hold,
    decide_appeal,
    note_appeal,
    reports_to_judge,
    set_caution,
)
from callcenter.desk.shield import ABUSE_LABELS
from callcenter.directory.identity import Identity
from callcenter.web.context import At, Reads, Supervisor, TheWorld, World
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import page, redirect

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/cautions")
def show_cautions(request: Request, session: Reads, _me: Supervisor, at: At) -> HTMLResponse:
    """What was reported and what holds."""
    return _list(request, session, at=at, about="", form=Typed())


@router.post("/calls/{call_id}/caution")
def set_one(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Supervisor,
    at: At,
    on: Text = "number",
    reason: Text = "",
    days: Text = str(DEFAULT_DAYS),
) -> Response:
    """Flag the number or the patient of a reported call."""

    def act(session: Session) -> None:
        set_caution(session, call_id, on_patient=on == "patient", reason=reason, days=days, staff_id=me.staff_id, at=at)

    typed = {"on": on, "reason": reason, "days": days}
    return _do(request, world, me, act, at=at, about=f"call-{call_id}", typed=typed)


@router.post("/cautions/{caution_id}/appeal")
def appeal(request: Request, caution_id: int, world: TheWorld, me: Supervisor, at: At, words: Text = "") -> Response:
    """What the person concerned says against it."""

    def act(session: Session) -> None:
        note_appeal(session, caution_id, words=words, staff_id=me.staff_id, at=at)

    return _do(request, world, me, act, at=at, about=f"caution-{caution_id}", typed={"words": words})


@router.post("/cautions/{caution_id}/decision")
def decide(
    request: Request,
    caution_id: int,
    world: TheWorld,
    me: Supervisor,
    at: At,
    lifts: Annotated[bool, Form()],
    words: Text = "",
) -> Response:
    """Another person lifts it or keeps it."""

    def act(session: Session) -> None:
        decide_appeal(session, caution_id, lifts=lifts, words=words, staff_id=me.staff_id, at=at)

    return _do(request, world, me, act, at=at, about=f"caution-{caution_id}", typed={"words": words})


def _do(
    request: Request,
    world: World,
    me: Identity,
    act: Callable[[Session], None],
    *,
    at: At,
    about: str,
    typed: dict[str, str],
) -> Response:
    refused = attempt(world, me, act)
    if refused is None:
        return redirect(request, "/cautions")
    with world.database.reading(Practices(me.practice_ids)) as session:
        return _list(request, session, at=at, about=about, form=Typed(typed, refused))


def _list(request: Request, session: Session, *, at: At, about: str, form: Typed) -> HTMLResponse:
    return page(
        request,
        "cautions.html",
        status=form.status,
        reports=reports_to_judge(session, at=at),
        cautions=cautions_that_hold(session, at=at),
        kinds=ABUSE_LABELS,
        about=about,
        form=form,
        days=DEFAULT_DAYS,
        most_days=MOST_DAYS,
        reason_limit=REASON_LIMIT,
    )
