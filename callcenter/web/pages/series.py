"""Several visits in a row, booked in a call: proposed in a dialog, then booked all or none."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.agenda.writing.series import LONGEST
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices, set_scope
from callcenter.desk.card_reading import call_card
from callcenter.desk.series_in_call import EVERY, book_series_in_call, series_view
from callcenter.directory.identity import Identity
from callcenter.web.context import FIRST_INSTANT, LARGEST_ID, LAST_INSTANT, At, Operator, Reads, TheWorld
from callcenter.web.desk_view import Moments
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

_Id = Annotated[int, Query(ge=1, le=LARGEST_ID)]
_Start = Annotated[int, Query(ge=FIRST_INSTANT, le=LAST_INSTANT)]


@router.get("/calls/{call_id}/series")
def propose(
    request: Request,
    call_id: int,
    session: Reads,
    me: Operator,
    at: At,
    practitioner: _Id,
    type_id: Annotated[int, Query(alias="type", ge=1, le=LARGEST_ID)],
    start: _Start,
    every: Annotated[int, Query(ge=1, le=LONGEST)] = 1,
    count: Annotated[int, Query(ge=2, le=LONGEST)] = 4,
) -> Response:
    """What a series from this time on would be."""
    return _dialog(
        request, session, me, call_id, at=at, chosen=(practitioner, type_id, start), every=every, count=count
    )


@router.post("/calls/{call_id}/series")
def book(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    practitioner_id: Annotated[int, Form(ge=1, le=LARGEST_ID)],
    service_type_id: Annotated[int, Form(ge=1, le=LARGEST_ID)],
    first: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    every: Annotated[int, Form(ge=1, le=LONGEST)],
    count: Annotated[int, Form(ge=2, le=LONGEST)],
    request_key: Annotated[str, Form(min_length=8, max_length=50)],
    start: Annotated[list[Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)]], Form()],
) -> Response:
    """Book the times that are ticked; when one was taken meanwhile, propose anew and say which."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            book_series_in_call(
                session,
                call_id,
                staff_id=me.staff_id,
                practitioner_id=practitioner_id,
                service_type_id=service_type_id,
                starts=start,
                request_key=request_key,
                at=at,
            )
    except TimeTaken as taken:
        # Read anew: on PostgreSQL a refused insert has ended its transaction.
        with world.database.reading(Practices(me.practice_ids)) as session:
            return _dialog(
                request,
                session,
                me,
                call_id,
                at=at,
                chosen=(practitioner_id, service_type_id, first),
                every=every,
                count=count,
                told=gettext(taken.sentence, **taken.values),
            )
    if not is_htmx(request):
        return redirect(request, "/desk")
    return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})


def _dialog(
    request: Request,
    session: Session,
    me: Identity,
    call_id: int,
    *,
    at: datetime,
    chosen: tuple[int, int, int],
    every: int,
    count: int,
    told: str = "",
) -> Response:
    card = call_card(session, me.staff_id, at=at)
    if card is None or card.call_id != call_id or not card.can_book:
        raise Conflict(N_("Choose the person first, then book."))
    set_scope(session, Practices.of(card.practice_id))
    practitioner_id, type_id, start = chosen
    view = series_view(
        session,
        card,
        practitioner_id=practitioner_id,
        type_id=type_id,
        start=start,
        every_weeks=every,
        count=count,
        staff_id=me.staff_id,
        at=at,
    )
    headers = {"HX-Retarget": "#ask", "HX-Reswap": "innerHTML"} if told else None
    status = 409 if told else 200
    return page(
        request,
        "desk/_series.html",
        status=status,
        headers=headers,
        series=view,
        every=EVERY,
        told=told,
        f=Moments(at),
        card=card,
    )
