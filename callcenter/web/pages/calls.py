"""What an operator does with her call: notes, patient, appointments, disposition.

Each answers a plain form with the desk, and htmx with what changed.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices, set_scope
from callcenter.desk.agenda_panel import AgendaChoice
from callcenter.desk.bookings import book_in_call, cancel_in_call
from callcenter.desk.card import CallCard
from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import choose_disposition, read_code
from callcenter.desk.drafts import drop_draft, drop_of_everybody
from callcenter.desk.handling import handled_call
from callcenter.desk.notes import choose_patient, noted_in_call, save_words
from callcenter.desk.persons import describe_persons, numbered
from callcenter.desk.shield import breathe
from callcenter.directory.patients import create_patient, search_patients
from callcenter.routing.models import AgentStatus
from callcenter.telephony.legs import lock_call
from callcenter.web.context import (
    FIRST_INSTANT,
    LARGEST_ID,
    LAST_INSTANT,
    At,
    Operator,
    Reads,
    TheWorld,
    Writes,
)
from callcenter.web.desk_view import desk_context, lost_race
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

Typed = Annotated[str, Form()]


@router.post("/calls/{call_id}/words")
def keep_words(request: Request, call_id: int, session: Writes, me: Operator, at: At, words: Typed = "") -> Response:
    """Keep the caller's words as typed so far."""
    save_words(session, call_id, staff_id=me.staff_id, words=words, at=at)
    return Response(status_code=204) if is_htmx(request) else redirect(request, "/desk")


@router.post("/calls/{call_id}/patient")
def say_who_it_is_about(
    request: Request, call_id: int, session: Writes, me: Operator, at: At, patient_id: Typed = ""
) -> Response:
    """Choose a known person; nothing sent goes back to asking."""
    chosen = _read_id(patient_id) if patient_id.strip() else None
    choose_patient(session, call_id, staff_id=me.staff_id, patient_id=chosen, at=at)
    drop_draft(session, call_id, staff_id=me.staff_id, form="finder")
    return _changed(request)


@router.post("/calls/{call_id}/patients")
def add_patient(
    request: Request,
    call_id: int,
    session: Writes,
    me: Operator,
    at: At,
    title: Typed = "",
    family_name: Typed = "",
    given_name: Typed = "",
    birth_on: Typed = "",
    phone: Typed = "",
) -> Response:
    """Note a new patient of the called practice and say that the call is about them."""
    call = handled_call(session, call_id, staff_id=me.staff_id)
    lock_call(session, call_id)  # Enter pressed twice: the second waits here and then finds whom the first noted
    try:
        patient = noted_in_call(
            session, call, family_name=family_name, given_name=given_name, birth_on=birth_on, phone=phone, at=at
        ) or create_patient(
            session,
            call.practice_id,
            title=title,
            family_name=family_name,
            given_name=given_name,
            birth_on=birth_on,
            phone=phone,
            at=at,
            staff_id=me.staff_id,
        )
    except Invalid as refused:  # raised before anything is written
        typed = {
            "title": title,
            "family_name": family_name,
            "given_name": given_name,
            "birth_on": birth_on,
            "phone": phone,
        }
        return _form_again(request, call_id, session, me, at, typed=typed, refused=refused)
    choose_patient(session, call_id, staff_id=me.staff_id, patient_id=patient.id, at=at)
    drop_of_everybody(session, call_id, form="new-patient")
    drop_draft(session, call_id, staff_id=me.staff_id, form="finder")
    return _changed(request)


@router.post("/calls/{call_id}/patient-search")
def find_patients(
    request: Request, call_id: int, session: Reads, me: Operator, at: At, text: Typed = ""
) -> HTMLResponse:
    """Persons of the called practice by name, date of birth or number; a POST, so that no name stands in an address."""
    card = _card_of(session, call_id, me, at)
    context = desk_context(request, session, me, at=at, only=None if not is_htmx(request) else "found")
    handled_call(session, call_id, staff_id=me.staff_id)  # narrows what follows to the called practice
    found = describe_persons(session, search_patients(session, card.practice_id, text), at=at)
    context |= {"found": numbered(found, known=card.persons), "searched": text.strip()}
    return page(request, "desk/_found.html" if is_htmx(request) else "desk/page.html", **context)


