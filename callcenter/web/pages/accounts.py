"""Signing in and out, the language and the light of one's screens, and the way to one's own page."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from callcenter.core import i18n
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import (
    SIGNED_IN_FOR,
    check_password,
    choose_language,
    choose_theme,
    open_session,
    sign_out,
)
from callcenter.directory.identity import load_identity
from callcenter.directory.models import Role
from callcenter.routing.desk_claim import claim_desk, is_talking_here, release_desk
from callcenter.routing.presence import go_offline
from callcenter.web.context import SESSION_COOKIE, At, MaybeMe, Me, TheWorld, World
from callcenter.web.rendering import page, redirect

router = APIRouter()

HOME = {
    Role.OPERATOR: "/desk",
    Role.SUPERVISOR: "/board",
    Role.PRACTITIONER: "/my-agenda",
    Role.ADMINISTRATOR: "/practices",
}
_A_YEAR = 365 * 24 * 3600


@router.get("/")
def home(request: Request, me: Me) -> Response:
    """To the page of one's role."""
    return redirect(request, HOME[me.role])


@router.get("/sign-in")
def sign_in_form(request: Request, me: MaybeMe, back: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The form, or one's own page when already signed in; ``back`` is where she came from, and goes to after it."""
    if me is not None:
        return redirect(request, HOME[me.role])
    return page(request, "sign_in.html", login="", sentence="", back=_inside(back) if back else "")


@router.post("/sign-in")
def sign_in(
    request: Request,
    world: TheWorld,
    at: At,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """Check the password and set the cookie; a refusal keeps the login typed and says one sentence for every cause."""
    scope = Centre(CentreReason.SIGN_IN)
    try:
        # Read first: hashing takes a tenth of a second, and nobody's write should wait for it.
        with world.database.reading(scope) as session:
            staff_id = check_password(session, login, password, at=at)
    except Invalid as refused:
        sentence = i18n.gettext(refused.sentence, **refused.values)
        back = _inside(back) if back else ""
        return page(request, "sign_in.html", status=422, login=login[:80], sentence=sentence, back=back)
    with world.database.unit_of_work(scope) as session:
        token = open_session(session, staff_id, at=at)
        me = load_identity(session, token, at=at)
        if me is not None and me.role == Role.OPERATOR:
            claim_desk(session, staff_id, me.session_id, at=at)  # her other browser shows so at once
    answer = redirect(request, _inside(back or "/"))
    answer.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SIGNED_IN_FOR.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_https(world),
    )
    return answer


@router.post("/sign-out")
def leave(request: Request, world: TheWorld, at: At, me: MaybeMe) -> Response:
    """Forget the session, here and in the browser; repeating it is no error.

    An operator takes no calls from here on: what rings for her goes to the next, without waiting for her lease. Unless
    her desk is open in another browser, where she goes on.

    Raises ``Conflict`` while she talks: her patient would be left alone.
    """
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with world.database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
            if me is not None and is_talking_here(session, me.staff_id, me.session_id):
                raise Conflict(N_("You are on the line: hang up first (F8), then leave."))
            sign_out(session, token)
            if me is not None and release_desk(session, me.staff_id, me.session_id):
                go_offline(session, me.staff_id, at=at)
    answer = redirect(request, "/sign-in")
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=_is_https(world))
    return answer


@router.post("/language")
def change_language(
    request: Request,
    world: TheWorld,
    me: MaybeMe,
    language: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Choose the language of one's screens: kept in the account, and in a cookie for the sign-in page."""
    answer = redirect(request, _inside(back))
    if language in i18n.LANGUAGES:
        if me is not None:
            with world.database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
                choose_language(session, me.staff_id, language)
        answer.set_cookie("language", language, max_age=_A_YEAR, httponly=True, samesite="lax", secure=_is_https(world))
    return answer


@router.post("/theme")
def change_theme(
    request: Request,
    world: TheWorld,
    me: Me,
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Choose light or dark; anything else follows the machine again."""
    with world.database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
        choose_theme(session, me.staff_id, theme if theme in {"light", "dark"} else None)
    return redirect(request, _inside(back))


def _inside(address: str) -> str:
    """Only a path of ours: a form of somebody else's making must not send people away."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if plain else "/"


def _is_https(world: World) -> bool:
    return world.settings.public_url.startswith("https://")
