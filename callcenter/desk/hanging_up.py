"""F8 in a call: it ends, or she alone is out of it; whoever is with the patient, or on the way, goes on.

A key whose meaning has just changed under her finger does nothing: she meant somebody else, not the patient.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.scope import Practices
from callcenter.desk.emergency import refuse_leaving
from callcenter.desk.handling import handled_call, is_on
from callcenter.desk.transfers import Transfers
from callcenter.routing import presence
from callcenter.routing.models import Reservation, ReservationRule, ReservationStatus
from callcenter.routing.returning import give_back
from callcenter.telephony.leaving import WHO_STAY, hang_up_call, leave_call, take_out
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider

SETTLES_WITHIN = timedelta(seconds=1)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def hang_up(
    database: Database,
    provider: Provider,
    call_id: int,
    clock: Clock,
    *,
    settings: Settings,
    scope: Practices,
    staff_id: int,
) -> bool:
    """End her call for everybody, ended twice it stays ended; a patient with the regulator she leaves there.

    False, and nothing is done, within a second of somebody else's leaving: the key was pressed for them. Raises
    ``NotFound`` for a call that is not hers and ``Conflict`` when she may not leave it, or the carrier did not do it.
    """
    if give_to_colleague(database, provider, call_id, clock, scope=scope, staff_id=staff_id):
        return True
    with database.reading(scope) as session:
        handled_call(session, call_id, staff_id=staff_id)
        refuse_leaving(session, call_id)
        if not is_on(session, call_id, staff_id=staff_id):
            return True
        if _somebody_has_just_left(session, call_id, staff_id=staff_id, at=clock.now()):
            return False
    # After "taken over" patient and regulator speak on: ending the call would cut them off from each other.
    if leave_call(database, provider, call_id, clock, staff_id=staff_id):
        with database.unit_of_work(scope) as session:
            presence.enter_wrap_up(session, staff_id, at=clock.now())
        return True
    beside = Transfers(database, provider, clock, settings=settings, scope=scope, call_id=call_id, staff_id=staff_id)
    if not beside.leave_as_guest():
        hang_up_call(database, provider, call_id, clock, staff_id=staff_id)
    return True


def give_to_colleague(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, scope: Practices, staff_id: int
) -> bool:
    """Leave her call to others because she is not in the conversation: not yet, or not any more. Whether it was so.

    The patient, unless somebody is with her, is the next to be answered, and not by her. False, and nothing is done,
    when she is in it, and when nobody would be left in a call of ours. Raises as ``hang_up``, so also in an emergency.
    """
    with database.reading(scope) as session:
        handled_call(session, call_id, staff_id=staff_id)
        if not is_on(session, call_id, staff_id=staff_id):
            return False
        legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status.not_in(_OVER))).all()
        own = [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]
        if any(leg.status == LegStatus.JOINED for leg in own) or len(own) == len(legs):
            return False
        # Not in it, she is still the one who stays with patient and regulator: her telephone rings, or F2 rings it.
        refuse_leaving(session, call_id)
    with database.unit_of_work(scope) as session:
        if give_back(session, call_id, staff_id=staff_id, at=clock.now()):
            return True

    def if_she_came_in_meanwhile(session: Session) -> None:
        give_back(session, call_id, staff_id=staff_id, at=clock.now())

    take_out(database, provider, call_id, own, clock, then=if_she_came_in_meanwhile)
    return True


def _somebody_has_just_left(session: Session, call_id: int, *, staff_id: int, at: datetime) -> bool:
    """Whether somebody besides patient and operator left, or rings no more, so lately that she cannot have seen it."""
    lately = at - SETTLES_WITHIN
    gone = select(Leg.id).where(
        Leg.call_id == call_id,
        Leg.role.in_(WHO_STAY),
        or_(Leg.role != LegRole.OPERATOR, Leg.staff_id != staff_id),
        Leg.left_at > lately,
    )
    did_not_come = select(Reservation.id).where(
        Reservation.call_id == call_id,
        Reservation.rule == ReservationRule.TRANSFER,
        Reservation.from_staff_id == staff_id,
        Reservation.status != ReservationStatus.ACCEPTED,
        Reservation.settled_at > lately,
    )
    return session.scalar(gone.limit(1)) is not None or session.scalar(did_not_come.limit(1)) is not None