@router.post("/calls/{call_id}/appointments")
def book(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    practitioner_id: Annotated[int, Form()],
    service_type_id: Annotated[int, Form()],
    start: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    request_key: Annotated[str, Form(min_length=8, max_length=60)],
    overbooking_rule_id: Annotated[int | None, Form(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Book the chosen time; when somebody was faster, say who and offer the next three."""
    scope = Practices(me.practice_ids)
    try:
        with world.database.unit_of_work(scope) as session:
            book_in_call(
                session,
                call_id,
                staff_id=me.staff_id,
                practitioner_id=practitioner_id,
                service_type_id=service_type_id,
                start=start,
                request_key=request_key,
                at=at,
                overbooking_rule_id=overbooking_rule_id,
            )
    except TimeTaken as taken:
        # Read anew: on PostgreSQL a refused insert has ended its transaction.
        with world.database.reading(scope) as session:
            card = _card_of(session, call_id, me, at)
            race = lost_race(
                session,
                card,
                taken,
                practitioner_id=practitioner_id,
                type_id=service_type_id,
                staff_id=me.staff_id,
                at=at,
            )
            htmx = is_htmx(request)
            context = desk_context(request, session, me, at=at, only="ask" if htmx else None)
            headers = {"HX-Retarget": "#ask", "HX-Reswap": "innerHTML", "HX-Trigger": "desk-changed"}
            block = "ask" if htmx else None
            return page(request, "desk/page.html", block=block, status=409, headers=headers, lost_race=race, **context)
    if not is_htmx(request):
        return redirect(request, "/desk")
    with world.database.reading(scope) as session:
        asked = AgendaChoice(practitioner_id=practitioner_id, type_id=service_type_id, start=start)
        context = desk_context(request, session, me, at=at, asked=asked, only="agenda")
        return page(request, "desk/page.html", block="agenda", headers={"HX-Trigger": "desk-changed"}, **context)


@router.post("/calls/{call_id}/disposition")
def end_call(
    request: Request, call_id: int, session: Writes, me: Operator, at: At, code: Typed = "", then: Typed = ""
) -> Response:
    """Say how the call ended; she is available again, or on a break when she asked for one."""
    status = AgentStatus.BREAK if then in {"pause", "breather"} else AgentStatus.AVAILABLE
    choose_disposition(session, call_id, staff_id=me.staff_id, code=read_code(code), at=at, then=status)
    if then == "breather":
        breathe(session, call_id, staff_id=me.staff_id, at=at)
    return _changed(request)


@router.post("/appointments/{appointment_id}/cancellation")
def give_back(
    request: Request, appointment_id: int, session: Writes, me: Operator, at: At, call_id: Annotated[int, Form()]
) -> Response:
    """Cancel an appointment of the practice of her call; nothing is deleted."""
    cancel_in_call(session, call_id, appointment_id, staff_id=me.staff_id, at=at)
    return _changed(request)


def _changed(request: Request) -> Response:
    """Tell the desk's regions to read themselves again; a browser without script gets the desk."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")


def _read_id(typed: str) -> int:
    """An identifier a form sent. Raises ``NotFound`` for what none of ours can be."""
    if not typed.isdecimal() or len(typed) > 10 or int(typed) > LARGEST_ID:
        raise NotFound(N_("This person is not known at this practice."))
    return int(typed)


def _card_of(session: Reads, call_id: int, me: Operator, at: At) -> CallCard:
    card = call_card(session, me.staff_id, at=at)
    if card is None or card.call_id != call_id or not card.is_hers:
        raise NotFound(N_("This call is not one of yours."))
    return card


def _form_again(
    request: Request, call_id: int, session: Reads, me: Operator, at: At, *, typed: dict[str, str], refused: Invalid
) -> HTMLResponse:
    """The form with what was typed and the sentence beside its field; only on the card of the call it was typed for."""
    set_scope(session, Practices(me.practice_ids))  # the whole desk again, not the called practice's part of it
    _card_of(session, call_id, me, at)
    htmx = is_htmx(request)
    context = desk_context(request, session, me, at=at, only="new-patient" if htmx else None)
    why = {refused.field or "family_name": gettext(refused.sentence, **refused.values)}
    context |= {"typed": typed, "refused": why, "typed_open": True}
    return page(request, "desk/_new_patient.html" if htmx else "desk/page.html", status=422, **context)
