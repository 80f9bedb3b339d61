"""The time under her cursor: held while she speaks, prolonged by her page while it is open, given back."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from callcenter.agenda.writing.holding import give_back_held, hold_time
from callcenter.core.errors import NotFound, Problem
from callcenter.core.i18n import N_
from callcenter.core.scope import Practices
from callcenter.web.context import FIRST_INSTANT, LARGEST_ID, LAST_INSTANT, At, Operator, TheWorld

router = APIRouter()

Id = Annotated[int, Form(ge=1, le=LARGEST_ID)]
MaybeId = Annotated[int | None, Form(ge=1, le=LARGEST_ID)]
Key = Annotated[str, Form(min_length=8, max_length=60)]


@router.post("/holds")
def hold(
    world: TheWorld,
    me: Operator,
    at: At,
    practice_id: Id,
    practitioner_id: Id,
    service_type_id: Id,
    start: Annotated[int, Form(ge=FIRST_INSTANT, le=LAST_INSTANT)],
    request_key: Key,
    call_id: MaybeId = None,
    patient_id: MaybeId = None,
) -> Response:
    """Hold the time, or hold it longer; when it cannot be held, the agenda beside it is read again and says why."""
    if practice_id not in me.practice_ids:
        raise NotFound(N_("There is no such practice."))
    try:
        with world.database.unit_of_work(Practices.of(practice_id)) as session:
            hold_time(
                session,
                practice_id=practice_id,
                practitioner_id=practitioner_id,
                service_type_id=service_type_id,
                start=start,
                staff_id=me.staff_id,
                request_key=request_key,
                at=at,
                call_id=call_id,
                patient_id=patient_id,
            )
    except Problem as refused:
        # No dialog: she has not asked for anything yet. Booking it all the same says who has it.
        return Response(status_code=refused.status, headers={"HX-Trigger": "hold-refused"})
    return Response(status_code=204)


@router.post("/holds/giving-back")
def give_back(world: TheWorld, me: Operator, at: At, practice_id: Id, request_key: Key) -> Response:
    """She looks at another time, or at none: what she held is free again. A repeat changes nothing."""
    with world.database.unit_of_work(Practices(me.practice_ids & {practice_id})) as session:
        give_back_held(session, practice_id, request_key, staff_id=me.staff_id, at=at)
    return Response(status_code=204)
