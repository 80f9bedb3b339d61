"""The rotations of a practice's on-call roster: added, changed, ended."""

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from callcenter.core.i18n import format_time
from callcenter.directory.identity import Identity
from callcenter.dispatch.rotations import (
    RotationParticulars,
    RotationView,
    add_rotation,
    change_rotation,
    end_rotation,
    load_rotation,
)
from callcenter.web.context import At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.on_call_view import people_of
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.on_call import show_roster

router = APIRouter()

_ADDRESS = "/practices/{practice_id}/on-call/rotations"
_FEWEST_PLACES, _MORE_PLACES = 4, 2


class RotationForm(BaseModel):
    """A rotation as posted; ``members`` are ids in the order of their turns, empty where nobody was chosen."""

    name: str = ""
    members: list[str] = Field(default_factory=list)
    turn_days: str = ""
    changes_at: str = ""
    starts_on: str = ""
    ends_on: str = ""

    def particulars(self) -> RotationParticulars:
        """What the roster reads."""
        chosen = tuple(int(one) if one.isdecimal() and len(one) < 10 else -1 for one in self.members if one)
        return RotationParticulars(self.name, chosen, self.turn_days, self.changes_at, self.starts_on, self.ends_on)


@router.get(_ADDRESS + "/new")
def new(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """The form of one more rotation: all practitioners, by weeks, from next Monday on."""
    zone = ZoneInfo(open_frame(session, practice_id, me).practice.zone)
    today = at.astimezone(zone).date()
    monday = today + timedelta(days=-today.weekday() % 7)
    kept = RotationForm(turn_days="7", changes_at="18:00", starts_on=monday.isoformat())
    kept.members = [str(one) for one in people_of(session, practice_id)]
    return _show(request, session, practice_id, me, form=Typed(kept.model_dump()))


@router.post(_ADDRESS)
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[RotationForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Put practitioners on call in turn."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        add_rotation(session, practice_id, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/on-call")


@router.get(_ADDRESS + "/{rotation_id}")
def rotation(request: Request, practice_id: int, rotation_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """One rotation, to be changed or ended."""
    zone = ZoneInfo(open_frame(session, practice_id, me).practice.zone)
    found = load_rotation(session, practice_id, rotation_id, at=at)
    return _show(request, session, practice_id, me, form=Typed(_kept(found, zone, at).model_dump()), chosen=found)


@router.post(_ADDRESS + "/{rotation_id}")
def change(
    request: Request,
    practice_id: int,
    rotation_id: int,
    typed: Annotated[RotationForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Change a rotation; what has run stays."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        change_rotation(session, practice_id, rotation_id, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        found = load_rotation(session, practice_id, rotation_id, at=at)
        return _show(request, session, practice_id, me, form=Typed(typed.model_dump(), refused), chosen=found)
    return saved(request, f"/practices/{practice_id}/on-call")


@router.post(_ADDRESS + "/{rotation_id}/ending")
def end(
    request: Request,
    practice_id: int,
    rotation_id: int,
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Let no further turn begin from today on."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        end_rotation(session, practice_id, rotation_id, ends_on="", at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return show_roster(request, session, practice_id, me, at=at, refused=refused)
    return saved(request, f"/practices/{practice_id}/on-call")


def _kept(found: RotationView, zone: ZoneInfo, at: datetime) -> RotationForm:
    """What the form shows: of one that runs, its next turn is the first that may be otherwise."""
    starts_on = found.row.starts_on
    if found.has_begun:
        over = (at.astimezone(zone).date() - starts_on).days // found.row.turn_days + 1
        starts_on += timedelta(days=over * found.row.turn_days)
    return RotationForm(
        name=found.row.name,
        members=[str(one) for one in found.members],
        turn_days=str(found.row.turn_days),
        changes_at=format_time(found.row.changes_at),
        starts_on=starts_on.isoformat(),
        ends_on=found.row.ends_on.isoformat() if found.row.ends_on else "",
    )


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    form: Typed,
    chosen: RotationView | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    people = people_of(session, practice_id)
    members = form.values["members"]
    assert isinstance(members, list)
    chosen_ones = [one for one in members if one]
    places = max(_FEWEST_PLACES, len(chosen_ones) + _MORE_PLACES)
    return show_section(
        request,
        frame,
        me,
        "on-call",
        form=form,
        template="on_call/rotation.html",
        people=people,
        chosen=chosen,
        members=chosen_ones + [""] * (places - len(chosen_ones)),
    )
