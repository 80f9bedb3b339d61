"""Somebody else on call, or nobody, from one hour to another: arranged, and taken back."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.directory.identity import Identity
from callcenter.dispatch.shifts import NOBODY, OverrideParticulars, add_override, withdraw_override
from callcenter.web.context import FIRST_INSTANT, LAST_INSTANT, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.on_call_view import people_of
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.on_call import show_roster

router = APIRouter()

_ADDRESS = "/practices/{practice_id}/on-call/overrides"
_FIELD = "%Y-%m-%dT%H:%M"
Instant = Annotated[int | None, Query(ge=FIRST_INSTANT, le=LAST_INSTANT)]  # s since 1970


class OverrideForm(BaseModel):
    """An override as posted; times are wall-clock times of the practice."""

    who: str = ""
    starts: str = ""
    ends: str = ""

    def particulars(self) -> OverrideParticulars:
        """What the roster reads."""
        return OverrideParticulars(**self.model_dump())


@router.get(_ADDRESS + "/new")
def new(
    request: Request,
    practice_id: int,
    session: Reads,
    me: Supervisor,
    at: At,
    starts: Instant = None,
    ends: Instant = None,
) -> Response:
    """The form of an override, filled with the gap it is to close when one was chosen."""
    zone = ZoneInfo(open_frame(session, practice_id, me).practice.zone)
    begin = at.astimezone(zone) if starts is None else datetime.fromtimestamp(starts, zone)
    end = "" if ends is None else datetime.fromtimestamp(ends, zone).strftime(_FIELD)
    kept = {"who": "", "starts": begin.strftime(_FIELD), "ends": end}
    return _show(request, session, practice_id, me, form=Typed(kept))


@router.post(_ADDRESS)
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[OverrideForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Put somebody on call for this time, or nobody."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        add_override(session, practice_id, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/on-call")


@router.post(_ADDRESS + "/{shift_id}/withdrawal")
def withdraw(
    request: Request, practice_id: int, shift_id: int, world: TheWorld, session: Reads, me: Supervisor, at: At
) -> Response:
    """Take an override back."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        withdraw_override(session, practice_id, shift_id, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return show_roster(request, session, practice_id, me, at=at, refused=refused)
    return saved(request, f"/practices/{practice_id}/on-call")


def _show(request: Request, session: Session, practice_id: int, me: Identity, *, form: Typed) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "on-call",
        form=form,
        template="on_call/override.html",
        people=people_of(session, practice_id),
        nobody=NOBODY,
    )
