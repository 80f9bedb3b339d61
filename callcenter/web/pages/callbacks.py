"""Ringing back whoever is owed a call."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.core.scope import Practices
from callcenter.routing.calling_back import take_callback
from callcenter.routing.taking import CallTaken
from callcenter.web.context import At, Operator, TheWorld
from callcenter.web.desk_notices import call_taken
from callcenter.web.pages.agent import ring_her

router = APIRouter()


@router.post("/callbacks/{callback_id}/acceptance")
def ring_back(request: Request, callback_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Her own telephone rings; the patient's follows as soon as she is on the line."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            leg_id = take_callback(session, callback_id, staff_id=me.staff_id, at=at).id
    except CallTaken as taken:
        return call_taken(request, taken)
    return ring_her(request, world, leg_id)
