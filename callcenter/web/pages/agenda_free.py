"""What is free in an agenda, as JSON: for scripts and for other programs; people look at the pages."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import first_free_of_group
from callcenter.agenda.finding.free_times import list_starts, today_in
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.core.errors import Invalid, NotFound, Problem
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices, set_scope
from callcenter.directory.practices import load_practice
from callcenter.web.context import FIRST_DAY, LARGEST_ID, LAST_DAY, AnyBrowser, At, Reads

router = APIRouter()

LONGEST = 400  # days

Id = Annotated[int, Query(ge=1, le=LARGEST_ID)]
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@router.get("/agenda/free")
def list_free(
    me: AnyBrowser,
    session: Reads,
    at: At,
    practice: Id,
    type_id: Annotated[int, Query(alias="type", ge=1, le=LARGEST_ID)],
    practitioner: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    first: Day = None,
    last: Day = None,
) -> JSONResponse:
    """The starts to propose, UTC seconds: of one practitioner all on these days, of none named the first with anybody.

    For a patient whom the practitioner knows, by telephone; what she who asks holds is free to her.
    """
    try:
        found = load_practice(session, practice, me.practice_ids)
        set_scope(session, Practices.of(found.id))
        kind = session.scalar(select(ServiceType).where(ServiceType.id == type_id))
        if kind is None:
            raise NotFound(N_("There is no such type of visit."))
        if practitioner is None:
            return _first_with_anybody(session, kind, at=at, staff_id=me.staff_id)
        first_day = first or today_in(found.zone, at)
        last_day = last or first_day + timedelta(days=6)
        _check_span(first_day, last_day)
        starts = list_starts(
            session, practitioner, kind, first_day=first_day, last_day=last_day, at=at, staff_id=me.staff_id
        )
        if not starts and practitioner not in _with_an_agenda(session, kind.practice_id):
            raise NotFound(N_("There is no such practitioner."))
        return JSONResponse({"practitioner": practitioner, "starts": starts})
    except Problem as problem:
        return JSONResponse({"sentence": gettext(problem.sentence, **problem.values)}, status_code=problem.status)


def _with_an_agenda(session: Session, practice_id: int) -> list[int]:
    return sorted(set(session.scalars(select(Schedule.practitioner_id).where(Schedule.practice_id == practice_id))))


def _check_span(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise Invalid(N_("The last day comes before the first."), field="last")
    if (last_day - first_day).days >= LONGEST:
        raise Invalid(N_("That is too long: at most %(days)s days at once."), field="last", days=LONGEST)


def _first_with_anybody(session: Session, kind: ServiceType, *, at: At, staff_id: int) -> JSONResponse:
    found = first_free_of_group(session, _with_an_agenda(session, kind.practice_id), kind, at=at, staff_id=staff_id)
    if found is None:
        return JSONResponse({"practitioner": None, "starts": []})
    return JSONResponse({"practitioner": found.practitioner_id, "starts": [found.free.start]})
