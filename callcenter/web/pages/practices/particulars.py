"""The list of practices, a new one, and a practice's own particulars with the greeting heard at once."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from babel import Locale
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid, Problem
from callcenter.core.i18n import current_language
from callcenter.core.phone import format_number
from callcenter.directory.models import PracticeLine, PracticeMode, Practitioner, Role
from callcenter.directory.practices import (
    COUNTRIES,
    PracticeParticulars,
    change_practice,
    create_practice,
    list_practices,
)
from callcenter.dispatch.on_call import on_call_line
from callcenter.instructions.greeting import check_greeting_template, greeting_phrase
from callcenter.telephony.kept_recordings import kept_recordings
from callcenter.web.context import Administrator, At, Reads, Supervisor, TheWorld
from callcenter.web.forms import Typed, attempt
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.rendering import page

router = APIRouter()

# Suggested, not imposed: any IANA zone is accepted.
ZONES = (
    "Europe/Paris Europe/Brussels Europe/Luxembourg Europe/Zurich Europe/Monaco America/Guadeloupe America/Martinique "
    "America/Cayenne Indian/Reunion Indian/Mayotte Pacific/Noumea Pacific/Tahiti America/Montreal Europe/London"
).split()


class PracticeForm(BaseModel):
    """A practice as posted."""

    name: str = ""
    short_name: str = ""
    country: str = "FR"
    zone: str = "Europe/Paris"
    language: str = "fr"
    mode: str = PracticeMode.TRAINING.value
    greeting: str = ""
    emergency_label: str = ""
    emergency_number: str = ""
    emergency_sentence: str = ""
    backup_number: str = ""
    records_calls: bool = False

    def particulars(self) -> PracticeParticulars:
        """What the directory keeps; the greeting is checked by those who speak it. Raises ``Invalid``."""
        return replace(PracticeParticulars(**self.model_dump()), greeting=check_greeting_template(self.greeting))


@router.get("/practices")
def practices(request: Request, session: Reads, me: Supervisor) -> Response:
    """Every practice, what it has, and whether it is live."""
    found = list_practices(session, me.practice_ids)
    may_change = me.role == Role.ADMINISTRATOR
    lines: dict[int, list[str]] = {}
    rows = select(PracticeLine.practice_id, PracticeLine.number).order_by(PracticeLine.id)
    for practice_id, number in session.execute(rows):
        lines.setdefault(practice_id, []).append(number)
    return page(
        request,
        "practices/list.html",
        me=me,
        practices=found,
        lines=lines,
        practitioners=_practitioners(session),
        may_change=may_change,
    )


@router.get("/practices/new")
def new_practice(request: Request, me: Administrator, at: At) -> Response:
    """The form of a practice to be."""
    return _show_new(request, Typed(PracticeForm().model_dump()), me=me, at=at)


@router.post("/practices/new")
def create(
    request: Request, typed: Annotated[PracticeForm, Form()], world: TheWorld, me: Administrator, at: At
) -> Response:
    """Take on a practice and go to its page."""
    made: list[int] = []

    def act(session: Session) -> None:
        made.append(create_practice(session, typed.particulars(), at=at, staff_id=me.staff_id).id)

    refused = attempt(world, me, act)
    if refused:
        return _show_new(request, Typed(typed.model_dump(), refused), me=me, at=at)
    return saved(request, f"/practices/{made[0]}")


@router.post("/practices/greeting-preview")
def preview(request: Request, typed: Annotated[PracticeForm, Form()], me: Supervisor, at: At) -> Response:
    """The phrase as the operator would read it now; the region beside the template."""
    form = Typed(typed.model_dump())
    return page(
        request,
        "practices/_greeting.html",
        me=me,
        form=form,
        phrase=_phrase(form, me.first_name, at),
        fault=_fault(form),
    )


@router.get("/practices/{practice_id}")
def particulars(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """A practice's own particulars."""
    frame = open_frame(session, practice_id, me)
    kept = {name: getattr(frame.practice, name) for name in asdict(PracticeParticulars())}
    for name in ("emergency_number", "backup_number"):
        kept[name] = format_number(str(kept[name]), country=frame.practice.country)
    form = Typed(kept)
    return show_section(
        request,
        frame,
        me,
        "particulars",
        form=form,
        recordings=kept_recordings(session, practice_id),
        on_call=on_call_line(session, practice_id, at=at),
        **_choices(form, me.first_name, at),
    )


@router.post("/practices/{practice_id}")
def change(
    request: Request,
    practice_id: int,
    typed: Annotated[PracticeForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Correct a practice's particulars."""

    def act(session: Session) -> None:
        practice = open_frame(session, practice_id, me).practice
        change_practice(session, practice, typed.particulars(), at=at, staff_id=me.staff_id)

    refused: Problem | None = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        frame = open_frame(session, practice_id, me)
        return show_section(
            request,
            frame,
            me,
            "particulars",
            form=form,
            recordings=kept_recordings(session, practice_id),
            on_call=on_call_line(session, practice_id, at=at),
            **_choices(form, me.first_name, at),
        )
    return saved(request, f"/practices/{practice_id}")


def _show_new(request: Request, form: Typed, *, me: Administrator, at: datetime) -> Response:
    return page(
        request,
        "practices/new.html",
        status=form.status,
        me=me,
        form=form,
        may_change=True,
        **_choices(form, me.first_name, at),
    )


def _choices(form: Typed, operator: str, at: datetime) -> dict[str, Any]:
    return {
        "countries": COUNTRIES,
        "country_name": lambda code: Locale.parse(current_language()).territories.get(code, code),
        "zones": ZONES,
        "phrase": _phrase(form, operator, at),
        "fault": _fault(form),
    }


def _phrase(form: Typed, operator: str, at: datetime) -> str:
    """The greeting as it would be said at this instant; a zone that is being typed counts as Paris."""
    try:
        zone = ZoneInfo(str(form.value("zone")))
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("Europe/Paris")
    return greeting_phrase(
        str(form.value("greeting")),
        hour_local=at.astimezone(zone).time(),
        operator=operator,
        practice=str(form.value("name")) or "…",
        language=str(form.value("language")),
    )


def _fault(form: Typed) -> Problem | None:
    try:
        check_greeting_template(str(form.value("greeting")))
    except Invalid as refused:
        return refused
    return None


def _practitioners(session: Session) -> dict[int, int]:
    counted = select(Practitioner.practice_id, func.count()).group_by(Practitioner.practice_id)
    return {practice_id: count for practice_id, count in session.execute(counted)}  # noqa: C416  (rows are no pairs to mypy)
