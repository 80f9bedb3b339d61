"""How a practitioner wants to be told of messages, set on their own telephone."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.identity import Identity
from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.preferences import remove_code, set_code, set_preference
from callcenter.web.context import At, Doctor, Reads, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.preference_form import CodeForm, PreferenceForm, preference_context
from callcenter.web.rendering import page, redirect

router = APIRouter()
_ADDRESS = "/my-messages/preferences"

Whose = Annotated[int | None, Query()]


@router.get(_ADDRESS)
def show(request: Request, session: Reads, me: Doctor, practitioner: Whose = None) -> Response:
    """The form, and in words what it means."""
    return _show(request, session, me, practitioner)


@router.post(_ADDRESS)
def change(
    request: Request,
    typed: Annotated[PreferenceForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Doctor,
    at: At,
    practitioner: Whose = None,
) -> Response:
    """Keep what was chosen."""

    def act(session: Session) -> None:
        mine, _, _ = _place(session, me, practitioner)
        set_preference(session, mine, typed.typed(), at=at, staff_id=me.staff_id, countries=world.settings.countries)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, me, practitioner, form=Typed(typed.model_dump(), refused))
    return _saved(request, practitioner)


@router.post(_ADDRESS + "/code")
def change_code(
    request: Request,
    typed: Annotated[CodeForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Doctor,
    at: At,
    practitioner: Whose = None,
) -> Response:
    """Keep a code for links."""

    def act(session: Session) -> None:
        mine, _, _ = _place(session, me, practitioner)
        set_code(session, mine, typed.code, typed.again, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, me, practitioner, code_form=Typed({}, refused))
    return _saved(request, practitioner)


@router.post(_ADDRESS + "/code/removal")
def forget_code(request: Request, session: Writes, me: Doctor, at: At, practitioner: Whose = None) -> Response:
    """Links ask for sign-in from now on."""
    mine, _, _ = _place(session, me, practitioner)
    remove_code(session, mine, at=at, staff_id=me.staff_id)
    return _saved(request, practitioner)


def _saved(request: Request, practitioner: int | None) -> Response:
    return redirect(request, f"{_ADDRESS}?saved=1" + (f"&practitioner={practitioner}" if practitioner else ""))


def _place(
    session: Session, me: Identity, practitioner_id: int | None
) -> tuple[Practitioner, Practice, list[tuple[int, str]]]:
    """The practitioner whom this account is, in which practice, and where else. Raises ``NotFound``."""
    rows = session.execute(
        select(Practitioner, Practice)
        .join(Practice, Practice.id == Practitioner.practice_id)
        .where(Practitioner.staff_id == me.staff_id)
        .order_by(Practice.name, Practitioner.id)
    ).all()
    found = next(((one, where) for one, where in rows if practitioner_id in {None, one.id}), None)
    if found is None:
        raise NotFound(N_("There is no such practitioner."))
    return *found, [(one.id, where.name) for one, where in rows]


def _show(
    request: Request,
    session: Session,
    me: Identity,
    practitioner_id: int | None,
    *,
    form: Typed | None = None,
    code_form: Typed | None = None,
) -> Response:
    mine, practice, places = _place(session, me, practitioner_id)
    context = preference_context(session, practice, mine, form=form, code_form=code_form)
    statuses = [one.status for one in (form, code_form) if one is not None]
    return page(
        request,
        "my_messages/preferences.html",
        status=max(statuses, default=200),
        me=me,
        practice=practice,
        places=places,
        base=_ADDRESS,
        whose=f"?practitioner={mine.id}" if len(places) > 1 else "",
        saved="saved" in request.query_params and not statuses,
        **context,
    )
