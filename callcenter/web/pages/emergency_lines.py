"""The centre's directory of emergency lines: which numbers are rung in which order, and when each was last verified."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.phone import format_number
from callcenter.directory.emergency_lines import (
    COUNTRIES,
    EmergencyLineParticulars,
    add_emergency_line,
    change_emergency_line,
    list_emergency_lines,
    load_emergency_line,
    restore_emergency_line,
    retire_emergency_line,
    verify_emergency_line,
)
from callcenter.directory.models import EmergencyLine
from callcenter.web.context import At, Reads, Supervisor, TheWorld, World, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import page, redirect

router = APIRouter()

_LIST = "/emergency-lines"


class LineForm(BaseModel):
    """A line as posted."""

    label: str = ""
    number: str = ""
    country: str = "FR"
    department: str = ""
    agreement: str = ""
    agreed_on: str = ""
    verify_every: str = ""
    position: str = ""


@router.get(_LIST)
def list_lines(request: Request, world: TheWorld, session: Reads, me: Supervisor, at: At) -> HTMLResponse:
    """Every line, whether it is proven, and who verified it when."""
    lines = list_emergency_lines(session, today=_today(world, at))
    return page(
        request, "emergency_lines/list.html", me=me, lines=lines, saved="saved" in request.query_params,
    )  # fmt: skip


@router.get(f"{_LIST}/new")
def new(request: Request, _me: Supervisor) -> HTMLResponse:
    """The form of a new line."""
    return _form(request, Typed({"country": "FR", "verify_every": "90", "position": "0"}), None)


@router.post(f"{_LIST}/new")
def add(request: Request, typed: Annotated[LineForm, Form()], world: TheWorld, me: Supervisor, at: At) -> Response:
    """Take a line into the directory."""
    line = EmergencyLineParticulars(**typed.model_dump())
    refused = attempt(world, me, lambda session: add_emergency_line(session, line, at=at, staff_id=me.staff_id))
    if refused:
        return _form(request, Typed(typed.model_dump(), refused), None)
    return redirect(request, f"{_LIST}?saved=1")


@router.get(f"{_LIST}/{{line_id}}")
def show(request: Request, line_id: int, session: Reads, _me: Supervisor) -> HTMLResponse:
    """One line, to be corrected."""
    line = load_emergency_line(session, line_id)
    return _form(request, Typed(_kept(line)), line)


@router.post(f"{_LIST}/{{line_id}}")
def change(
    request: Request,
    line_id: int,
    typed: Annotated[LineForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Correct a line; another number has to be verified anew."""
    line = EmergencyLineParticulars(**typed.model_dump())

    def act(writing: Session) -> None:
        change_emergency_line(writing, load_emergency_line(writing, line_id), line, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _form(request, Typed(typed.model_dump(), refused), load_emergency_line(session, line_id))
    return redirect(request, f"{_LIST}?saved=1")


@router.post(f"{_LIST}/{{line_id}}/verification")
def verify(request: Request, line_id: int, world: TheWorld, session: Writes, me: Supervisor, at: At) -> Response:
    """It answered a test call today; noted twice, the same."""
    line = load_emergency_line(session, line_id)
    verify_emergency_line(session, line, today=_today(world, at), at=at, staff_id=me.staff_id)
    return redirect(request, f"{_LIST}?saved=1")


@router.post(f"{_LIST}/{{line_id}}/retirement")
def retire(request: Request, line_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """Ring it no more."""
    retire_emergency_line(session, load_emergency_line(session, line_id), at=at, staff_id=me.staff_id)
    return redirect(request, f"{_LIST}?saved=1")


@router.post(f"{_LIST}/{{line_id}}/restoration")
def restore(request: Request, line_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """Ring it again."""
    restore_emergency_line(session, load_emergency_line(session, line_id), at=at, staff_id=me.staff_id)
    return redirect(request, f"{_LIST}?saved=1")


def _form(request: Request, form: Typed, line: EmergencyLine | None) -> HTMLResponse:
    return page(request, "emergency_lines/one.html", status=form.status, form=form, line=line, countries=COUNTRIES)


def _kept(line: EmergencyLine) -> dict[str, object]:
    return {
        "label": line.label,
        "number": format_number(line.number, country=line.country),
        "country": line.country,
        "department": line.department,
        "agreement": line.agreement,
        "agreed_on": line.agreed_on.isoformat() if line.agreed_on else "",
        "verify_every": line.verify_every,
        "position": line.position,
    }


def _today(world: World, at: At) -> date:
    """The centre's date."""
    return at.astimezone(world.settings.centre_zone).date()
