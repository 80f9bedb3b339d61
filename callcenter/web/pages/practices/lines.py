"""The lines of a practice: the numbers that patients dial."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.errors import Problem
from callcenter.core.phone import format_number
from callcenter.directory.identity import Identity
from callcenter.directory.lines import add_line, change_line, list_lines, load_line, remove_line
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


class LineForm(BaseModel):
    """A line as posted."""

    number: str = ""
    label: str = ""


@router.get("/practices/{practice_id}/lines")
def lines(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's lines, and the form of one more."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/lines")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[LineForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Give the practice a number."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        add_line(session, practice, **typed.model_dump(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/lines")


@router.get("/practices/{practice_id}/lines/{line_id}")
def line(request: Request, practice_id: int, line_id: int, session: Reads, me: Administrator) -> Response:
    """One line, to be corrected."""
    found = load_line(session, practice_id, line_id)
    country = open_frame(session, practice_id, me).practice.country
    kept = Typed({"number": format_number(found.number, country=country), "label": found.label})
    return _show(request, session, practice_id, me, form=kept, chosen=line_id)


@router.post("/practices/{practice_id}/lines/{line_id}")
def change(
    request: Request,
    practice_id: int,
    line_id: int,
    typed: Annotated[LineForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a line."""

    def act(session: Session) -> None:
        practice, found = open_frame(session, practice_id, me).practice, load_line(session, practice_id, line_id)
        change_line(session, practice, found, **typed.model_dump(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused), chosen=line_id)
    return saved(request, f"/practices/{practice_id}/lines")


@router.post("/practices/{practice_id}/lines/{line_id}/removal")
def remove(
    request: Request, practice_id: int, line_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Give a number back."""

    def act(session: Session) -> None:
        remove_line(session, load_line(session, practice_id, line_id), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, refused=refused)
    return saved(request, f"/practices/{practice_id}/lines")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    form: Typed | None = None,
    chosen: int | None = None,
    refused: Problem | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "lines",
        form=form or Typed(),
        refused=refused,
        chosen=chosen,
        lines=list_lines(session, practice_id),
    )
