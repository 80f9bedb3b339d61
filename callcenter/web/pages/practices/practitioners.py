"""The practitioners of a practice."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.setup import hours_by_practitioner, open_schedule
from callcenter.core.phone import format_number
from callcenter.directory.identity import Identity
from callcenter.directory.practices import load_practice
from callcenter.directory.practitioners import (
    PractitionerParticulars,
    add_practitioner,
    change_practitioner,
    list_practitioners,
    load_practitioner,
)
from callcenter.directory.sites import list_sites, load_site
from callcenter.directory.staff import practitioner_accounts
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


class PractitionerForm(BaseModel):
    """A practitioner as posted."""

    name: str = ""
    family_name: str = ""
    profession: str = ""
    site: str = ""
    account: str = ""
    phone: str = ""

    def particulars(self) -> PractitionerParticulars:
        """What the directory keeps."""
        return PractitionerParticulars(
            self.name, self.family_name, self.profession, _number(self.site), _number(self.account), self.phone
        )


@router.get("/practices/{practice_id}/practitioners")
def practitioners(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's practitioners, and the form of one more."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/practitioners")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[PractitionerForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note a practitioner and open the agenda; the weekly hours come next."""
    made: list[int] = []

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        added = add_practitioner(
            session,
            practice_id,
            typed.particulars(),
            at=at,
            staff_id=me.staff_id,
            countries=world.settings.countries,
        )
        _open_agenda(session, practice_id, added.id, added.site_id)
        made.append(added.id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/practitioners/{made[0]}/hours")


@router.get("/practices/{practice_id}/practitioners/{practitioner_id}")
def practitioner(
    request: Request, practice_id: int, practitioner_id: int, session: Reads, me: Administrator
) -> Response:
    """One practitioner, to be corrected."""
    found = load_practitioner(session, practice_id, practitioner_id)
    kept = {
        "name": found.name,
        "family_name": found.family_name,
        "profession": found.profession,
        "site": str(found.site_id),
        "account": str(found.staff_id or ""),
        "phone": format_number(found.phone, country=load_practice(session, practice_id, me.practice_ids).country),
    }
    return _show(request, session, practice_id, me, form=Typed(kept), chosen=practitioner_id)


@router.post("/practices/{practice_id}/practitioners/{practitioner_id}")
def change(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    typed: Annotated[PractitionerForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a practitioner; the agenda moves along to another site."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_practitioner(session, practice_id, practitioner_id)
        change_practitioner(
            session,
            found,
            typed.particulars(),
            at=at,
            staff_id=me.staff_id,
            countries=world.settings.countries,
        )
        _open_agenda(session, practice_id, found.id, found.site_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, me, form=form, chosen=practitioner_id)
    return saved(request, f"/practices/{practice_id}/practitioners")


def _open_agenda(session: Session, practice_id: int, practitioner_id: int, site_id: int) -> None:
    zone = load_site(session, practice_id, site_id).zone
    open_schedule(session, practice_id=practice_id, practitioner_id=practitioner_id, site_id=site_id, zone=zone)


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
    sites = list_sites(session, practice_id)
    return show_section(
        request,
        frame,
        me,
        "practitioners",
        form=form or Typed({"site": str(sites[0].id) if len(sites) == 1 else ""}),
        chosen=chosen,
        sites=sites,
        site_names={one.id: one.name for one in sites},
        accounts=practitioner_accounts(session),
        practitioners=list_practitioners(session, practice_id),
        hours=hours_by_practitioner(session, practice_id),
    )


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
