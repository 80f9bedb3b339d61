"""The rules of one agenda: its openings, its exceptions, its public holidays, and the four weeks that they make."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from callcenter.agenda.editing.day_exceptions import coming_exceptions
from callcenter.agenda.editing.opening_changes import keep_holidays, list_openings
from callcenter.agenda.editing.previewing import holidays_kept, places_of
from callcenter.agenda.editing.setup import open_schedule_at
from callcenter.directory.practitioners import load_practitioner
from callcenter.directory.sites import list_sites, load_site
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame
from callcenter.web.pages.practices.rule_frame import (
    DONE,
    as_it_stands,
    done,
    kept_outside,
    open_rules,
    show_preview,
    show_rules,
)
from callcenter.web.rendering import redirect

router = APIRouter()

_HOLIDAYS_SHOWN = timedelta(days=365)


class HolidaysForm(BaseModel):
    """Whether public holidays are kept, as posted."""

    keeps: str = ""


class SiteForm(BaseModel):
    """A site as posted."""

    site: str = ""


@router.get("/practices/{practice_id}/schedules/{schedule_id}")
def schedule(
    request: Request,
    practice_id: int,
    schedule_id: int,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Everything that says when this agenda is open."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    place, today = rules.place, rules.today
    openings = list_openings(session, place.schedule)
    places = places_of(session, practice_id, place.schedule.practitioner_id)
    preview = as_it_stands(rules)
    return show_rules(
        request,
        rules,
        "practices/schedule.html",
        form=Typed({"keeps": "1" if place.schedule.keeps_holidays else ""}),
        places=places,
        other_sites=[
            one for one in list_sites(session, practice_id) if one.id not in {each.schedule.site_id for each in places}
        ],
        openings=[one for one in openings if one.valid_until is None or one.valid_until >= today],
        ended=[one for one in openings if one.valid_until is not None and one.valid_until < today],
        next_days={one.rule.id: one.days for one in preview.alternates},
        preview=preview,
        exceptions=coming_exceptions(session, place.schedule, today=today),
        holidays=[one for one in place.holiday_names(today).items() if one[0] < today + _HOLIDAYS_SHOWN],
        outside=kept_outside(rules),
        what_was_done=DONE.get(request.query_params.get("done", ""), ""),
    )


@router.post("/practices/{practice_id}/schedules/{schedule_id}/holidays")
def set_holidays(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[HolidaysForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Close the agenda on public holidays, or let it open as on any day."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    attempt(
        world,
        me,
        lambda session: keep_holidays(
            session,
            open_rules(session, practice_id, schedule_id, me, at).place.schedule,
            bool(typed.keeps),
            at=at,
            staff_id=me.staff_id,
        ),
    )
    return done(request, rules, "holidays")


@router.post("/practices/{practice_id}/schedules/{schedule_id}/holidays/preview")
def preview_holidays(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[HolidaysForm, Form()],
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """The weeks, and who would be left outside, before the switch is saved."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    preview = rules.preview(
        lambda kept: holidays_kept(rules.place, kept, bool(typed.keeps), since=rules.today),
    )
    return show_preview(request, rules, preview)


@router.post("/practices/{practice_id}/practitioners/{practitioner_id}/schedules")
def open_another(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    typed: Annotated[SiteForm, Form()],
    session: Writes,
    me: Administrator,
) -> Response:
    """Open an agenda of this practitioner at one more site."""
    open_frame(session, practice_id, me)
    practitioner = load_practitioner(session, practice_id, practitioner_id)
    site = load_site(session, practice_id, int(typed.site) if typed.site.isdecimal() and len(typed.site) < 10 else 0)
    opened = open_schedule_at(
        session, practice_id=practice_id, practitioner_id=practitioner.id, site_id=site.id, zone=site.zone
    )
    return redirect(request, f"/practices/{practice_id}/schedules/{opened.id}?done=agenda")
