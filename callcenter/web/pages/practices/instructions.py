"""The instructions of a practice, as its operators read them during a call."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.directory.identity import Identity
from callcenter.directory.practices import load_practice
from callcenter.instructions.standing import (
    TEXT_LIMIT,
    change_instruction,
    instructions_in_force,
    load_instruction,
    withdraw_instruction,
    write_instruction,
)
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


class InstructionForm(BaseModel):
    """An instruction as posted; the end is wall-clock time at the practice."""

    text: str = ""
    valid_until: str = ""

    def until(self, zone: str) -> datetime | None:
        """The end of validity. Raises ``Invalid``."""
        if not self.valid_until:
            return None
        try:
            return datetime.fromisoformat(self.valid_until).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            raise Invalid(N_("This is not a day and a time."), field="valid_until") from None


@router.get("/practices/{practice_id}/instructions")
def instructions(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """The instructions in force, and the form of one more."""
    return _show(request, session, practice_id, me, at=at)


@router.post("/practices/{practice_id}/instructions")
def write(
    request: Request,
    practice_id: int,
    typed: Annotated[InstructionForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Write an instruction, in force from now on."""

    def act(session: Session) -> None:
        until = typed.until(load_practice(session, practice_id, me.practice_ids).zone)
        write_instruction(session, practice_id, typed.text, valid_until=until, staff_id=me.staff_id, at=at)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, at=at, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/instructions")


@router.get("/practices/{practice_id}/instructions/{instruction_id}")
def instruction(
    request: Request, practice_id: int, instruction_id: int, session: Reads, me: Administrator, at: At
) -> Response:
    """One instruction, to be reworded."""
    found = load_instruction(session, practice_id, instruction_id)
    zone = ZoneInfo(load_practice(session, practice_id, me.practice_ids).zone)
    until = found.valid_until.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if found.valid_until else ""
    form = Typed({"text": found.text, "valid_until": until})
    return _show(request, session, practice_id, me, at=at, form=form, chosen=instruction_id)


@router.post("/practices/{practice_id}/instructions/{instruction_id}")
def change(
    request: Request,
    practice_id: int,
    instruction_id: int,
    typed: Annotated[InstructionForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Reword an instruction or move its end."""

    def act(session: Session) -> None:
        until = typed.until(load_practice(session, practice_id, me.practice_ids).zone)
        found = load_instruction(session, practice_id, instruction_id)
        change_instruction(session, found, typed.text, valid_until=until, staff_id=me.staff_id, at=at)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, me, at=at, form=form, chosen=instruction_id)
    return saved(request, f"/practices/{practice_id}/instructions")


@router.post("/practices/{practice_id}/instructions/{instruction_id}/withdrawal")
def withdraw(
    request: Request, practice_id: int, instruction_id: int, world: TheWorld, me: Administrator, at: At
) -> Response:
    """End an instruction now; past calls keep it."""

    def act(session: Session) -> None:
        load_instruction(session, practice_id, instruction_id)
        withdraw_instruction(session, instruction_id, staff_id=me.staff_id, at=at)

    attempt(world, me, act)
    return saved(request, f"/practices/{practice_id}/instructions")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    at: datetime,
    form: Typed | None = None,
    chosen: int | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "instructions",
        form=form or Typed(),
        chosen=chosen,
        instructions=instructions_in_force(session, practice_id, at=at),
        zone=ZoneInfo(frame.practice.zone),
        text_limit=TEXT_LIMIT,
    )
