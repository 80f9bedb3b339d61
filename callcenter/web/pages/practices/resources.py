"""The rooms and devices of a practice, and which of them its types of visit need."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.resources import (
    NeedParticulars,
    ResourceParticulars,
    add_need,
    add_resource,
    change_resource,
    list_needs,
    list_resources,
    load_resource,
    remove_need,
    use_resource,
)
from callcenter.agenda.editing.service_types import list_service_types
from callcenter.agenda.resource_models import NeedKind
from callcenter.core.i18n import gettext
from callcenter.directory.identity import Identity
from callcenter.directory.practitioners import list_practitioners
from callcenter.directory.sites import list_sites
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()


class ResourceForm(BaseModel):
    """A room or a device as posted."""

    kind: str = ""
    name: str = ""
    category: str = ""
    site: str = ""

    def particulars(self) -> ResourceParticulars:
        """What the agenda keeps."""
        return ResourceParticulars(**self.model_dump())


class NeedForm(BaseModel):
    """What a type of visit needs, as posted."""

    service_type: str = ""
    what: str = ""


@router.get("/practices/{practice_id}/resources")
def resources(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The practice's rooms and devices, and what visits need."""
    return _show(request, session, practice_id, me)


@router.post("/practices/{practice_id}/resources")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[ResourceForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note a room or a device."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        add_resource(session, practice_id, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/resources")


@router.post("/practices/{practice_id}/resources/needs")
def need(
    request: Request,
    practice_id: int,
    typed: Annotated[NeedForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """A type of visit needs one thing more."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        add_need(session, practice_id, NeedParticulars(**typed.model_dump()), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, need_form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/resources")


@router.post("/practices/{practice_id}/resources/needs/{need_id}/removal")
def need_no_longer(
    request: Request, practice_id: int, need_id: int, world: TheWorld, me: Administrator, at: At
) -> Response:
    """A type of visit needs this no longer."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        remove_need(session, practice_id, need_id, at=at, staff_id=me.staff_id)

    attempt(world, me, act)
    return saved(request, f"/practices/{practice_id}/resources")


@router.get("/practices/{practice_id}/resources/{resource_id}")
def resource(request: Request, practice_id: int, resource_id: int, session: Reads, me: Administrator) -> Response:
    """One room or device, to be corrected."""
    found = load_resource(session, practice_id, resource_id)
    kept = Typed({"kind": found.kind, "name": found.name, "category": found.category, "site": found.site_id or ""})
    return _show(request, session, practice_id, me, form=kept, chosen=resource_id)


@router.post("/practices/{practice_id}/resources/{resource_id}")
def change(
    request: Request,
    practice_id: int,
    resource_id: int,
    typed: Annotated[ResourceForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a room or a device."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_resource(session, practice_id, resource_id)
        change_resource(session, found, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused), chosen=resource_id)
    return saved(request, f"/practices/{practice_id}/resources")


@router.post("/practices/{practice_id}/resources/{resource_id}/use")
def put_in_or_out_of_use(
    request: Request,
    practice_id: int,
    resource_id: int,
    world: TheWorld,
    me: Administrator,
    at: At,
    is_active: Annotated[bool, Form()] = False,
) -> Response:
    """Nothing new is booked in it, or it may be booked again."""

    def act(session: Session) -> None:
        found = load_resource(session, practice_id, resource_id)
        use_resource(session, found, is_active=is_active, at=at, staff_id=me.staff_id)

    attempt(world, me, act)
    return saved(request, f"/practices/{practice_id}/resources")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    form: Typed | None = None,
    need_form: Typed | None = None,
    chosen: int | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    there = list_resources(session, practice_id)
    people = list_practitioners(session, practice_id)
    sites, types = list_sites(session, practice_id), list_service_types(session, practice_id)
    return show_section(
        request,
        frame,
        me,
        "resources",
        form=form or Typed({"kind": NeedKind.ROOM.value}),
        need_form=need_form or Typed(),
        status=need_form.status if need_form else None,
        chosen=chosen,
        resources=there,
        categories=sorted({one.category for one in there if one.category}),
        sites=sites,
        site_choices=[(one.id, one.name) for one in sites],
        types=types,
        type_choices=[(one.id, one.name) for one in types],
        needs=list_needs(session, practice_id),
        choices=_choices(
            [(one.kind, one.category) for one in there if one.is_active], [(one.id, one.name) for one in people]
        ),
    )


def _choices(there: list[tuple[str, str]], people: list[tuple[int, str]]) -> list[tuple[str, str]]:
    """What a visit may need, as values and words."""
    words = {NeedKind.ROOM.value: gettext("Any room"), NeedKind.DEVICE.value: gettext("Any device")}
    found = []
    for kind in (NeedKind.ROOM.value, NeedKind.DEVICE.value):
        categories = sorted({category for one, category in there if one == kind})
        if categories:
            found.append((f"{kind}:", words[kind]))
        found += [(f"{kind}:{category}", category) for category in categories if category]
    if len(people) > 1:
        found.append(("practitioner:", gettext("A second practitioner, whoever is free")))
        found += [(f"practitioner:{one}", name) for one, name in people]
    return found
