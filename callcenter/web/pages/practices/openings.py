"""One opening of an agenda, added or changed; what that would do is shown before it is saved."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.opening_changes import (
    list_openings,
    load_opening,
    refuse_overlap,
    save_opening,
)
from callcenter.agenda.editing.previewing import Preview
from callcenter.agenda.editing.rule_preview import with_opening
from callcenter.agenda.editing.service_types import list_service_types
from callcenter.agenda.editing.typed_openings import OpeningParticulars, coming_mondays, read_opening, write_opening
from callcenter.agenda.rules.opening_rules import Channel, OpeningRule
from callcenter.core.errors import Invalid
from callcenter.web.context import Administrator, At, Reads, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.rule_frame import (
    RulePage,
    as_it_stands,
    done,
    open_rules,
    show_preview,
    show_rules,
)

router = APIRouter()

_CYCLES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 26, 52)
_ADDRESS = "/practices/{practice_id}/schedules/{schedule_id}/openings"


class OpeningForm(BaseModel):
    """An opening as posted. ``weeks_offered`` says for how long a cycle the weeks on the page are."""

    weekday: str = ""
    starts: str = ""
    ends: str = ""
    cycle_weeks: str = "1"
    anchor: str = ""
    weeks_offered: str = ""
    valid_from: str = ""
    valid_until: str = ""
    school_days: str = "any"
    service_types: list[str] = []
    kind: str = "normal"
    release_days: str = ""
    release_at: str = ""
    channels: list[str] = []
    quota_phone: str = ""
    latest_phone: str = ""
    earliest_phone: str = ""
    quota_online: str = ""
    latest_online: str = ""
    earliest_online: str = ""
    quota_internal: str = ""
    latest_internal: str = ""
    earliest_internal: str = ""

    def read(self, rules: RulePage, kept: OpeningRule | None) -> OpeningRule:
        """The rule that was typed. Raises ``Invalid``, also for one that overlaps another."""
        rule = read_opening(
            OpeningParticulars(**self.model_dump(exclude={"weeks_offered"})),
            kept=kept,
            service_type_ids={one.id for one in list_service_types(rules.session, rules.place.schedule.practice_id)},
            knows_school=rules.place.school_zone is not None,
        )
        refuse_overlap(rule, list_openings(rules.session, rules.place.schedule), today=rules.today)
        return rule


@router.get(_ADDRESS + "/new")
def new(
    request: Request,
    practice_id: int,
    schedule_id: int,
    session: Reads,
    me: Administrator,
    at: At,
    like: Annotated[int | None, Query()] = None,
    weekday: Annotated[int, Query(ge=0, le=6)] = 0,
) -> Response:
    """The form of one more opening, empty or like another one."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    if like is None:
        form = Typed(
            {"weekday": str(weekday), "cycle_weeks": "1", "school_days": "any", "kind": "normal"} | _everybody()
        )
    else:
        form = Typed(write_opening(load_opening(session, rules.place.schedule, like), today=rules.today))
    return _show(request, rules, form, preview=as_it_stands(rules))


@router.post(_ADDRESS)
def add(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[OpeningForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Add an opening."""
    rules = open_rules(session, practice_id, schedule_id, me, at)

    def act(session: Session) -> None:
        inside = open_rules(session, practice_id, schedule_id, me, at)
        save_opening(session, inside.place.schedule, typed.read(inside, None), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, rules, Typed(typed.model_dump(), refused), preview=as_it_stands(rules))
    return done(request, rules, "opening-added")


@router.post(_ADDRESS + "/preview")
def preview_new(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[OpeningForm, Form()],
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """What one more opening would do."""
    return _preview(request, open_rules(session, practice_id, schedule_id, me, at), typed, None)


@router.get(_ADDRESS + "/{opening_id}")
def opening(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """One opening, to be changed."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_opening(session, rules.place.schedule, opening_id)
    form = Typed(write_opening(kept, today=rules.today))
    return _show(request, rules, form, preview=as_it_stands(rules), kept=kept)


@router.post(_ADDRESS + "/{opening_id}")
def change(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    typed: Annotated[OpeningForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Change an opening; what is booked stays where it is."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_opening(session, rules.place.schedule, opening_id)

    def act(session: Session) -> None:
        inside = open_rules(session, practice_id, schedule_id, me, at)
        save_opening(session, inside.place.schedule, typed.read(inside, kept), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, rules, form, preview=as_it_stands(rules), kept=kept)
    return done(request, rules, "opening-changed")


@router.post(_ADDRESS + "/{opening_id}/preview")
def preview_changed(
    request: Request,
    practice_id: int,
    schedule_id: int,
    opening_id: int,
    typed: Annotated[OpeningForm, Form()],
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """What a change of this opening would do."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    return _preview(request, rules, typed, load_opening(session, rules.place.schedule, opening_id))


def _preview(request: Request, rules: RulePage, typed: OpeningForm, kept: OpeningRule | None) -> Response:
    weeks = _weeks(typed.cycle_weeks)
    again: dict[str, Any] = {}
    if weeks > 1 and typed.weeks_offered != str(weeks):
        # The weeks that can be chosen follow the cycle; they are never swapped while she chooses one of them.
        mondays = coming_mondays(rules.today, weeks)
        if typed.anchor not in {str(one) for one in mondays}:
            typed.anchor = str(mondays[0])
        again = {"mondays": mondays, "form": Typed(typed.model_dump())}
    if not (typed.starts.strip() and typed.ends.strip()):
        return show_preview(request, rules, as_it_stands(rules), waits=True, **again)
    try:
        rule = typed.read(rules, kept)
    except Invalid as refused:
        return show_preview(request, rules, as_it_stands(rules), refused=refused, **again)
    preview = rules.preview(lambda standing: replace(standing, openings=with_opening(standing, rule)))
    return show_preview(request, rules, preview, **again)


def _show(
    request: Request, rules: RulePage, form: Typed, *, preview: Preview, kept: OpeningRule | None = None
) -> Response:
    weeks = _weeks(str(form.value("cycle_weeks")))
    return show_rules(
        request,
        rules,
        "practices/opening.html",
        form=form,
        kept=kept,
        preview=preview,
        mondays=coming_mondays(rules.today, max(2, weeks)),
        cycles=sorted({*_CYCLES, weeks}),
        channels=list(Channel),
    )


def _everybody() -> dict[str, object]:
    return {"channels": [one.value for one in Channel]}


def _weeks(typed: str) -> int:
    return min(int(typed), 52) if typed.isascii() and typed.isdigit() and len(typed) < 4 and int(typed) else 1
