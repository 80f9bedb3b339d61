"""The contacts of a practice: whom its callers are put through to besides its practitioners."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.phone import format_number
from callcenter.directory.contacts import (
    ContactParticulars,
    add_contact,
    change_contact,
    list_contacts,
    load_contact,
    remove_contact,
)
from callcenter.directory.identity import Identity
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


class ContactForm(BaseModel):
    """A contact as posted."""

    name: str = ""
    number: str = ""
    digits: str = ""
    note: str = ""

    def particulars(self) -> ContactParticulars:
        """What the directory keeps."""
        return ContactParticulars(**self.model_dump())


@router.get("/practices/{practice_id}/contacts")
def contacts(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's contacts, and the form of one more."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/contacts")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[ContactForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note a contact."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        countries = world.settings.countries
        add_contact(session, practice, typed.particulars(), at=at, staff_id=me.staff_id, countries=countries)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/contacts")


@router.get("/practices/{practice_id}/contacts/{contact_id}")
def contact(request: Request, practice_id: int, contact_id: int, session: Reads, me: Administrator) -> Response:
    """One contact, to be corrected."""
    practice = open_frame(session, practice_id, me).practice
    found = load_contact(session, practice_id, contact_id)
    kept = asdict(ContactParticulars(found.name, found.number, found.digits, found.note))
    kept["number"] = format_number(found.number, country=practice.country)
    return _show(request, session, practice_id, me, form=Typed(kept), chosen=contact_id)


@router.post("/practices/{practice_id}/contacts/{contact_id}")
def change(
    request: Request,
    practice_id: int,
    contact_id: int,
    typed: Annotated[ContactForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a contact."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        found = load_contact(session, practice_id, contact_id)
        countries = world.settings.countries
        change_contact(session, practice, found, typed.particulars(), at=at, staff_id=me.staff_id, countries=countries)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, me, form=form, chosen=contact_id)
    return saved(request, f"/practices/{practice_id}/contacts")


@router.post("/practices/{practice_id}/contacts/{contact_id}/removal")
def remove(request: Request, practice_id: int, contact_id: int, session: Writes, me: Administrator, at: At) -> Response:
    """Forget a contact."""
    open_frame(session, practice_id, me)
    remove_contact(session, load_contact(session, practice_id, contact_id), at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/contacts")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    form: Typed | None = None,
    chosen: int | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "contacts",
        form=form or Typed(),
        chosen=chosen,
        contacts=list_contacts(session, practice_id),
    )
