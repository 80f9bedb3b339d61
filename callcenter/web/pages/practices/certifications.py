"""Who may take a practice's calls: everybody, or those who were certified for it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.certifications import certified_staff, certify, set_certified_only, who_takes_calls, withdraw
from callcenter.directory.identity import Identity
from callcenter.directory.staff import load_staff
from callcenter.web.context import LARGEST_ID, Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


@router.get("/practices/{practice_id}/operators")
def operators(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """Who may take this practice's calls."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/operators")
def choose_who(
    request: Request,
    practice_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    certified_only: Annotated[str, Form()] = "",
) -> Response:
    """Everybody, or certified operators only."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        set_certified_only(session, practice, certified_only=certified_only == "yes", at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed({}, refused))
    return saved(request, f"/practices/{practice_id}/operators")


@router.post("/practices/{practice_id}/certifications")
def add(
    request: Request,
    practice_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    staff: Annotated[str, Form()] = "",
) -> Response:
    """Certify somebody for this practice."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        certify(session, load_staff(session, read_id(staff)), practice, at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed({"staff": staff}, refused))
    return saved(request, f"/practices/{practice_id}/operators")


@router.post("/practices/{practice_id}/certifications/{staff_id}/removal")
def remove(
    request: Request, practice_id: int, staff_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Take a certification back."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        withdraw(session, load_staff(session, staff_id), practice, at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed({}, refused))
    return saved(request, f"/practices/{practice_id}/operators")


def read_id(typed: str) -> int:
    """An id as chosen in a list. Raises ``NotFound`` for what stands in none."""
    if typed.isascii() and typed.isdecimal() and 0 < int(typed[:12]) <= LARGEST_ID:
        return int(typed[:12])
    raise NotFound(N_("There is no such account."))


def _show(request: Request, session: Session, practice_id: int, me: Identity, *, form: Typed | None = None) -> Response:
    frame = open_frame(session, practice_id, me)
    certified = certified_staff(session, practice_id)
    known = {one.id for one in certified}
    return show_section(
        request,
        frame,
        me,
        "operators",
        form=form or Typed(),
        certified=certified,
        others=[one for one in who_takes_calls(session) if one.id not in known],
    )
