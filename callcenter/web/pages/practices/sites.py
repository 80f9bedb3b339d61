"""The sites of a practice: where it receives patients."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.setup import follow_site_zone
from callcenter.core.errors import Problem
from callcenter.directory.identity import Identity
from callcenter.directory.sites import SiteParticulars, add_site, change_site, list_sites, load_site, remove_site
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.particulars import ZONES

router = APIRouter()


class SiteForm(BaseModel):
    """A site as posted."""

    name: str = ""
    address: str = ""
    postal_code: str = ""
    city: str = ""
    zone: str = ""

    def particulars(self) -> SiteParticulars:
        """What the directory keeps."""
        return SiteParticulars(**self.model_dump())


@router.get("/practices/{practice_id}/sites")
def sites(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's sites, and the form of one more."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/sites")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[SiteForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note a place of the practice."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        add_site(session, practice, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/sites")


@router.get("/practices/{practice_id}/sites/{site_id}")
def site(request: Request, practice_id: int, site_id: int, session: Reads, me: Administrator) -> Response:
    """One site, to be corrected."""
    found = load_site(session, practice_id, site_id)
    kept = Typed({name: getattr(found, name) for name in asdict(SiteParticulars())})
    return _show(request, session, practice_id, me, form=kept, chosen=site_id)


@router.post("/practices/{practice_id}/sites/{site_id}")
def change(
    request: Request,
    practice_id: int,
    site_id: int,
    typed: Annotated[SiteForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a site; its agendas follow its zone."""

    def act(session: Session) -> None:
        practice, found = open_frame(session, practice_id, me).practice, load_site(session, practice_id, site_id)
        if change_site(session, practice, found, typed.particulars(), at=at, staff_id=me.staff_id):
            follow_site_zone(session, practice_id, site_id, zone=found.zone)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused), chosen=site_id)
    return saved(request, f"/practices/{practice_id}/sites")


@router.post("/practices/{practice_id}/sites/{site_id}/removal")
def remove(
    request: Request, practice_id: int, site_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Forget a place where nobody receives."""

    def act(session: Session) -> None:
        remove_site(session, load_site(session, practice_id, site_id), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, refused=refused)
    return saved(request, f"/practices/{practice_id}/sites")


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
    return show_section(
        request,
        frame,
        me,
        "sites",
        form=form or Typed({"zone": frame.practice.zone}),
        refused=refused,
        chosen=chosen,
        sites=list_sites(session, practice_id),
        zones=ZONES,
    )
