"""Recording by hand, in the calls of practices that ask for it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from callcenter.core.audit import record_act
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.core.scope import Practices
from callcenter.desk.handling import handled_call
from callcenter.desk.supervising import is_in_emergency
from callcenter.directory.models import Practice
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.recording import start_recording, stop_recording
from callcenter.web.context import At, Operator, TheWorld
from callcenter.web.rendering import is_htmx, redirect

router = APIRouter()


@router.post("/calls/{call_id}/recording")
def start(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Announce it, then record."""
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        call = handled_call(session, call_id, staff_id=me.staff_id)
        practice = session.get_one(Practice, call.practice_id)
        if not practice.records_calls:
            raise Conflict(N_("This practice has no calls recorded."))
        talks = select(Agent.staff_id).where(
            Agent.staff_id == me.staff_id, Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL
        )
        if session.scalar(talks) is None:
            raise Conflict(N_("You are not on this call any more."))
        if is_in_emergency(session, call_id):
            raise Conflict(N_("No recording is begun in an emergency."))
        language = practice.language
        record_act(session, "recording.start", f"call {call_id}", staff_id=me.staff_id, practice_id=practice.id, at=at)
    start_recording(
        world.database,
        world.provider,
        call_id,
        world.clock,
        staff_id=me.staff_id,
        settings=world.settings,
        language=language,
    )
    return _changed(request)


@router.post("/calls/{call_id}/recording/end")
def stop(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """Record no more."""
    with world.database.reading(Practices(me.practice_ids)) as session:
        handled_call(session, call_id, staff_id=me.staff_id)
    stop_recording(world.database, world.provider, call_id, world.clock)
    return _changed(request)


def _changed(request: Request) -> Response:
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")
