"""Days that are otherwise in an agenda, or in the whole practice: noted and removed, with what that does."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.agenda.editing.day_exceptions import (
    ExceptionParticulars,
    add_exception,
    load_exception,
    read_exception,
    remove_exception,
)
from callcenter.agenda.rules.opening_rules import AgendaRules, DayException
from callcenter.core.errors import Invalid
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

_ADDRESS = "/practices/{practice_id}/schedules/{schedule_id}/exceptions"


class ExceptionForm(BaseModel):
    """An exception as posted."""

    kind: str = ""
    first_on: str = ""
    last_on: str = ""
    starts: str = ""
    ends: str = ""
    reason: str = ""
    whose: str = ""

    def particulars(self) -> ExceptionParticulars:
        """What the agenda reads."""
        return ExceptionParticulars(**self.model_dump())


@router.get(_ADDRESS + "/new")
def new(request: Request, practice_id: int, schedule_id: int, session: Reads, me: Administrator, at: At) -> Response:
    """The form of one more exception."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    form = Typed({"kind": "closed", "whose": "schedule"})
    return show_rules(request, rules, "practices/exception.html", form=form, preview=as_it_stands(rules))


@router.post(_ADDRESS)
def add(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[ExceptionForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Note an exception; what is booked stays where it is."""
    rules = open_rules(session, practice_id, schedule_id, me, at)

    def act(session: Session) -> None:
        place = open_rules(session, practice_id, schedule_id, me, at).place
        add_exception(session, place.schedule, typed.particulars(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return show_rules(request, rules, "practices/exception.html", form=form, preview=as_it_stands(rules))
    return done(request, rules, "exception-added")


@router.post(_ADDRESS + "/preview")
def preview_new(
    request: Request,
    practice_id: int,
    schedule_id: int,
    typed: Annotated[ExceptionForm, Form()],
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """What one more exception would do."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    if not typed.first_on.strip():
        return show_preview(request, rules, as_it_stands(rules), waits=True)
    try:
        exception = read_exception(typed.particulars(), today=rules.today)
    except Invalid as refused:
        return show_preview(request, rules, as_it_stands(rules), refused=refused)
    preview = rules.preview(
        lambda standing: replace(standing, exceptions=(*standing.exceptions, exception)),
        whole_practice=typed.particulars().is_whole_practice,
    )
    return show_preview(request, rules, preview)


@router.get(_ADDRESS + "/{exception_id}")
def exception(
    request: Request,
    practice_id: int,
    schedule_id: int,
    exception_id: int,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """One exception, and what becomes of its days without it."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    kept = load_exception(session, rules.place.schedule, exception_id)
    preview = rules.preview(
        lambda standing: _without(standing, kept.rule),
        whole_practice=kept.is_whole_practice,
    )
    return show_rules(request, rules, "practices/exception_end.html", form=Typed(), kept=kept, preview=preview)


@router.post(_ADDRESS + "/{exception_id}/removal")
def remove(
    request: Request,
    practice_id: int,
    schedule_id: int,
    exception_id: int,
    world: TheWorld,
    session: Reads,
    me: Administrator,
    at: At,
) -> Response:
    """Let these days be usual again."""
    rules = open_rules(session, practice_id, schedule_id, me, at)
    load_exception(session, rules.place.schedule, exception_id)

    def act(session: Session) -> None:
        place = open_rules(session, practice_id, schedule_id, me, at).place
        remove_exception(session, place.schedule, exception_id, at=at, staff_id=me.staff_id)

    attempt(world, me, act)
    return done(request, rules, "exception-removed")


def _without(rules: AgendaRules, gone: DayException) -> AgendaRules:
    """The same without this exception, once: two that say the same are two."""
    exceptions = list(rules.exceptions)
    exceptions.remove(gone)
    return replace(rules, exceptions=exceptions)
