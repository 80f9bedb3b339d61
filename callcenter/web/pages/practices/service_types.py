"""The types of visit of a practice, and what each asks; one practitioner's own are in ``own_visits``."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.service_types import (
    ServiceTypeParticulars,
    add_service_type,
    change_service_type,
    list_service_types,
    load_service_type,
    remove_service_type,
)
from callcenter.agenda.editing.typed_spans import write_span
from callcenter.agenda.editing.visit_settings import (
    VisitSettings,
    own_settings,
    set_visit_settings,
    write_visit_settings,
)
from callcenter.core.errors import Problem
from callcenter.directory.identity import Identity
from callcenter.directory.practitioners import list_practitioners
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()

_NEW = {"duration_minutes": "15", "step_minutes": "5", "new_patients": "welcome", "capacity": "1"}
_PARTICULARS = ("name", "short_name", "duration_minutes", "colour")


class ServiceTypeForm(BaseModel):
    """A type of visit as posted."""

    name: str = ""
    short_name: str = ""
    duration_minutes: str = ""
    colour: str = ""
    before_minutes: str = ""
    after_minutes: str = ""
    step_minutes: str = ""
    notice: str = ""
    horizon_days: str = ""
    new_patients: str = "welcome"
    new_patient_minutes: str = ""
    youngest: str = ""
    oldest: str = ""
    is_urgent: str = ""
    capacity: str = ""

    def particulars(self) -> ServiceTypeParticulars:
        """What the agenda keeps of its name and length."""
        return ServiceTypeParticulars(**self.model_dump(include=set(_PARTICULARS)))

    def settings(self) -> VisitSettings:
        """What it asks beyond that."""
        return VisitSettings(**self.model_dump(exclude=set(_PARTICULARS)))


@router.get("/practices/{practice_id}/service-types")
def service_types(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's types of visit, and the form of one more."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/service-types")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[ServiceTypeForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Add a type of visit."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        added = add_service_type(session, practice_id, typed.particulars(), at=at, staff_id=me.staff_id)
        set_visit_settings(session, added, typed.settings(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/service-types")


@router.get("/practices/{practice_id}/service-types/{service_type_id}")
def service_type(
    request: Request, practice_id: int, service_type_id: int, session: Reads, me: Administrator
) -> Response:
    """One type of visit, to be corrected."""
    open_frame(session, practice_id, me)
    found = load_service_type(session, practice_id, service_type_id)
    kept = {name: str(getattr(found, name)) for name in _PARTICULARS}
    return _show(
        request, session, practice_id, me, form=Typed(kept | write_visit_settings(found)), chosen=service_type_id
    )


@router.post("/practices/{practice_id}/service-types/{service_type_id}")
def change(
    request: Request,
    practice_id: int,
    service_type_id: int,
    typed: Annotated[ServiceTypeForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a type of visit."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_service_type(session, practice_id, service_type_id)
        change_service_type(session, found, typed.particulars(), at=at, staff_id=me.staff_id)
        set_visit_settings(session, found, typed.settings(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, me, form=form, chosen=service_type_id)
    return saved(request, f"/practices/{practice_id}/service-types")


@router.post("/practices/{practice_id}/service-types/{service_type_id}/removal")
def remove(
    request: Request, practice_id: int, service_type_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Remove a type of visit that no appointment has."""

    def act(session: Session) -> None:
        found = load_service_type(session, practice_id, service_type_id)
        remove_service_type(session, found, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, refused=refused)
    return saved(request, f"/practices/{practice_id}/service-types")


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
    found = list_service_types(session, practice_id)
    used = {one.colour for one in found}
    free = next((colour for colour in range(1, 9) if colour not in used), 1)
    return show_section(
        request,
        frame,
        me,
        "service-types",
        form=form or Typed(_NEW | {"colour": str(free)}),
        refused=refused,
        chosen=chosen,
        service_types=found,
        practitioners=list_practitioners(session, practice_id),
        own=next((own_settings(session, one) for one in found if one.id == chosen), {}),
        write_span=write_span,
    )
