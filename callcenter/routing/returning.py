"""A conversation that is cut: the operator has half a minute to come back, then the patient is the next to be answered.

Her telephone has left and she did not hang up by her key. The patient, alone in her room, hears music. Nothing but rows
is waited for (``QueueEntry.requeue_at``): a process that dies in between takes nobody's turn away. In an emergency
nobody waits: the patient is offered to others at once, also with the regulator there, and whoever comes first has her,
the operator who was cut off or a colleague.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.routing.agents import take_off, was_changed, whole_floor
from callcenter.routing.company import has_company, is_cut_off
from callcenter.routing.cut_in_emergency import look_after_emergency, take_out_of_queue
from callcenter.routing.ears import telephone_of
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, QueueEntryStatus
from callcenter.routing.places import give_answered_place, return_to_queue
from callcenter.routing.telephones import on_call_in, own_legs, telephones_of
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.statuses import GOING_ON

COMES_BACK_WITHIN = timedelta(seconds=30)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_WITH_PATIENT = (CallStatus.WAITING, CallStatus.TALKING)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def look_after(session: Session, call: Call, *, at: datetime) -> bool:
    """Give an operator whose telephone has left time to come back, or take it back when she, or somebody, is there.

    Whether somebody is, or is waited for; otherwise nobody is with the patient. Needs the whole floor, and the call
    locked. Who is in the call decides, not what was heard last: told twice, or in another order, it ends alike.
    """
    telephones = telephones_of(session, call.id)
    if call.in_emergency and call.status in _WITH_PATIENT:
        return look_after_emergency(session, call, telephones, at=at)
    if has_company(telephones):
        _stop_waiting(session, call)
        take_out_of_queue(session, call, telephones, at=at)  # the emergency in which she was cut off is taken over
        return True
    cut = [staff_id for staff_id in on_call_in(session, call.id) if is_cut_off(telephones, staff_id)]
    if cut and call.status in _WITH_PATIENT:
        return _wait(session, call, cut, at=at)
    return False


def rejoin_call(session: Session, call_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Want her telephone in her conversation again; the leg to dial once this is committed. Asked twice, it is one leg.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` when it is over or she never was in it, ``Invalid``
    when she has no telephone.
    """
    with whole_floor(session):
        call = lock_call(session, call_id)
        if staff_id not in on_call_in(session, call_id):
            raise NotFound(N_("This call is not one of yours."))
        own = own_legs(session, call_id, staff_id)
        for leg in own:
            if leg.status not in _OVER:
                return leg
        if call.status not in GOING_ON:
            raise Conflict(N_("The patient has hung up."))
        telephone = telephone_of(session, staff_id)
        return want_leg(
            session,
            call,
            role=LegRole.OPERATOR,
            label=f"operator-{staff_id}-again-{len(own)}",
            address=telephone.address,
            asks_key=telephone.asks_key,
            staff_id=staff_id,
            at=at,
        )


def give_back(session: Session, call_id: int, *, staff_id: int, at: datetime) -> bool:
    """She does not come back: the patient is the next to be answered, at once. Whether her conversation was cut.

    With somebody else in the conversation she alone is out of it, and wraps up.
    """
    with whole_floor(session):
        call = lock_call(session, call_id)
        is_cut = staff_id in on_call_in(session, call_id) and is_cut_off(telephones_of(session, call_id), staff_id)
        if not is_cut or call.status not in GOING_ON:
            return False
        take_off(session, call.id, staff_id, at=at)
        if not look_after(session, call, at=at) and call.status in _WITH_PATIENT:
            return_to_queue(session, call, at=at)
    return True


def return_cut_off(database: Database, clock: Clock) -> None:
    """Return the patients whose operators did not come back in time; run every second.

    Also looks after operators of whom nothing more was heard: a supervisor who falls silent is told to nobody.
    """
    at = clock.now()
    with database.reading(_SCOPE) as session:
        held = exists().where(Agent.call_id == QueueEntry.call_id, Agent.status == AgentStatus.ON_CALL)
        due = select(QueueEntry.call_id).where(
            QueueEntry.requeue_at.is_not(None), or_(QueueEntry.requeue_at <= at, ~held)
        )
        in_it = exists().where(
            Leg.call_id == Agent.call_id,
            Leg.staff_id == Agent.staff_id,
            Leg.role == LegRole.OPERATOR,
            Leg.status.not_in(_OVER),
        )
        alone = select(Agent.call_id).where(Agent.status == AgentStatus.ON_CALL, Agent.call_id.is_not(None), ~in_it)
        call_ids = sorted({*session.scalars(due), *session.scalars(alone)} - {None})
    for call_id in call_ids:
        with guarded(f"call {call_id}, cut off"), database.unit_of_work(_SCOPE) as session:
            _return_if_due(session, call_id, at=at)


def _return_if_due(session: Session, call_id: int, *, at: datetime) -> None:
    call = lock_call(session, call_id)
    if call.status not in GOING_ON:
        return
    look_after(session, call, at=at)
    on_it = on_call_in(session, call_id)
    due = QueueEntry.requeue_at <= at if on_it else QueueEntry.requeue_at.is_not(None)
    claim = update(QueueEntry).where(QueueEntry.call_id == call_id, QueueEntry.status == QueueEntryStatus.ANSWERED, due)
    if not was_changed(session, claim.values(requeue_at=None)):
        return
    for staff_id in on_it:
        take_off(session, call.id, staff_id, at=at)
    return_to_queue(session, call, at=at)


def _wait(session: Session, call: Call, cut: Sequence[int], *, at: datetime) -> bool:
    """Whether anybody is waited for now; once another operator has the patient, nobody is."""
    give_answered_place(session, call, at=at)
    mine = (QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.ANSWERED)
    begun = update(QueueEntry).where(*mine, QueueEntry.requeue_at.is_(None))
    if was_changed(session, begun.values(requeue_at=at + COMES_BACK_WITHIN)):
        touch(session, "queue", f"call-{call.id}", *(f"desk-{staff_id}" for staff_id in cut))
    if session.scalar(select(QueueEntry.id).where(*mine)) is not None:
        return True
    for staff_id in cut:
        take_off(session, call.id, staff_id, at=at)
    return False


def _stop_waiting(session: Session, call: Call) -> None:
    waiting = update(QueueEntry).where(QueueEntry.call_id == call.id, QueueEntry.requeue_at.is_not(None))
    if was_changed(session, waiting.values(requeue_at=None)):
        touch(session, "queue", f"call-{call.id}")
