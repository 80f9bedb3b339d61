"""The end of an opening: with which day, and who would be left outside."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.opening_changes import end_opening, load_opening, refuse_past_end
from callcenter.agenda.editing.rule_preview import with_opening
from callcenter.agenda.rules.opening_rules import AgendaRules, OpeningRule
from callcenter.core.errors import Invalid
from callcenter.directory.line_times import read_day
from callcenter.web.context import Administrator, At, Reads, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.rule_frame import (
    as_it_stands,
    done,
    open_rules,
    show_preview,
    show_rules,
)

router = APIRouter()

_ADDRESS = "/practices/{practice_id}/schedules/{schedule_id}/openings/{opening_id}/ending"


class EndForm(BaseModel):
    """The last day of an opening, as posted."""

    last_day: str = ""


@router.get(_ADDRESS)
def ending(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """When an opening is to end, and who would be left outside."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_opening(session, rules.place.schedule, opening_id)
    last_day = min(rules.today, kept.valid_until or rules.today)
    form = Typed({"last_day": str(last_day)})
    return show_rules(
        request,
        rules,
        "practices/opening_end.html",
        form=form,
        kept=kept,
        preview=rules.preview(_ended(kept, last_day)),
    )


@router.post(_ADDRESS)
def end(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    typed: Annotated[EndForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """End an opening with a day; it stays on record, and so does what is booked."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_opening(session, rules.place.schedule, opening_id)

    def act(session: Session) -> None:
        place = open_rules(session, practice_id, schedule_id, me, at).place
        last_day = read_day(typed.last_day, field="last_day")
        end_opening(session, place.schedule, opening_id, last_day, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return show_rules(
            request, rules, "practices/opening_end.html", form=form, kept=kept, preview=as_it_stands(rules)
        )
    return done(request, rules, "opening-ended")


@router.post(_ADDRESS + "/preview")
def preview_end(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    typed: Annotated[EndForm, Form()],
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Who would be left outside once it ends with this day."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_opening(session, rules.place.schedule, opening_id)
    try:
        last_day = read_day(typed.last_day, field="last_day")
        refuse_past_end(rules.place.schedule, last_day, at=at)
    except Invalid as refused:
        return show_preview(request, rules, as_it_stands(rules), refused=refused)
    return show_preview(request, rules, rules.preview(_ended(kept, last_day)))


def _ended(kept: OpeningRule, last_day: date) -> Callable[[AgendaRules], AgendaRules]:
    rule = replace(kept, valid_until=last_day)
    return lambda standing: replace(standing, openings=with_opening(standing, rule))
