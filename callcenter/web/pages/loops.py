"""Open loops: the supervisor's list of everything, an operator's own, a practice's, and who has the night."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices
from callcenter.desk.loop_lists import desk_loops, filtered, owners_among, practice_loops, practices_among
from callcenter.desk.loop_rules import LoopKind
from callcenter.desk.loops import open_loops
from callcenter.desk.nightly import choose_night_duty, closed_nights, handed_at_night, who_has_the_night
from callcenter.desk.owning import colleagues, give_loop, note_looked, settle_message, take_loop
from callcenter.desk.promises_kept import promises_kept
from callcenter.desk.tasks import drop_task, finish_task, give_back
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.dispatch.in_hand import NOTE_LIMIT
from callcenter.web.context import (
    AnyBrowser,
    At,
    Doctor,
    Reads,
    Supervisor,
    World,
    Writes,
    require,
    world,
)
from callcenter.web.desk_view import Moments
from callcenter.web.forms import Typed, attempt
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

OfTheCentre = Annotated[Identity, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR))]
Text = Annotated[str, Form(max_length=80)]
Chosen = Annotated[str, Query(max_length=40)]
_PAGE, _DESK_PAGE, _OWN_PAGE = "loops/page.html", "loops/desk.html", "loops/own.html"
_LISTS = ("/loops", "/desk/loops", "/desk")


@router.get("/loops")
def show_loops(
    request: Request, session: Reads, me: Supervisor, at: At, practice: Chosen = "", owner: Chosen = ""
) -> HTMLResponse:
    """Everything that is open, who has the night, and the promises kept; she has looked at what the night gave her."""
    context = _everything(session, at, practice, owner) | _kept(request, session, at)
    _look(request, session, me, at)
    return page(request, _PAGE, **context, **_night(session, Typed()))


@router.get("/loops/list")
def show_list(
    request: Request, session: Reads, _me: Supervisor, at: At, practice: Chosen = "", owner: Chosen = ""
) -> HTMLResponse:
    """The list alone, with what it was filtered by."""
    return page(request, _PAGE, block="list", **_everything(session, at, practice, owner))


@router.get("/loops/kept")
def show_kept(request: Request, session: Reads, _me: Supervisor, at: At) -> HTMLResponse:
    """The share of promises kept."""
    return page(request, _PAGE, block="kept", **_kept(request, session, at))


@router.post("/night-duty")
def choose_night(request: Request, session: Reads, me: Supervisor, at: At, to: Text = "") -> Response:
    """Who gets what nobody has before midnight."""
    refused = attempt(world(request), me, lambda writes: choose_night_duty(writes, to, staff_id=me.staff_id, at=at))
    if refused is None:
        return redirect(request, "/loops")
    context = _everything(session, at, "", "") | _kept(request, session, at)
    form = Typed({"to": to}, refused)
    return page(request, _PAGE, status=form.status, **context, **_night(session, form))


@router.post("/loops/{kind}/{ref_id}/taking")
def take(
    request: Request,
    kind: LoopKind,
    ref_id: int,
    session: Writes,
    me: OfTheCentre,
    at: At,
    seen: Text = "",
    back: Text = "",
) -> Response:
    """It is hers from now on."""
    take_loop(session, kind, ref_id, seen=seen, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.post("/loops/{kind}/{ref_id}/giving")
def give(
    request: Request,
    kind: LoopKind,
    ref_id: int,
    session: Writes,
    me: OfTheCentre,
    at: At,
    seen: Text = "",
    to: Text = "",
    back: Text = "",
) -> Response:
    """It is a colleague's from now on."""
    give_loop(session, kind, ref_id, seen=seen, to=to, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.post("/messages/{message_id}/settlement")
def settle(
    request: Request,
    message_id: int,
    session: Writes,
    me: OfTheCentre,
    at: At,
    note: Annotated[str, Form(max_length=2 * NOTE_LIMIT)] = "",
    back: Text = "",
) -> Response:
    """She has seen to a message that is hers."""
    settle_message(session, message_id, note, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.post("/tasks/{task_id}/done")
def done(request: Request, task_id: int, session: Writes, me: OfTheCentre, at: At, back: Text = "") -> Response:
    """What was owed is done."""
    finish_task(session, task_id, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.post("/tasks/{task_id}/return")
def return_task(request: Request, task_id: int, session: Writes, me: OfTheCentre, at: At, back: Text = "") -> Response:
    """The desk's again."""
    give_back(session, task_id, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.post("/tasks/{task_id}/drop")
def drop(request: Request, task_id: int, session: Writes, me: OfTheCentre, at: At, back: Text = "") -> Response:
    """It serves no more."""
    drop_task(session, task_id, staff_id=me.staff_id, at=at)
    return _changed(request, back)


@router.get("/desk/loops")
def show_desk_loops(request: Request, session: Reads, me: AnyBrowser, at: At) -> HTMLResponse:
    """An operator's whole list, in a page beside her desk; she has looked at what the night gave her."""
    context = _hers(session, me, at)
    _look(request, session, me, at)
    return page(request, _DESK_PAGE, **context)


@router.get("/desk/loops/list")
def show_desk_list(request: Request, session: Reads, me: AnyBrowser, at: At) -> HTMLResponse:
    """Her list alone."""
    return page(request, _DESK_PAGE, block="list", **_hers(session, me, at))


@router.get("/my-loops")
def show_own(request: Request, session: Reads, me: Doctor, at: At) -> HTMLResponse:
    """What is open in a practitioner's own practices."""
    return page(request, _OWN_PAGE, **_own(session, me, at))


@router.get("/my-loops/list")
def show_own_list(request: Request, session: Reads, me: Doctor, at: At) -> HTMLResponse:
    """That list alone."""
    return page(request, _OWN_PAGE, block="list", **_own(session, me, at))


def _everything(session: Session, at: At, practice: str, owner: str) -> dict[str, Any]:
    loops = open_loops(session, at=at)
    return {
        "loops": filtered(loops, practice=practice, owner=owner, at=at),
        "practices": practices_among(loops),
        "owners": owners_among(loops),
        "practice": practice,
        "owner": owner,
        "colleagues": colleagues(session),
        "f": Moments(at),
        "at": at,
    }


def _kept(request: Request, session: Session, at: At) -> dict[str, Any]:
    return {"shares": promises_kept(session, zone=world(request).settings.centre_zone, at=at)}


def _night(session: Session, form: Typed) -> dict[str, Any]:
    nights = closed_nights(session)
    return {
        "duty": who_has_the_night(session),
        "last_night": nights[0] if nights else None,
        "passed": sum(count for _day, count in nights),
        "form": form,
    }


def _hers(session: Session, me: Identity, at: At) -> dict[str, Any]:
    return {
        "loops": desk_loops(session, me.staff_id, at=at),
        "colleagues": [one for one in colleagues(session) if one.staff_id != me.staff_id],
        "f": Moments(at),
        "at": at,
    }


def _own(session: Session, me: Identity, at: At) -> dict[str, Any]:
    return {
        "loops": practice_loops(session, at=at),
        "practice_ids": sorted(me.practice_ids),
        "f": Moments(at),
        "at": at,
    }


def _look(request: Request, session: Session, me: Identity, at: At) -> None:
    """She sees the whole list now: what came in the night is news no more, and stays marked."""
    if not handed_at_night(session, me.staff_id, at=at):
        return
    found: World = world(request)
    with found.database.unit_of_work(Practices(me.practice_ids)) as writes:
        note_looked(writes, me.staff_id, at=at)


def _changed(request: Request, back: str) -> Response:
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, back if back in _LISTS else "/")
