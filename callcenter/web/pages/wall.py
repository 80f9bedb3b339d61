"""The wallboard: the team's figures, large, for a screen that nobody touches."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from callcenter import __version__
from callcenter.desk.wall import SERVICE_LEVEL_AIM, read_half_hours, read_wall
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.routing.callback_rules import LATE_AFTER
from callcenter.web.context import At, Reads, require, world
from callcenter.web.rendering import page
from callcenter.web.static_files import static_address

router = APIRouter()

# The team sees its own figures; a doctor's are on his own page.
Team = Annotated[Identity, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR))]
_PAGE = "wall/page.html"


@router.get("/wallboard")
def show_wall(request: Request, session: Reads, _me: Team, at: At) -> HTMLResponse:
    """The whole wall."""
    return page(request, _PAGE, **_figures(request, session, at), **_chart(request, session, at))


@router.get("/wallboard/figures")
def show_figures(request: Request, session: Reads, _me: Team, at: At) -> HTMLResponse:
    """Who waits, the day, the team."""
    return page(request, _PAGE, block="figures", **_figures(request, session, at))


@router.get("/wallboard/chart")
def show_chart(request: Request, session: Reads, _me: Team, at: At) -> HTMLResponse:
    """The day's calls by half-hour; read again once a minute, for it counts whole days."""
    return page(request, _PAGE, block="chart", **_chart(request, session, at))


def _figures(request: Request, session: Reads, at: At) -> dict[str, Any]:
    zone = world(request).settings.centre_zone
    # A screen that hangs for weeks takes up what changed in its own files too.
    version = f"{__version__} {static_address('css/wall.css')} {static_address('js/wall.js')}"
    return {
        "wall": read_wall(session, zone=zone, at=at),
        "aim": SERVICE_LEVEL_AIM,
        "late_after": int(LATE_AFTER.total_seconds()),
        "version": version,
    }


def _chart(request: Request, session: Reads, at: At) -> dict[str, Any]:
    chart = read_half_hours(session, zone=world(request).settings.centre_zone, at=at)
    most = max([4, *(one.received for one in chart), *(one.expected or 0 for one in chart)])
    return {"chart": chart, "most": most}
