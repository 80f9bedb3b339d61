"""What is done in the wide agenda: finding for whom, and booking the chosen time, in a call or without one."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices, set_scope
from callcenter.desk.bookings import book_in_call
from callcenter.desk.persons import describe_persons
from callcenter.desk.wide_query import View, WideAsked
from callcenter.directory.patients import load_patient, search_patients
from callcenter.directory.practices import load_practice
from callcenter.web.agenda_view import Told, sentence_of, wide_context
from callcenter.web.context import (
    FIRST_DAY,
    FIRST_INSTANT,
    LARGEST_ID,
    LAST_DAY,
    LAST_INSTANT,
    At,
    Operator,
    Reads,
    TheWorld,
)
from callcenter.web.desk_view import Moments
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

Id = Annotated[int, Form(ge=1, le=LARGEST_ID)]
MaybeId = Annotated[int | None, Form(ge=1, le=LARGEST_ID)]


@router.post("/agenda/patient-search")
def find_for_whom(
    request: Request, session: Reads, me: Operator, at: At, practice_id: Id, text: Annotated[str, Form()] = ""
) -> HTMLResponse:
    """Patients of a practice by name, date of birth or number; a POST, so that no name stands in an address."""
    practice = _narrow(session, practice_id, me.practice_ids)
    found = describe_persons(session, search_patients(session, practice_id, text), at=at)
    context = {"found": found, "searched": text.strip(), "practice_id": practice_id, "card": practice, "f": Moments(at)}
    return page(request, "agenda/wide/_found.html", **context)


@router.post("/agenda/person")
def choose_for_whom(
    request: Request, session: Reads, me: Operator, at: At, practice_id: Id, patient_id: MaybeId = None
) -> HTMLResponse:
    """Whom the next booking is for; nobody goes back to searching."""
    practice = _narrow(session, practice_id, me.practice_ids)
    person = None
    if patient_id is not None:
        (person,) = describe_persons(session, [load_patient(session, practice_id, patient_id)], at=at)
    return page(request, "agenda/wide/_picker.html", person=person, wide={"practice": practice})


@router.post("/agenda/appointments")
def book_wide(
    request: Request,
    world: TheWorld,
    me: Operator,
    at: At,
    practice_id: Id,
    practitioner_id: Id,
    service_type_id: Id,
    start: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    request_key: Annotated[str, Form(min_length=8, max_length=60)],
    view: Annotated[View, Form()] = View.WEEK,
    day: Annotated[date | None, Form(ge=FIRST_DAY, le=LAST_DAY)] = None,
    whose: Annotated[str, Form(pattern=r"^\d{0,9}$")] = "",
    call_id: MaybeId = None,
    patient_id: MaybeId = None,
    overbooking_rule_id: MaybeId = None,
) -> Response:
    """Book the chosen time: in a call for whom the call is about, else for whoever was chosen beside it."""
    scope = Practices(me.practice_ids)
    asked = WideAsked(
        practice_id=practice_id,
        view=view,
        day=day,
        practitioner_id=int(whose) if whose else None,
        type_id=service_type_id,
        start=start,
        with_id=practitioner_id,
    )
    wanted: dict[str, Any] = {
        "practitioner_id": practitioner_id,
        "service_type_id": service_type_id,
        "start": start,
        "request_key": request_key,
        "overbooking_rule_id": overbooking_rule_id,
        "staff_id": me.staff_id,
        "at": at,
    }
    try:
        with world.database.unit_of_work(scope) as session:
            if call_id is not None:
                booked = book_in_call(session, call_id, **wanted)
            else:
                booked = _book(session, practice_id, patient_id, me.practice_ids, wanted)
            told = Told(sentence_of(session, [booked], gettext(N_("Booked."))))
    except TimeTaken as taken:
        told = Told(gettext(taken.sentence, **taken.values), is_good=False)
        # Read anew: on PostgreSQL a refused insert has ended its transaction.
        with world.database.reading(scope) as session:
            context = wide_context(session, me, asked, at=at) | {"told": told}
            block = "wide_and_told" if is_htmx(request) else None
            return page(request, "agenda/wide/page.html", block=block, status=409, **context)
    asked = asked.but(start=None, with_id=None)
    if not is_htmx(request):
        return redirect(request, f"/agenda{asked.query}")
    with world.database.reading(scope) as session:
        context = wide_context(session, me, asked, at=at) | {"told": told}
        headers = {"HX-Trigger": "desk-changed"} if call_id is not None else None
        return page(request, "agenda/wide/page.html", block="wide_and_told", headers=headers, **context)


def _book(
    session: Session, practice_id: int, patient_id: int | None, practice_ids: frozenset[int], wanted: dict[str, Any]
) -> Appointment:
    _narrow(session, practice_id, practice_ids)
    if patient_id is None:
        raise Conflict(N_("Choose the person first, then book."))
    return book_appointment(session, practice_id=practice_id, patient_id=patient_id, call_id=None, **wanted)


def _narrow(session: Session, practice_id: int, practice_ids: frozenset[int]) -> Any:
    """The practice, if she may see it; from here on the session sees nothing else."""
    practice = load_practice(session, practice_id, practice_ids)
    set_scope(session, Practices.of(practice_id))
    return practice
