"""The doctor's page: the day on a telephone, the week on a wide screen."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.views.day import day_view, today_for, week_view
from callcenter.agenda.views.grid import week_grid
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Practice, Practitioner, Role
from callcenter.dispatch.on_call import on_call_line
from callcenter.dispatch.swaps import swaps_asked
from callcenter.web.context import FIRST_DAY, LAST_DAY, At, Me, Reads, require
from callcenter.web.rendering import page

router = APIRouter(dependencies=[Depends(require(Role.PRACTITIONER))])

# None: the day on a telephone, the week on a wide screen.
View = Annotated[Literal["day", "week"] | None, Query()]
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
Whose = Annotated[int | None, Query()]


@router.get("/my-agenda")
def show_my_agenda(
    request: Request,
    me: Me,
    session: Reads,
    at: At,
    view: View = None,
    day: Day = None,
    practitioner: Whose = None,
) -> HTMLResponse:
    """The whole page."""
    return _answer(request, session, me.staff_id, at=at, view=view, day=day, practitioner=practitioner, block=None)


@router.get("/my-agenda/day")
def refresh_my_agenda(
    request: Request,
    me: Me,
    session: Reads,
    at: At,
    view: View = None,
    day: Day = None,
    practitioner: Whose = None,
) -> HTMLResponse:
    """Only the region that changes when somebody books."""
    return _answer(request, session, me.staff_id, at=at, view=view, day=day, practitioner=practitioner, block="agenda")


def _answer(
    request: Request,
    session: Session,
    staff_id: int,
    *,
    at: At,
    view: str | None,
    day: date | None,
    practitioner: int | None,
    block: str | None,
) -> HTMLResponse:
    places = session.execute(
        select(Practitioner, Practice.name)
        .join(Practice, Practice.id == Practitioner.practice_id)
        .where(Practitioner.staff_id == staff_id)
        .order_by(Practice.name, Practitioner.id)
    ).all()
    if practitioner is not None and practitioner not in {one.id for one, _ in places}:
        raise NotFound(N_("There is no such practitioner."))
    chosen = next((one for one, _ in places if one.id == practitioner), places[0][0] if places else None)
    context: dict[str, Any] = {
        "places": [(one.id, name) for one, name in places],
        "chosen": chosen,
        "view": view,
        "day": day,
    }
    if chosen is not None:
        today = today_for(session, chosen.id, at=at)
        shown = day or today
        context |= {
            "today": today,
            "shown": shown,
            # Without a day in its address the page follows the calendar: left open overnight, it shows the new day.
            "follows_today": day is None,
            "one_day": timedelta(days=1),
            "one": None,
            "week": None,
            "on_call": on_call_line(session, chosen.practice_id, at=at),
            "swaps_asked": swaps_asked(session, chosen, at=at),
        }
        if view != "day":
            week = week_view(session, practitioner_id=chosen.id, day=shown, at=at)
            context |= {"week": week, "grid": week_grid(week.days, at=int(at.timestamp()))}
        if view != "week":
            context["one"] = day_view(session, practitioner_id=chosen.id, day=shown, at=at)
    return page(request, "my_agenda/page.html", block=block, **context)
