"""The doctor's page of being on call: her own stretches, the practice's roster, and swaps with colleagues."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import NotFound, Problem
from callcenter.core.i18n import N_
from callcenter.directory.identity import Identity
from callcenter.directory.models import Practice, Practitioner, Role
from callcenter.dispatch.calendar_out import write_calendar
from callcenter.dispatch.on_call import on_call_line
from callcenter.dispatch.on_call_models import SwapStatus
from callcenter.dispatch.swaps import (
    agree_to_swap,
    decline_swap,
    list_swaps,
    propose_swap,
    swappable_stretches,
    withdraw_swap,
)
from callcenter.web.calendar_files import calendar_file
from callcenter.web.context import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DAY,
    LAST_INSTANT,
    At,
    Me,
    Reads,
    TheWorld,
    World,
    require,
)
from callcenter.web.forms import attempt
from callcenter.web.on_call_view import people_of, read_ribbon
from callcenter.web.rendering import page, redirect

router = APIRouter(dependencies=[Depends(require(Role.PRACTITIONER))])

Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
Whose = Annotated[int | None, Query()]
WhoseForm = Annotated[int | None, Form()]
Begin = Annotated[int, Query(ge=FIRST_INSTANT, le=LAST_INSTANT)]  # s since 1970
BeginForm = Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)]

# What the page says after a gesture.
_TOLD = {
    "proposed": N_("Proposed. Your colleague sees it at once."),
    SwapStatus.AGREED.value: N_("Agreed: each of you has the other's stretch."),
    SwapStatus.OUTDATED.value: N_("The roster had changed before: nothing was exchanged."),
    SwapStatus.DECLINED.value: N_("Declined. The roster stays as it is."),
    SwapStatus.WITHDRAWN.value: N_("Withdrawn. The roster stays as it is."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One practice at which this doctor receives, and who she is there."""

    practitioner: Practitioner
    practice: Practice

    @property
    def zone(self) -> ZoneInfo:
        """Where the practice's clocks stand."""
        return ZoneInfo(self.practice.zone)


@router.get("/my-on-call")
def show_my_on_call(
    request: Request,
    me: Me,
    session: Reads,
    at: At,
    practitioner: Whose = None,
    day: Day = None,
    told: str = "",
) -> Response:
    """The whole page."""
    return _answer(request, session, me.staff_id, practitioner, at=at, day=day, told=told)


@router.get("/my-on-call/region")
def refresh_my_on_call(
    request: Request, me: Me, session: Reads, at: At, practitioner: Whose = None, day: Day = None
) -> Response:
    """Only the region that changes when somebody proposes, agrees or arranges."""
    return _answer(request, session, me.staff_id, practitioner, at=at, day=day, block="on_call")


@router.get("/my-on-call/calendar.ics")
def download(me: Me, session: Reads, at: At, practitioner: Whose = None) -> Response:
    """Her own stretches as a calendar file."""
    place = _place(_places(session, me.staff_id), practitioner)
    content = write_calendar(session, place.practice, at=at, of=place.practitioner.id)
    return calendar_file(content, name="on-call.ics")


@router.get("/my-on-call/swaps/new")
def choose_returned(
    request: Request, me: Me, session: Reads, at: At, given: Begin, practitioner: Whose = None
) -> Response:
    """Which of a colleague's stretches she would take for this one of hers."""
    return _choose(request, session, me.staff_id, practitioner, given, at=at)


@router.post("/my-on-call/swaps")
def propose(
    request: Request,
    me: Me,
    world: TheWorld,
    session: Reads,
    at: At,
    given: BeginForm,
    returned: Annotated[int | None, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)] = None,
    practitioner: WhoseForm = None,
) -> Response:
    """Propose to exchange two stretches."""

    def act(session: Session) -> None:
        propose_swap(
            session,
            _place(_places(session, me.staff_id), practitioner).practitioner,
            given_starts_at=datetime.fromtimestamp(given, UTC),
            returned_starts_at=datetime.fromtimestamp(returned or FIRST_INSTANT, UTC),
            at=at,
            staff_id=me.staff_id,
        )

    refused = attempt(world, me, act)
    if refused:
        return _choose(request, session, me.staff_id, practitioner, given, at=at, refused=refused)
    return _back(request, practitioner, "proposed")


@router.post("/my-on-call/swaps/{swap_id}/agreement")
def agree(
    request: Request, me: Me, world: TheWorld, session: Reads, at: At, swap_id: int, practitioner: WhoseForm = None
) -> Response:
    """She agrees to what a colleague proposed."""
    return _settle(request, session, world, me, practitioner, swap_id, agree_to_swap, at=at)


