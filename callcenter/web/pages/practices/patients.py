"""The patients of a practice: found by a posted search (nothing personal stands in an address), created, corrected."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.i18n import format_date_numeric
from callcenter.core.phone import format_number
from callcenter.directory.identity import Identity
from callcenter.directory.models import Patient
from callcenter.directory.patients import (
    change_patient,
    create_patient,
    list_patients,
    load_patient,
    search_patients,
)
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()
_SHOWN = 50


class PatientForm(BaseModel):
    """A patient as posted."""

    title: str = ""
    family_name: str = ""
    given_name: str = ""
    birth_on: str = ""
    phone: str = ""
    note: str = ""


@router.get("/practices/{practice_id}/patients")
def patients(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The first patients by name, and the search."""
    return _show_list(request, session, practice_id, me, list_patients(session, practice_id, limit=_SHOWN), text="")


@router.post("/practices/{practice_id}/patients")
def search(
    request: Request, practice_id: int, session: Reads, me: Supervisor, text: Annotated[str, Form()] = ""
) -> Response:
    """The patients that answer to what was typed."""
    if text.strip():
        found = search_patients(session, practice_id, text, limit=_SHOWN)
    else:
        found = list_patients(session, practice_id, limit=_SHOWN)
    return _show_list(request, session, practice_id, me, found, text=text)


@router.get("/practices/{practice_id}/patients/new")
def new(request: Request, practice_id: int, session: Reads, me: Administrator) -> Response:
    """The form of a new patient."""
    return _show_one(request, session, practice_id, me, form=Typed())


@router.post("/practices/{practice_id}/patients/new")
def create(
    request: Request,
    practice_id: int,
    typed: Annotated[PatientForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note a new patient."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        create_patient(session, practice_id, **typed.model_dump(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/patients")


@router.get("/practices/{practice_id}/patients/{patient_id}")
def patient(request: Request, practice_id: int, patient_id: int, session: Reads, me: Administrator) -> Response:
    """One patient, to be corrected."""
    found = load_patient(session, practice_id, patient_id)
    country = open_frame(session, practice_id, me).practice.country
    kept = {
        "title": found.title,
        "family_name": found.family_name,
        "given_name": found.given_name,
        "birth_on": format_date_numeric(found.birth_on) if found.birth_on else "",
        "phone": format_number(found.phone, country=country),
        "note": found.note,
    }
    return _show_one(request, session, practice_id, me, form=Typed(kept), chosen=patient_id)


@router.post("/practices/{practice_id}/patients/{patient_id}")
def change(
    request: Request,
    practice_id: int,
    patient_id: int,
    typed: Annotated[PatientForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a patient's particulars."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_patient(session, practice_id, patient_id)
        change_patient(session, found, **typed.model_dump(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show_one(request, session, practice_id, me, form=form, chosen=patient_id)
    return saved(request, f"/practices/{practice_id}/patients")


def _show_list(
    request: Request, session: Session, practice_id: int, me: Identity, found: Sequence[Patient], *, text: str
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "patients",
        form=Typed({"text": text}),
        patients=found,
        shown=_SHOWN,
        searched=bool(text.strip()),
    )


def _show_one(
    request: Request, session: Session, practice_id: int, me: Identity, *, form: Typed, chosen: int | None = None
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(request, frame, me, "patients", template="practices/patient.html", form=form, chosen=chosen)
