"""What one practitioner does otherwise with a type of visit."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.service_types import load_service_type
from callcenter.agenda.editing.typed_spans import write_span
from callcenter.agenda.editing.visit_settings import OwnSettings, own_settings, set_own_settings, write_own_settings
from callcenter.directory.identity import Identity
from callcenter.directory.practitioners import load_practitioner
from callcenter.web.context import Administrator, At, Reads, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()

_ADDRESS = "/practices/{practice_id}/service-types/{service_type_id}/practitioners/{practitioner_id}"


class OwnForm(BaseModel):
    """What she does otherwise, as posted."""

    is_offered: str = ""
    duration_minutes: str = ""
    new_patients: str = ""
    new_patient_minutes: str = ""
    notice: str = ""
    horizon_days: str = ""


@router.get(_ADDRESS)
def own_visit(
    request: Request,
    practice_id: int,
    service_type_id: int,
    practitioner_id: int,
    session: Reads,
    me: Administrator,
) -> Response:
    """The form, empty where she does as the practice says."""
    open_frame(session, practice_id, me)
    service_type = load_service_type(session, practice_id, service_type_id)
    kept = own_settings(session, service_type).get(practitioner_id)
    form = Typed(write_own_settings(kept))
    return _show(request, session, practice_id, service_type_id, practitioner_id, me, form)


@router.post(_ADDRESS)
def change(
    request: Request,
    practice_id: int,
    service_type_id: int,
    practitioner_id: int,
    typed: Annotated[OwnForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Keep what differs."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        service_type = load_service_type(session, practice_id, service_type_id)
        practitioner = load_practitioner(session, practice_id, practitioner_id)
        own = OwnSettings(**typed.model_dump())
        set_own_settings(session, service_type, practitioner.id, own, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, service_type_id, practitioner_id, me, form)
    return saved(request, f"/practices/{practice_id}/service-types/{service_type_id}")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    service_type_id: int,
    practitioner_id: int,
    me: Identity,
    form: Typed,
) -> Response:
    return show_section(
        request,
        open_frame(session, practice_id, me),
        me,
        "service-types",
        template="practices/own_visit.html",
        form=form,
        service_type=load_service_type(session, practice_id, service_type_id),
        practitioner=load_practitioner(session, practice_id, practitioner_id),
        write_span=write_span,
    )