@router.post("/my-on-call/swaps/{swap_id}/refusal")
def decline(
    request: Request, me: Me, world: TheWorld, session: Reads, at: At, swap_id: int, practitioner: WhoseForm = None
) -> Response:
    """She declines what a colleague proposed."""
    return _settle(request, session, world, me, practitioner, swap_id, decline_swap, at=at)


@router.post("/my-on-call/swaps/{swap_id}/withdrawal")
def withdraw(
    request: Request, me: Me, world: TheWorld, session: Reads, at: At, swap_id: int, practitioner: WhoseForm = None
) -> Response:
    """She takes back what she proposed."""
    return _settle(request, session, world, me, practitioner, swap_id, withdraw_swap, at=at)


def _settle(
    request: Request,
    session: Session,
    world: World,
    me: Identity,
    practitioner: int | None,
    swap_id: int,
    gesture: Callable[..., SwapStatus],
    *,
    at: datetime,
) -> Response:
    settled: list[SwapStatus] = []

    def act(session: Session) -> None:
        practice_id = _place(_places(session, me.staff_id), practitioner).practice.id
        settled.append(gesture(session, practice_id, swap_id, at=at, staff_id=me.staff_id))

    refused = attempt(world, me, act)
    if refused:
        return _answer(request, session, me.staff_id, practitioner, at=at, refused=refused)
    return _back(request, practitioner, settled[0].value)


def _places(session: Session, staff_id: int) -> list[Place]:
    rows = session.execute(
        select(Practitioner, Practice)
        .join(Practice, Practice.id == Practitioner.practice_id)
        .where(Practitioner.staff_id == staff_id)
        .order_by(Practice.name, Practitioner.id)
    )
    return [Place(practitioner, practice) for practitioner, practice in rows]


def _place(places: list[Place], practitioner: int | None) -> Place:
    """The chosen one, or the first. Raises ``NotFound``."""
    found = next((one for one in places if practitioner in {None, one.practitioner.id}), None)
    if found is None:
        raise NotFound(N_("There is no such practitioner."))
    return found


def _answer(
    request: Request,
    session: Session,
    staff_id: int,
    practitioner: int | None,
    *,
    at: datetime,
    day: date | None = None,
    told: str = "",
    refused: Problem | None = None,
    block: str | None = None,
) -> Response:
    places = _places(session, staff_id)
    if not places and practitioner is None:
        return page(request, "on_call/mine.html", block=block, places=places, place=None, told="", refused=None)
    place = _place(places, practitioner)
    practice_id, own = place.practice.id, place.practitioner.id
    people = people_of(session, practice_id)
    names = {one: person.name for one, person in people.items()}
    swaps = list_swaps(session, practice_id, names=names, at=at, of=own)
    stretches = swappable_stretches(session, practice_id, at=at)
    return page(
        request,
        "on_call/mine.html",
        block=block,
        status=refused.status if refused else 200,
        places=places,
        place=place,
        zone=place.zone,
        from_day=day,
        told=_TOLD.get(told, ""),
        refused=refused,
        on_call=on_call_line(session, practice_id, at=at),
        mine=[one for one in stretches if one.practitioner_id == own],
        has_colleagues=any(
            one.practitioner_id != own and people[one.practitioner_id or 0].signs_in for one in stretches
        ),
        asked=[one for one in swaps if one.row.status == SwapStatus.PROPOSED and one.row.taker_id == own],
        asking=[one for one in swaps if one.row.status == SwapStatus.PROPOSED and one.row.giver_id == own],
        settled=[one for one in swaps if one.row.status != SwapStatus.PROPOSED],
        ribbon=read_ribbon(session, practice_id, people, zone=place.zone, day=day, at=at),
    )


def _choose(
    request: Request,
    session: Session,
    staff_id: int,
    practitioner: int | None,
    given: int,
    *,
    at: datetime,
    refused: Problem | None = None,
) -> Response:
    places = _places(session, staff_id)
    place = _place(places, practitioner)
    people = people_of(session, place.practice.id)
    stretches = swappable_stretches(session, place.practice.id, at=at)
    own = place.practitioner.id
    offered = next((one for one in stretches if one.starts_at.timestamp() == given), None)
    if offered is None or offered.practitioner_id != own:
        raise NotFound(N_("The roster has changed meanwhile: choose again."))
    return page(
        request,
        "on_call/propose.html",
        status=refused.status if refused else 200,
        places=places,
        place=place,
        zone=place.zone,
        people=people,
        given=offered,
        choices=[one for one in stretches if one.practitioner_id != own and people[one.practitioner_id or 0].signs_in],
        refused=refused,
    )


def _back(request: Request, practitioner: int | None, told: str) -> Response:
    whose = f"practitioner={practitioner}&" if practitioner is not None else ""
    return redirect(request, f"/my-on-call?{whose}told={told}")
