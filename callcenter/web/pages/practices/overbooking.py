"""The rules by which a practice lets more visits in than there is room for."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.overbooking_rules import (
    OverbookingParticulars,
    add_overbooking_rule,
    end_overbooking_rule,
    list_overbooking_rules,
)
from callcenter.agenda.editing.service_types import list_service_types
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.models import Schedule
from callcenter.directory.identity import Identity
from callcenter.directory.models import Practitioner, Site
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.hours import weekday_name

router = APIRouter()


class OverbookingForm(BaseModel):
    """A rule as posted."""

    schedule: str = ""
    name: str = ""
    service_type: str = ""
    weekday: str = ""
    starts: str = ""
    ends: str = ""
    per_day: str = ""
    valid_until: str = ""

    def particulars(self) -> OverbookingParticulars:
        """What the agenda keeps."""
        return OverbookingParticulars(**self.model_dump())


@router.get("/practices/{practice_id}/overbooking")
def rules(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """The rules in force, and the form of one more."""
    return _show(request, session, practice_id, me, at)


@router.post("/practices/{practice_id}/overbooking")
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[OverbookingForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Let more visits in, from today on."""

    def act(session: Session) -> None:
        today = today_in(open_frame(session, practice_id, me).practice.zone, at)
        add_overbooking_rule(session, practice_id, typed.particulars(), today=today, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, at, form=Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/overbooking")


@router.post("/practices/{practice_id}/overbooking/{rule_id}/end")
def end(request: Request, practice_id: int, rule_id: int, world: TheWorld, me: Administrator, at: At) -> Response:
    """Let nobody in by it any more; who was let in stays."""

    def act(session: Session) -> None:
        today = today_in(open_frame(session, practice_id, me).practice.zone, at)
        end_overbooking_rule(session, practice_id, rule_id, today=today, at=at, staff_id=me.staff_id)

    attempt(world, me, act)
    return saved(request, f"/practices/{practice_id}/overbooking")


def _show(
    request: Request, session: Session, practice_id: int, me: Identity, at: At, *, form: Typed | None = None
) -> Response:
    frame = open_frame(session, practice_id, me)
    return show_section(
        request,
        frame,
        me,
        "overbooking",
        form=form or Typed({"per_day": "1"}),
        rules=list_overbooking_rules(session, practice_id, day=today_in(frame.practice.zone, at)),
        schedule_choices=_schedules(session, practice_id),
        type_choices=[(one.id, one.name) for one in list_service_types(session, practice_id)],
        weekday_choices=[(day, weekday_name(day).capitalize()) for day in range(7)],
        weekday_name=weekday_name,
    )


def _schedules(session: Session, practice_id: int) -> list[tuple[int, str]]:
    """Whose agenda, with the site where somebody has two."""
    rows = session.execute(
        select(Schedule.id, Practitioner.id.label("who"), Practitioner.name, Site.name.label("site"))
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .join(Site, Site.id == Schedule.site_id)
        .where(Schedule.practice_id == practice_id)
        .order_by(Practitioner.position, Practitioner.id, Schedule.id)
    ).all()
    several = {row.who for row in rows if sum(other.who == row.who for other in rows) > 1}
    return [(row.id, f"{row.name}, {row.site}" if row.who in several else row.name) for row in rows]
