"""The weekly hours of the practitioners: an overview, and the week of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from babel import Locale
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.previewing import Place, places_of
from callcenter.agenda.editing.setup import (
    WeeklyHours,
    find_schedule,
    open_schedule,
    plain_hours,
    read_time,
    set_openings,
)
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.finding.rule_reading import read_openings
from callcenter.agenda.rules.opening_rules import OpeningRule
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_, current_language
from callcenter.directory.identity import Identity
from callcenter.directory.practitioners import list_practitioners, load_practitioner
from callcenter.directory.sites import load_site
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.rendering import redirect

router = APIRouter()

_MORNING, _AFTERNOON = ("08:30", "12:30"), ("14:00", "18:00")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One row of the editor, as typed."""

    weekday: int
    starts: str
    ends: str


class WeekForm(BaseModel):
    """A week as posted, or a gesture of its editor."""

    weekday: list[str] = []
    starts: list[str] = []
    ends: list[str] = []
    add: str = ""
    remove: str = ""
    same: str = ""
    whole_week: str = ""

    def read(self) -> tuple[list[Stretch], list[Stretch] | None]:
        """The rows as typed, and as they are after a gesture; None when there was none and the week is to be saved."""
        rows = typed_rows(self.weekday, self.starts, self.ends)
        return rows, edited_rows(rows, add=self.add, remove=self.remove, same=self.same)

    def refuse_partial(self) -> None:
        """Raise ``Invalid`` unless the form was sent to its end: an empty week must be meant."""
        if not self.whole_week or not len(self.weekday) == len(self.starts) == len(self.ends):
            raise Invalid(N_("The week did not arrive whole: nothing was saved. Save it again."), field="hours-0")


@router.get("/practices/{practice_id}/hours")
def overview(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """Every practitioner's week at a glance."""
    frame = open_frame(session, practice_id, me)
    places = places_of(session, practice_id)
    openings = read_openings(session, [one.schedule.id for one in places])
    return show_section(
        request,
        frame,
        me,
        "hours",
        form=Typed(),
        practitioners=list_practitioners(session, practice_id),
        places=places,
        openings={one.schedule.id: _standing(openings[one.schedule.id], one, at) for one in places},
        weekday_name=weekday_name,
    )


@router.get("/practices/{practice_id}/practitioners/{practitioner_id}/hours")
def week(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    session: Reads,
    me: Supervisor,
    whole_week: Annotated[bool, Query(alias="week")] = False,
) -> Response:
    """One practitioner's week, to be edited as a whole; once there is one, the rules of each opening come first."""
    open_frame(session, practice_id, me)
    schedule = find_schedule(session, practice_id, practitioner_id)
    if schedule is not None and not whole_week and read_openings(session, [schedule.id])[schedule.id]:
        done = "?done=week" if "saved" in request.query_params else ""
        return redirect(request, f"/practices/{practice_id}/schedules/{schedule.id}{done}")
    kept = [] if schedule is None else plain_hours(session, schedule)
    rows = [Stretch(one.weekday, f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in kept]
    return _show(request, session, practice_id, practitioner_id, me, rows)


@router.post("/practices/{practice_id}/practitioners/{practitioner_id}/hours")
def change(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
    typed: Annotated[WeekForm, Form()],
) -> Response:
    """Save the week; or add, remove or copy rows of what is typed, without saving."""
    rows, edited = typed.read()
    if edited is not None:
        return _show(request, session, practice_id, practitioner_id, me, edited, typed_again=True)

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        typed.refuse_partial()
        practitioner = load_practitioner(session, practice_id, practitioner_id)
        schedule = find_schedule(session, practice_id, practitioner_id)
        if schedule is None:
            site = load_site(session, practice_id, practitioner.site_id)
            schedule = open_schedule(
                session, practice_id=practice_id, practitioner_id=practitioner_id, site_id=site.id, zone=site.zone
            )
        set_openings(
            session, schedule, [_read(row) for row in rows if row.starts or row.ends], at=at, staff_id=me.staff_id
        )

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, practitioner_id, me, rows, form=Typed({}, refused))
    return saved(request, f"/practices/{practice_id}/practitioners/{practitioner_id}/hours")


def weekday_name(weekday: int, width: str = "wide") -> str:
    """The weekday in the reader's language; 0 is Monday."""
    name: str = Locale.parse(current_language()).days["stand-alone"][width][weekday]
    return name


def typed_rows(weekday: list[str], starts: list[str], ends: list[str]) -> list[Stretch]:
    """The rows as posted."""
    typed = zip(weekday, starts, ends, strict=False)
    return [Stretch(int(day), start, end) for day, start, end in typed if day in set("0123456")]


def days_of(rows: list[Stretch]) -> list[tuple[int, list[tuple[int, Stretch]]]]:
    """Each weekday with its rows, numbered through the week as the editor's buttons name them."""
    numbered = list(enumerate(sorted(rows, key=lambda row: row.weekday)))
    return [(day, [(number, row) for number, row in numbered if row.weekday == day]) for day in range(7)]


def edited_rows(rows: list[Stretch], *, add: str, remove: str, same: str) -> list[Stretch] | None:
    """The rows after a gesture of the editor; None when there was none."""
    weekdays = set("0123456")
    if add in weekdays:
        day = int(add)
        has_morning = any(row.weekday == day for row in rows)
        return [*rows, Stretch(day, *(_AFTERNOON if has_morning else _MORNING))]
    if remove.isascii() and remove.isdigit():
        return [row for number, row in enumerate(rows) if number != int(remove)]
    if same in weekdays:
        day = int(same)
        followers = range(day + 1, 5)
        model = [row for row in rows if row.weekday == day]
        kept = [row for row in rows if row.weekday not in followers]
        return kept + [Stretch(follower, row.starts, row.ends) for follower in followers for row in model]
    return None


def _standing(openings: list[OpeningRule], place: Place, at: datetime) -> list[OpeningRule]:
    """The openings that have not ended, in the order of the week."""
    today = today_in(place.schedule.zone, at)
    standing = [one for one in openings if one.valid_until is None or one.valid_until >= today]
    return sorted(standing, key=lambda one: (one.weekday, one.starts))


def _read(row: Stretch) -> WeeklyHours:
    field = f"hours-{row.weekday}"
    return WeeklyHours(row.weekday, read_time(row.starts, field=field), read_time(row.ends, field=field))


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    practitioner_id: int,
    me: Identity,
    rows: list[Stretch],
    *,
    form: Typed | None = None,
    typed_again: bool = False,
) -> Response:
    frame = open_frame(session, practice_id, me)
    schedule = find_schedule(session, practice_id, practitioner_id)
    plain = [] if schedule is None else plain_hours(session, schedule)
    return show_section(
        request,
        frame,
        me,
        "hours",
        template="practices/week.html",
        form=form or Typed(),
        practitioner=load_practitioner(session, practice_id, practitioner_id),
        days=days_of(rows),
        weekday_name=weekday_name,
        schedule=schedule,
        kept_apart=schedule is not None and len(read_openings(session, [schedule.id])[schedule.id]) > len(plain),
        unsaved=typed_again,
    )
