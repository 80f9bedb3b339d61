"""Leaving a call, alone or with everybody, each in three steps: commit, tell the carrier, record what it answered.

The carrier is always told outside any transaction: a slow answer must hold neither a lock nor a connection. A process
that dies in between leaves rows that ``telephony.sweeping`` finishes.
"""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.legs import end_legs, lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.outbound import note_never_rung
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.statuses import CANCELED

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)
Then = Callable[[Session], object]
WHO_STAY = (LegRole.PRACTITIONER, LegRole.CONTACT, LegRole.OPERATOR, LegRole.EMERGENCY)
"""Whoever may go on speaking with the patient once an operator has left."""


def hang_up_call(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int | None = None
) -> None:
    """End a call for everybody. Whether it may be ended is the caller's to decide. Ended twice, it stays ended.

    Raises ``Conflict`` when ``staff_id`` would leave the patient on hold with nobody else.
    """
    with database.unit_of_work(_SCOPE) as session:
        call = lock_call(session, call_id)
        if call.status != CallStatus.ENDED:
            _refuse_leaving_on_hold(session, call_id, staff_id)
            note_never_rung(session, call, at=clock.now())
            end_legs(session, call, at=clock.now())
    close_call(database, provider, call_id, clock)


def leave_call(database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int) -> bool:
    """Take the operator alone out of a call in which the patient speaks with the emergency line; whether it was so.

    Raises ``Conflict`` when the patient is on hold with nobody else, and when the carrier did not do it: she is shown
    out of the call only once she is.
    """
    with database.reading(_SCOPE) as session:
        _refuse_leaving_on_hold(session, call_id, staff_id)
        legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
    if not {LegRole.PATIENT, LegRole.EMERGENCY} <= {LegRole(leg.role) for leg in legs}:
        return False
    take_out(database, provider, call_id, _own(legs, staff_id), clock)
    return True


def leave_together(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int, then: Then
) -> None:
    """Take the operator out of a conversation of three, so that the two others speak on. Left twice, she has left.

    ``then`` is done with the record that she left. Raises ``Conflict`` when the patient is on hold or nobody else is
    with her, and when the carrier did not do it.
    """
    with database.reading(_SCOPE) as session:
        legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
        own = _own(legs, staff_id)
        if not own:
            return
        others = {LegRole(leg.role) for leg in legs if leg not in own and leg.role in WHO_STAY}
        patient = next((leg for leg in legs if leg.role == LegRole.PATIENT), None)
        if patient is None or not others:
            raise Conflict(N_("Nobody else is on the line: the patient would be alone."))
        if patient.on_hold:
            raise Conflict(N_("The patient is on hold: take her back first."))
    take_out(database, provider, call_id, own, clock, then=then)


def leave_at_once(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, staff_id: int, then: Then
) -> None:
    """Take the operator out, whoever is still rung; the patient hears music meanwhile. Left twice, she has left.

    ``then`` is done with the record that she left. Raises ``Conflict`` when the carrier did not do it.
    """
    with database.reading(_SCOPE) as session:
        legs = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
    take_out(database, provider, call_id, _own(legs, staff_id), clock, then=then)


def take_out(
    database: Database,
    provider: Provider,
    call_id: int,
    legs: Sequence[Leg],
    clock: Clock,
    *,
    then: Then | None = None,
) -> None:
    """End telephones of a call that goes on; one that was never answered was taken back by us.

    Raises ``Conflict`` when the carrier did not do it: whoever is in is shown out only once it is so.
    """
    told = [leg.id for leg in legs if leg.sid is not None]
    # The carrier does not know it yet, or is being told: whoever tells it finds it over, and hangs up.
    _record_out(database, call_id, [leg.id for leg in legs if leg.sid is None], clock)
    try:
        for leg in legs:
            if leg.sid is not None:
                provider.hang_up(leg.sid)
    except ProviderError as error:
        log.warning("call %s: a telephone could not be taken out: %s", call_id, error.code or error.reason)
        raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from None
    _record_out(database, call_id, told, clock, then=then)


def _record_out(
    database: Database, call_id: int, leg_ids: Sequence[int], clock: Clock, *, then: Then | None = None
) -> None:
    if not leg_ids:
        return
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        for leg in session.scalars(select(Leg).where(Leg.id.in_(leg_ids)).order_by(Leg.id)).all():
            failure = CANCELED if leg.joined_at is None else ""
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now(), failure=failure)
        if then is not None:
            then(session)


def close_call(database: Database, provider: Provider, call_id: int, clock: Clock) -> bool:
    """Have the carrier send everybody out of an ended call's room; not repeated once it has.

    False when the carrier cannot be reached; what it refuses for good concerns this call alone.
    """
    with database.reading(_SCOPE) as session:
        call = session.scalar(select(Call).where(Call.id == call_id))
        if call is None or call.status != CallStatus.ENDED or call.closed_at is not None:
            return True
        room = conference_name(call.sid)
        # A telephone that never came in is not in the room: it rings on unless it is told, also where it is over here.
        never_in = and_(Leg.joined_at.is_(None), Leg.failed_at.is_(None), Leg.label != PATIENT_LABEL)
        open_legs = session.scalars(
            select(Leg).where(Leg.call_id == call_id, or_(Leg.status.not_in(_OVER), never_in))
        ).all()
    try:
        provider.end_conference(room)
        for leg in open_legs:
            if leg.sid is not None:
                provider.hang_up(leg.sid)
    except ProviderError as error:
        log.warning("call %s could not be closed at the carrier, trying again: %s", call_id, error.code or error.reason)
        return error.permanent
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call_id)
        for leg in session.scalars(select(Leg).where(Leg.id.in_([leg.id for leg in open_legs]))).all():
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now())
        # Unless something was heard meanwhile that keeps it open.
        ended = update(Call).where(Call.id == call_id, Call.status == CallStatus.ENDED)
        session.execute(ended.values(closed_at=clock.now()))
    return True


def _own(legs: Sequence[Leg], staff_id: int | None) -> list[Leg]:
    return [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]


def _refuse_leaving_on_hold(session: Session, call_id: int, staff_id: int | None) -> None:
    joined = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.status == LegStatus.JOINED)).all()
    is_held = any(leg.role == LegRole.PATIENT and leg.on_hold for leg in joined)
    others = [leg for leg in joined if leg.role != LegRole.PATIENT]
    own = _own(others, staff_id)
    if is_held and own and len(own) == len(others):
        raise Conflict(N_("The patient is on hold: take her back first."))
