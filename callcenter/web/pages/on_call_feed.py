"""The secret address under which a calendar program reads who is on call: no sign-in, no patient, no log."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from callcenter.core.scope import Centre, CentreReason
from callcenter.dispatch.calendar_feeds import find_practice_by_feed
from callcenter.dispatch.calendar_out import write_calendar
from callcenter.web.calendar_files import calendar_file
from callcenter.web.context import At, TheWorld

router = APIRouter()

_SCOPE = Centre(CentreReason.WEBHOOK)  # the address decides the practice


@router.api_route("/on-call/feed/{token}.ics", methods=["GET", "HEAD"])
def read_feed(world: TheWorld, at: At, token: str) -> Response:
    """The roster; an address that is not in force finds nothing, after one query at most."""
    with world.database.reading(_SCOPE) as session:
        practice = find_practice_by_feed(session, token)
        if practice is None:
            return PlainTextResponse("Not found.", 404, headers={"Cache-Control": "no-store"})
        return calendar_file(write_calendar(session, practice, at=at))
