"""Opening the emergency card, from anywhere: whoever is muted is heard, and a patient on hold is taken back."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import select

from callcenter.core.errors import Conflict, Problem
from callcenter.core.i18n import N_
from callcenter.core.scope import Practices
from callcenter.desk.emergency import open_relay
from callcenter.routing.desk_claim import claim_desk
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.models import Leg, LegRole
from callcenter.telephony.muting import mute_operator
from callcenter.web.context import AnyBrowser, At, Operator, TheWorld, World
from callcenter.web.pages.emergency import whole_card
from callcenter.web.rendering import is_htmx, redirect

router = APIRouter()

Typed = Annotated[str, Form()]


@router.post("/calls/{call_id}/emergency")
def open_card(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Open the card; a patient on hold is taken back, and an operator who is muted is heard again, first of all."""
    refused = _open(world, me, call_id, at)
    if not is_htmx(request):
        return redirect(request, f"/desk/emergency?call={call_id}")
    return whole_card(request, world, me, call_id, fault=refused)


@router.post("/emergency")
def open_from_anywhere(
    request: Request, world: TheWorld, me: AnyBrowser, at: At, over_the_desk: Typed = ""
) -> Response:
    """Open the card of the call she is on, whatever page she is looking at; it stands over her desk.

    Her desk may have gone to another browser of hers, and the conversation be heard in this one: it comes back with
    the card, and a page that is her desk is not loaded anew.
    """
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        hers = select(Agent.call_id).where(Agent.staff_id == me.staff_id, Agent.status == AgentStatus.ON_CALL)
        call_id = session.scalar(hers)
        if call_id is None:
            raise Conflict(N_("Nobody is on the line. Answer first, then F12 opens the emergency card."))
        claim_desk(session, me.staff_id, me.session_id, at=at)
    refused = _open(world, me, call_id, at)
    if not (over_the_desk and is_htmx(request)):
        return redirect(request, "/desk")
    card = whole_card(request, world, me, call_id, fault=refused)
    card.headers["HX-Trigger"] = "desk-changed"
    return card


def _open(world: World, me: Operator, call_id: int, at: datetime) -> Problem | None:
    """Open her card; what kept the patient from being taken back from hold, if anything did."""
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        open_relay(session, call_id, staff_id=me.staff_id, at=at)
        held = session.scalar(
            select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT, Leg.on_hold).limit(1)
        )
    refused = _take_back(world, call_id) if held is not None else None
    _be_heard(world, call_id, me)
    return refused


def _be_heard(world: World, call_id: int, me: Operator) -> None:
    """End her own mute: whoever asks for help must be heard. Not being told is no reason to keep the card closed."""
    with suppress(Problem):
        mute_operator(world.database, world.provider, call_id, world.clock, staff_id=me.staff_id, muted=False)


def _take_back(world: World, call_id: int) -> Problem | None:
    """End the hold; a carrier that does not do it must not keep the card from opening."""
    try:
        hold_patient(world.database, world.provider, call_id, world.clock, on_hold=False)
    except Problem as refused:
        return refused
    return None
