"""An operator's status and the gestures on her calls. Each changes something and lets the desk read itself again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.handling import handled_call, is_on
from callcenter.desk.hanging_up import give_to_colleague
from callcenter.desk.hanging_up import hang_up as end_call
from callcenter.desk.supervising import refuse_beside_somebody
from callcenter.routing import presence
from callcenter.routing.offers import accept_offer, decline_offer, pull_call
from callcenter.routing.returning import rejoin_call
from callcenter.routing.taking import CallTaken
from callcenter.telephony.dialling import dial_leg, failure_of
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.models import LegStatus
from callcenter.telephony.muting import mute_operator
from callcenter.web.context import At, Operator, TheWorld, World, Writes
from callcenter.web.desk_notices import call_taken
from callcenter.web.rendering import is_htmx, redirect

router = APIRouter()


@router.post("/agent/availability")
def become_available(request: Request, session: Writes, me: Operator, at: At) -> Response:
    """She takes calls from now on."""
    refuse_beside_somebody(session, me.staff_id)
    presence.set_available(session, me.staff_id, at=at)
    return _changed(request)


@router.post("/agent/break")
def take_break(request: Request, session: Writes, me: Operator, at: At) -> Response:
    """She takes no calls until she says so."""
    presence.take_break(session, me.staff_id, at=at)
    return _changed(request)


@router.post("/reservations/{reservation_id}/acceptance")
def accept(request: Request, reservation_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """She takes the call that rings for her."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            leg_id = accept_offer(session, reservation_id, staff_id=me.staff_id, at=at).id
    except CallTaken as taken:
        return call_taken(request, taken)
    return ring_her(request, world, leg_id)


@router.post("/reservations/{reservation_id}/decline")
def decline(request: Request, reservation_id: int, session: Writes, me: Operator, at: At) -> Response:
    """She lets the call go to somebody else."""
    decline_offer(session, reservation_id, staff_id=me.staff_id, at=at)
    return _changed(request)


@router.post("/queue-entries/{entry_id}/acceptance")
def pull(request: Request, entry_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """She takes a waiting call out of the queue."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            leg_id = pull_call(session, entry_id, staff_id=me.staff_id, at=at).id
    except CallTaken as taken:
        return call_taken(request, taken)
    return ring_her(request, world, leg_id)


@router.post("/calls/{call_id}/hang-up")
def hang_up(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """She ends the call, or is alone out of it while somebody stays with the patient."""
    end_call(
        world.database,
        world.provider,
        call_id,
        world.clock,
        settings=world.settings,
        scope=Practices(me.practice_ids),
        staff_id=me.staff_id,
    )
    return _changed(request)


@router.post("/calls/{call_id}/giving-back")
def give_back(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """Her telephone is not, or no more, in the conversation: the patient goes to a colleague. Come in, it stays in."""
    scope = Practices(me.practice_ids)
    give_to_colleague(world.database, world.provider, call_id, world.clock, scope=scope, staff_id=me.staff_id)
    return _changed(request)


@router.post("/calls/{call_id}/rejoining")
def rejoin(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Her telephone left the conversation: it is rung into it again."""
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        leg_id = rejoin_call(session, call_id, staff_id=me.staff_id, at=at).id
    status = dial_leg(world.database, world.provider, leg_id, world.clock, settings=world.settings)
    if status is LegStatus.FAILED:
        why = gettext(failure_of(world.database, leg_id)).rstrip(".")
        raise Conflict(N_("Your telephone could not be reached: %(why)s. F2 tries again."), why=why)
    return _changed(request)


@router.post("/calls/{call_id}/hold")
def hold(
    request: Request, call_id: int, world: TheWorld, me: Operator, on_hold: Annotated[bool, Form()] = True
) -> Response:
    """She gives the patient the hold music, or takes her back."""
    with world.database.reading(Practices(me.practice_ids)) as session:
        handled_call(session, call_id, staff_id=me.staff_id)
        if not is_on(session, call_id, staff_id=me.staff_id):
            raise Conflict(N_("There is no conversation to put on hold."))
    hold_patient(world.database, world.provider, call_id, world.clock, on_hold=on_hold)
    return _changed(request)


@router.post("/calls/{call_id}/mute")
def mute(request: Request, call_id: int, world: TheWorld, me: Operator, muted: Annotated[bool, Form()]) -> Response:
    """She is not heard in her call until she speaks again."""
    with world.database.reading(Practices(me.practice_ids)) as session:
        handled_call(session, call_id, staff_id=me.staff_id)
    mute_operator(world.database, world.provider, call_id, world.clock, staff_id=me.staff_id, muted=muted)
    return _changed(request)


def ring_her(request: Request, world: World, leg_id: int) -> Response:
    """Have her own telephone rung, outside any transaction; the call is hers already."""
    status = dial_leg(world.database, world.provider, leg_id, world.clock, settings=world.settings)
    if status is LegStatus.FAILED:
        why = gettext(failure_of(world.database, leg_id)).rstrip(".")
        raise Conflict(
            N_("Your telephone could not be reached: %(why)s. The patient is back at the head of the queue."), why=why
        )
    return _changed(request)


def _changed(request: Request) -> Response:
    """Tell the desk's regions to read themselves again; a browser without script gets the desk."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")
