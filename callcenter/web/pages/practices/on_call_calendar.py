"""The roster of a practice in and out of calendars: its secret address, a file, and a file taken over."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.dispatch.calendar_feeds import open_feed, revoke_feed
from callcenter.dispatch.calendar_in import LIMIT, read_calendar
from callcenter.dispatch.calendar_out import write_calendar
from callcenter.dispatch.imported_shifts import (
    import_shifts,
    names_to_recognise,
    preview_import,
    read_back,
    written_down,
)
from callcenter.dispatch.on_call import change_hour, zone_of
from callcenter.web.calendar_files import calendar_file
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.on_call_view import people_of
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.practices.on_call import show_roster

router = APIRouter()

_ADDRESS = "/practices/{practice_id}/on-call"
_SHOWN = 40  # events, and changes, that a preview lists


@router.get(_ADDRESS + "/calendar.ics")
def download(practice_id: int, session: Reads, me: Supervisor, at: At) -> Response:
    """The roster as a file."""
    practice = open_frame(session, practice_id, me).practice
    return calendar_file(write_calendar(session, practice, at=at), name="on-call.ics")


@router.post(_ADDRESS + "/feed")
def open_address(
    request: Request, practice_id: int, world: TheWorld, session: Reads, me: Supervisor, at: At
) -> Response:
    """Make a secret address, or a new one instead, and show it this once."""
    tokens: list[str] = []

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        tokens.append(open_feed(session, practice_id, at=at, staff_id=me.staff_id))

    refused = attempt(world, me, act)
    address = f"{world.settings.public_url}/on-call/feed/{tokens[0]}.ics" if tokens else ""
    return show_roster(request, session, practice_id, me, at=at, refused=refused, feed_address=address)


@router.post(_ADDRESS + "/feed/revocation")
def close_address(request: Request, practice_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """Close the secret address."""
    open_frame(session, practice_id, me)
    revoke_feed(session, practice_id, at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/on-call")


@router.post(_ADDRESS + "/import/preview")
def preview(
    request: Request,
    practice_id: int,
    session: Reads,
    me: Supervisor,
    at: At,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """What a calendar file says, and what taking it over would change; nothing is written."""
    frame = open_frame(session, practice_id, me)
    try:
        found = read_calendar(
            file.file.read(LIMIT + 1) if file is not None else b"",
            names_to_recognise(session, practice_id),
            zone=zone_of(session, practice_id),
            changes_at=change_hour(session, practice_id, at=at),
            at=at,
        )
    except Invalid as refused:
        return show_roster(request, session, practice_id, me, at=at, refused=refused)
    return show_section(
        request,
        frame,
        me,
        "on-call",
        form=Typed(),
        template="on_call/import_preview.html",
        zone=zone_of(session, practice_id),
        people=people_of(session, practice_id),
        found=found,
        effect=preview_import(session, practice_id, found.shifts, at=at),
        carried=written_down(found.shifts),
        most=_SHOWN,
    )


@router.post(_ADDRESS + "/import")
def take_over(
    request: Request,
    practice_id: int,
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
    shifts: Annotated[str, Form()] = "",
) -> Response:
    """Take over what the preview showed."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        wanted = read_back(shifts)
        if not wanted:
            raise Invalid(N_("This calendar names nobody of the practice: nothing was taken over."), field="file")
        import_shifts(session, practice_id, wanted, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return show_roster(request, session, practice_id, me, at=at, refused=refused)
    return saved(request, f"/practices/{practice_id}/on-call")
