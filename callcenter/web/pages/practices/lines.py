"""The lines of a practice: the numbers that patients dial."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.directory.identity import Identity
from callcenter.directory.line_waits import WaitRules
from callcenter.directory.lines import LineRules, add_line, change_line, list_lines, load_line, remove_line
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.line_page import FORWARDING_WORDS, show_line, standing_of_lines

router = APIRouter()


class LineForm(BaseModel):
    """A line as posted; what a form does not show stays as it is."""

    number: str = ""
    label: str = ""
    forwarding: str | None = None
    outside_sentence: str | None = None
    outside_number: str | None = None
    gate_per_minute: str | None = None
    is_priority: str | None = None
    overflow_after: str | None = None
    overflow_number: str | None = None
    callback_after: str | None = None

    def rules(self) -> LineRules:
        """What the directory checks."""
        waits = WaitRules(self.is_priority, self.overflow_after, self.overflow_number, self.callback_after)
        return LineRules(self.forwarding, self.outside_sentence, self.outside_number, self.gate_per_minute, waits)


@router.get("/practices/{practice_id}/lines")
def lines(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """The practice's lines, whether each is answered now, and the form of one more."""
    return _show(request, session, practice_id, me, at=at)


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
        add_line(session, practice, number=typed.number, label=typed.label, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, at=at, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/lines")


@router.get("/practices/{practice_id}/lines/{line_id}")
def line(request: Request, practice_id: int, line_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """One line: what its callers hear now, its rules, its week and its periods."""
    return show_line(request, session, practice_id, line_id, me, at=at)


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
        change_line(
            session,
            practice,
            found,
            number=typed.number,
            label=typed.label,
            rules=typed.rules(),
            countries=world.settings.countries,
            at=at,
            staff_id=me.staff_id,
        )

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return show_line(request, session, practice_id, line_id, me, at=at, form=form)
    return saved(request, f"/practices/{practice_id}/lines/{line_id}")


@router.post("/practices/{practice_id}/lines/{line_id}/removal")
def remove(
    request: Request, practice_id: int, line_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Give a number back."""

    def act(session: Session) -> None:
        remove_line(session, load_line(session, practice_id, line_id), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return show_line(request, session, practice_id, line_id, me, at=at, refused=refused)
    return saved(request, f"/practices/{practice_id}/lines")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    at: datetime,
    form: Typed | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "lines",
        form=form or Typed(),
        lines=list_lines(session, practice_id),
        standing=standing_of_lines(session, practice_id, at=at),
        forwarding_words=FORWARDING_WORDS,
        today=at.astimezone(ZoneInfo(frame.practice.zone)).date(),
    )
