"""The week of a line, its closures and the periods served."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.directory.line_times import PeriodParticulars, add_period, read_hours, remove_period, set_line_hours
from callcenter.directory.lines import load_line
from callcenter.web.context import Administrator, At, Reads, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved
from callcenter.web.pages.practices.hours import WeekForm
from callcenter.web.pages.practices.line_page import show_line

router = APIRouter()


class PeriodForm(BaseModel):
    """A period as posted."""

    kind: str = ""
    starts_on: str = ""
    ends_on: str = ""
    starts: str = ""
    ends: str = ""
    sentence: str = ""


@router.post("/practices/{practice_id}/lines/{line_id}/hours")
def change_hours(
    request: Request,
    practice_id: int,
    line_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    typed: Annotated[WeekForm, Form()],
) -> Response:
    """Save the line's week; or add, remove or copy rows of what is typed, without saving."""
    rows, edited = typed.read()
    if edited is not None:
        return show_line(request, session, practice_id, line_id, me, at=at, rows=edited, unsaved=True)

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        typed.refuse_partial()
        hours = [
            read_hours(row.weekday, row.starts, row.ends, field=f"hours-{row.weekday}")
            for row in rows
            if row.starts or row.ends
        ]
        set_line_hours(session, load_line(session, practice_id, line_id), hours, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed({}, refused)
        return show_line(request, session, practice_id, line_id, me, at=at, rows=rows, week_form=form)
    return saved(request, f"/practices/{practice_id}/lines/{line_id}")


@router.post("/practices/{practice_id}/lines/{line_id}/periods")
def add(
    request: Request,
    practice_id: int,
    line_id: int,
    typed: Annotated[PeriodForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Close the line, or have it served, on some days."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        line = load_line(session, practice_id, line_id)
        add_period(session, line, PeriodParticulars(**typed.model_dump()), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return show_line(request, session, practice_id, line_id, me, at=at, period_form=form)
    return saved(request, f"/practices/{practice_id}/lines/{line_id}")


@router.post("/practices/{practice_id}/lines/{line_id}/periods/{period_id}/removal")
def remove(
    request: Request,
    practice_id: int,
    line_id: int,
    period_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Take a period back."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        line = load_line(session, practice_id, line_id)
        remove_period(session, line, period_id, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return show_line(request, session, practice_id, line_id, me, at=at, refused=refused)
    return saved(request, f"/practices/{practice_id}/lines/{line_id}")
