"""What is done to an appointment in the wide agenda: moved, exchanged, given back, noted as come or not, undone."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment
from callcenter.agenda.writing.attendance import mark_arrived, mark_fulfilled, mark_no_show
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.swapping import swap_appointments
from callcenter.agenda.writing.undoing import undo
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.core.text import clean_line
from callcenter.desk.current_call import current_call
from callcenter.desk.wide_query import View, WideAsked
from callcenter.directory.identity import Identity
from callcenter.web.agenda_view import Told, sentence_of, wide_context
from callcenter.web.context import (
    FIRST_DAY,
    FIRST_INSTANT,
    LARGEST_ID,
    LAST_DAY,
    LAST_INSTANT,
    At,
    Operator,
    TheWorld,
    World,
)
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

Id = Annotated[int, Form(ge=1, le=LARGEST_ID)]
Key = Annotated[str, Form(min_length=8, max_length=60)]
Word = Annotated[str, Form()]
Day = Annotated[date | None, Form(ge=FIRST_DAY, le=LAST_DAY)]
Whose = Annotated[str, Form(pattern=r"^\d{0,9}$")]


@router.post("/agenda/appointments/{appointment_id}/move")
def move(
    request: Request,
    world: TheWorld,
    me: Operator,
    at: At,
    appointment_id: int,
    practice_id: Id,
    practitioner_id: Id,
    start: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    seen_start: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    request_key: Key,
    tell: Word = "",
    view: Annotated[View, Form()] = View.WEEK,
    day: Day = None,
    whose: Whose = "",
    service_type_id: Annotated[int | None, Form(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Give it the chosen time; when somebody was faster, say who, and stay with the appointment."""
    asked = WideAsked(
        practice_id=practice_id,
        view=view,
        day=day,
        practitioner_id=int(whose) if whose else None,
        type_id=service_type_id,
    )

    def act(session: Session) -> list[Appointment]:
        moved = move_appointment(
            session,
            appointment_id,
            practitioner_id=practitioner_id,
            start=start,
            seen_start=seen_start,
            staff_id=me.staff_id,
            call_id=_call_of(session, me, practice_id, at=at),
            request_key=request_key,
            tell=bool(tell),
            at=at,
        )
        return [moved]

    still = asked.but(move_id=appointment_id, start=start, with_id=practitioner_id)
    return _whole(request, world, me, at, act, N_("Moved."), done=asked, refused=still)


@router.post("/agenda/swaps")
def swap(
    request: Request,
    world: TheWorld,
    me: Operator,
    at: At,
    practice_id: Id,
    first_id: Id,
    second_id: Id,
    request_key: Key,
    tell: Word = "",
    view: Annotated[View, Form()] = View.WEEK,
    day: Day = None,
    whose: Whose = "",
) -> Response:
    """Let two visits change places, both or neither."""
    asked = WideAsked(practice_id=practice_id, view=view, day=day, practitioner_id=int(whose) if whose else None)

    def act(session: Session) -> list[Appointment]:
        both = swap_appointments(
            session,
            first_id,
            second_id,
            staff_id=me.staff_id,
            call_id=_call_of(session, me, practice_id, at=at),
            request_key=request_key,
            tell=bool(tell),
            at=at,
        )
        return list(both)

    return _whole(request, world, me, at, act, N_("Exchanged."), done=asked, refused=asked.but(swap_id=first_id))


@router.post("/agenda/appointments/{appointment_id}/cancellation")
def give_back(
    request: Request, world: TheWorld, me: Operator, at: At, appointment_id: int, reason: Word = ""
) -> Response:
    """Give the time back, with a reason if there is one; nothing is deleted."""

    def act(session: Session) -> list[Appointment]:
        practice_id = session.scalar(select(Appointment.practice_id).where(Appointment.id == appointment_id)) or 0
        cancelled = cancel_appointment(
            session,
            appointment_id,
            staff_id=me.staff_id,
            reason=clean_line(reason, limit=200),
            call_id=_call_of(session, me, practice_id, at=at),
            at=at,
        )
        return [cancelled]

    return _said(request, world, me, act, N_("Cancelled."), appointment_id)


