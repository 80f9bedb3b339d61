"""The on-call roster of a practice: who is on call, for which times nobody is, and what was arranged."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.core.errors import Problem
from callcenter.directory.identity import Identity
from callcenter.dispatch.calendar_feeds import current_feed
from callcenter.dispatch.on_call import find_gaps, on_call_line
from callcenter.dispatch.rotations import list_rotations
from callcenter.dispatch.shifts import list_overrides
from callcenter.dispatch.swaps import list_swaps
from callcenter.web.context import FIRST_DAY, LAST_DAY, At, Reads, Supervisor
from callcenter.web.forms import Typed
from callcenter.web.on_call_view import people_of, read_ribbon
from callcenter.web.pages.practices.frame import open_frame, show_section

router = APIRouter()

Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@router.get("/practices/{practice_id}/on-call")
def roster(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At, day: Day = None) -> Response:
    """Who is on call, five weeks of the roster, and all that may be arranged."""
    return show_roster(request, session, practice_id, me, at=at, day=day)


@router.get("/practices/{practice_id}/on-call/now")
def refresh(request: Request, practice_id: int, session: Reads, me: Supervisor, at: At, day: Day = None) -> Response:
    """Only the region that follows the clock and what others arrange."""
    return show_roster(request, session, practice_id, me, at=at, day=day, template="on_call/_roster_region.html")


def show_roster(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    *,
    at: datetime,
    day: date | None = None,
    refused: Problem | None = None,
    feed_address: str = "",
    template: str = "",
) -> Response:
    """The section; ``feed_address`` is the secret address, shown this once."""
    frame = open_frame(session, practice_id, me)
    zone = ZoneInfo(frame.practice.zone)
    people = people_of(session, practice_id)
    names = {practitioner_id: one.name for practitioner_id, one in people.items()}
    return show_section(
        request,
        frame,
        me,
        "on-call",
        form=Typed(),
        refused=refused,
        template=template,
        zone=zone,
        people=people,
        from_day=day,
        on_call=on_call_line(session, practice_id, at=at),
        gaps=find_gaps(session, practice_id, at=at),
        ribbon=read_ribbon(session, practice_id, people, zone=zone, day=day, at=at),
        rotations=list_rotations(session, practice_id, at=at),
        overrides=list_overrides(session, practice_id, at=at),
        swaps=list_swaps(session, practice_id, names=names, at=at),
        feed=current_feed(session, practice_id),
        feed_address=feed_address,
    )
