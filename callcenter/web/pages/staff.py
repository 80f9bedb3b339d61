"""The accounts of the people who sign in."""

from typing import Annotated

from babel import Locale
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.errors import Problem
from callcenter.core.i18n import current_language
from callcenter.core.phone import format_number
from callcenter.directory.accounts import create_staff, set_password
from callcenter.directory.certifications import SPOKEN, certified_practices, certify, set_languages, withdraw
from callcenter.directory.models import Role
from callcenter.directory.passwords import SHORTEST, UNUSABLE
from callcenter.directory.practices import list_practices, load_practice
from callcenter.directory.staff import change_staff, list_staff, load_staff, read_role
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.certifications import read_id
from callcenter.web.rendering import page, redirect

router = APIRouter()


class StaffForm(BaseModel):
    """An account as posted; a box that is not ticked is not sent."""

    login: str = ""
    name: str = ""
    first_name: str = ""
    role: str = ""
    endpoint: str = ""
    is_active: str = ""


@router.get("/staff")
def staff_list(request: Request, session: Reads, me: Supervisor) -> Response:
    """Everybody, what they may do and where their calls ring."""
    return page(
        request,
        "staff/list.html",
        me=me,
        people=list_staff(session),
        unusable=UNUSABLE,
        may_change=me.role == Role.ADMINISTRATOR,
        saved="saved" in request.query_params,
    )


@router.get("/staff/new")
def new(request: Request, me: Administrator) -> Response:
    """The form of a new account."""
    return _show_new(request, me, Typed({"role": Role.OPERATOR.value}))


@router.post("/staff/new")
def create(
    request: Request,
    typed: Annotated[StaffForm, Form()],
    world: TheWorld,
    me: Administrator,
    at: At,
    password: Annotated[str, Form()] = "",
) -> Response:
    """Open an account."""

    def act(session: Session) -> None:
        create_staff(
            session,
            login=typed.login,
            name=typed.name,
            first_name=typed.first_name,
            role=read_role(typed.role),
            endpoint=typed.endpoint,
            countries=world.settings.countries,
            password=password,
            at=at,
            by=me.staff_id,
        )

    refused = attempt(world, me, act)
    if refused:
        return _show_new(request, me, Typed(typed.model_dump(), refused))
    return redirect(request, "/staff?saved=1")


@router.get("/staff/{staff_id}")
def account(request: Request, staff_id: int, session: Reads, me: Administrator) -> Response:
    """One account, to be corrected."""
    return _show_one(request, session, staff_id, me)


@router.post("/staff/{staff_id}")
def change(
    request: Request,
    staff_id: int,
    typed: Annotated[StaffForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct an account, close it or open it again."""

    def act(session: Session) -> None:
        change_staff(
            session,
            load_staff(session, staff_id),
            name=typed.name,
            first_name=typed.first_name,
            role=read_role(typed.role),
            endpoint=typed.endpoint,
            countries=world.settings.countries,
            is_active=bool(typed.is_active),
            at=at,
            by=me.staff_id,
        )

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, staff_id, me, form=Typed(typed.model_dump(), refused))
    return redirect(request, "/staff?saved=1")


@router.post("/staff/{staff_id}/languages")
def choose_languages(
    request: Request,
    staff_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    languages: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Say in which languages she takes calls; a box that is not ticked is not sent."""

    def act(session: Session) -> None:
        set_languages(session, load_staff(session, staff_id), languages or [], at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, staff_id, me, skills_refused=refused)
    return redirect(request, f"/staff/{staff_id}?saved=1")


@router.post("/staff/{staff_id}/certifications")
def add_certification(
    request: Request,
    staff_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    practice: Annotated[str, Form()] = "",
) -> Response:
    """Certify her for a practice."""

    def act(session: Session) -> None:
        found = load_practice(session, read_id(practice), me.practice_ids)
        certify(session, load_staff(session, staff_id), found, at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, staff_id, me, skills_refused=refused)
    return redirect(request, f"/staff/{staff_id}?saved=1")


@router.post("/staff/{staff_id}/certifications/{practice_id}/removal")
def remove_certification(
    request: Request, staff_id: int, practice_id: int, world: TheWorld, session: Reads, me: Administrator, at: At
) -> Response:
    """Take a certification back."""

    def act(session: Session) -> None:
        found = load_practice(session, practice_id, me.practice_ids)
        withdraw(session, load_staff(session, staff_id), found, at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, staff_id, me, skills_refused=refused)
    return redirect(request, f"/staff/{staff_id}?saved=1")


@router.post("/staff/{staff_id}/password")
def change_password(
    request: Request,
    staff_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    password: Annotated[str, Form()] = "",
) -> Response:
    """Give somebody a new password; she is signed out everywhere."""

    def act(session: Session) -> None:
        set_password(session, staff_id, password, at=at, by=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show_one(request, session, staff_id, me, password_refused=refused)
    return redirect(request, "/sign-in" if staff_id == me.staff_id else "/staff?saved=1")


def _show_new(request: Request, me: Administrator, form: Typed) -> Response:
    return page(request, "staff/new.html", status=form.status, me=me, form=form, roles=list(Role), shortest=SHORTEST)


def _show_one(
    request: Request,
    session: Session,
    staff_id: int,
    me: Administrator,
    *,
    form: Typed | None = None,
    password_refused: Problem | None = None,
    skills_refused: Problem | None = None,
) -> Response:
    person = load_staff(session, staff_id)
    certified = certified_practices(session, staff_id)
    known = {one.id for one in certified}
    kept = {
        "name": person.name,
        "first_name": person.first_name,
        "role": str(person.role),
        "endpoint": format_number(person.endpoint),
        "is_active": "yes" if person.is_active else "",
    }
    password_form, skills_form = Typed({}, password_refused), Typed({}, skills_refused)
    shown = form or Typed(kept)
    refused = password_refused or skills_refused
    return page(
        request,
        "staff/account.html",
        status=refused.status if refused else shown.status,
        me=me,
        person=person,
        form=shown,
        password_form=password_form,
        skills_form=skills_form,
        may_be_certified=person.role in {Role.OPERATOR, Role.SUPERVISOR},
        languages=[(code, Locale.parse(code).get_display_name(current_language()) or code) for code in SPOKEN],
        spoken=person.languages.split(),
        certified=certified,
        practices=[one for one in list_practices(session, me.practice_ids) if one.id not in known],
        saved="saved" in request.query_params,
        roles=list(Role),
        shortest=SHORTEST,
    )