@router.post("/agenda/appointments/{appointment_id}/arrival")
def arrive(request: Request, world: TheWorld, me: Operator, at: At, appointment_id: int) -> Response:
    """The patient is there."""
    return _said(
        request,
        world,
        me,
        lambda s: [mark_arrived(s, appointment_id, staff_id=me.staff_id, at=at)],
        N_("Arrived."),
        appointment_id,
    )


@router.post("/agenda/appointments/{appointment_id}/fulfilment")
def fulfil(request: Request, world: TheWorld, me: Operator, at: At, appointment_id: int) -> Response:
    """The visit has taken place."""
    return _said(
        request,
        world,
        me,
        lambda s: [mark_fulfilled(s, appointment_id, staff_id=me.staff_id, at=at)],
        N_("Seen."),
        appointment_id,
    )


@router.post("/agenda/appointments/{appointment_id}/no-show")
def stay_away(request: Request, world: TheWorld, me: Operator, at: At, appointment_id: int) -> Response:
    """The patient did not come."""
    return _said(
        request,
        world,
        me,
        lambda s: [mark_no_show(s, appointment_id, staff_id=me.staff_id, at=at)],
        N_("Absent."),
        appointment_id,
    )


@router.post("/agenda/undo")
def take_back(request: Request, world: TheWorld, me: Operator, at: At, event_id: Id) -> Response:
    """Take back the last change of hers; ten minutes long."""
    return _said(request, world, me, lambda s: undo(s, event_id, staff_id=me.staff_id, at=at), N_("Undone."), None)


def _call_of(session: Session, me: Identity, practice_id: int, *, at: At) -> int | None:
    """The call in which it is done, when it is this practice's."""
    call = current_call(session, me.staff_id, at=at)
    return call.call_id if call is not None and call.practice_id == practice_id else None


def _whole(
    request: Request,
    world: World,
    me: Identity,
    at: At,
    act: Callable[[Session], list[Appointment]],
    done_word: str,
    *,
    done: WideAsked,
    refused: WideAsked,
) -> Response:
    """Do it, and answer with the agenda as it is then; refused, with what was about to be done."""
    scope = Practices(me.practice_ids)
    told, asked, status = None, done, 200
    try:
        with world.database.unit_of_work(scope) as session:
            told = Told(sentence_of(session, act(session), gettext(done_word)))
    except Conflict as problem:
        told, asked, status = Told(gettext(problem.sentence, **problem.values), is_good=False), refused, 409
        if not isinstance(problem, TimeTaken):
            asked = done
    if not is_htmx(request) and status == 200:
        return redirect(request, f"/agenda{asked.query}")
    with world.database.reading(scope) as session:
        context: dict[str, Any] = wide_context(session, me, asked, at=at) | {"told": told}
        block = "wide_and_told" if is_htmx(request) else None
        headers = {"HX-Trigger": "desk-changed"}
        return page(request, "agenda/wide/page.html", block=block, status=status, headers=headers, **context)


def _said(
    request: Request,
    world: World,
    me: Identity,
    act: Callable[[Session], list[Appointment]],
    done_word: str,
    appointment_id: int | None,
) -> Response:
    """Do it and say so; the regions read themselves again."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            changed = act(session)
            told = Told(sentence_of(session, changed, gettext(done_word)))
            appointment_id = appointment_id or changed[0].id
    except Conflict as problem:
        if not is_htmx(request):
            raise
        told = Told(gettext(problem.sentence, **problem.values), is_good=False)
    if not is_htmx(request):
        return redirect(request, f"/agenda/appointments/{appointment_id}")
    status = 200 if told.is_good else 409
    headers = {"HX-Trigger": "desk-changed"}
    return page(request, "agenda/wide/page.html", block="said", status=status, headers=headers, told=told)
