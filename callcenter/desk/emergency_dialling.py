"""Dialling the emergency lines of a call: one at a time, in order, by her Enter or by themselves when one is silent."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from callcenter.core.audit import record_act
from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import Conflict
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.relay_rows import emergency_legs, facts_of, her_relay, lines_to_try, relay_of, signal_relay
from callcenter.desk.relay_rules import (
    ACTIVE,
    line_dialled_by_itself,
    line_to_dial,
    may_be_dialled,
    own_telephone_number,
    refusal_to_relay,
)
from callcenter.directory.emergency_order import LineToTry
from callcenter.directory.models import Practice
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


def dial_emergency(session: Session, call_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Want the next emergency line as the call's next leg; the carrier is told after the commit.

    While a leg is on its way or on the line, asking again gives that leg: two Enters, one call. Raises ``Forbidden``
    when only real numbers stand there in training; ``Conflict`` without a number, once taken over, or when the patient
    has left.
    """
    relay = her_relay(session, call_id, staff_id=staff_id, lock=True)
    call = session.get_one(Call, call_id)
    legs = emergency_legs(session, call_id, afresh=True)
    under_way = next((leg for leg in legs if leg.status in ACTIVE), None)
    if under_way is not None:
        return under_way
    if relay.taken_over_at is not None:
        raise Conflict(N_("This emergency was already taken over."))
    practice = session.get_one(Practice, call.practice_id)
    if call.status == CallStatus.ENDED:
        number = own_telephone_number(practice.country)
        raise Conflict(N_("The patient's line is cut. Dial %(number)s on your own telephone."), number=number)
    lines = lines_to_try(session, practice, at=at)
    refusal = refusal_to_relay(lines, mode=practice.mode, country=practice.country)
    if refusal is not None:
        raise refusal
    line = line_to_dial(may_be_dialled(lines, mode=practice.mode), facts_of(legs))
    if line is None:
        raise RuntimeError("a line may be dialled, and none was chosen")
    return _want(session, call, relay, legs, line, staff_id=staff_id, at=at)


def dial_next_line(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, settings: Settings
) -> int | None:
    """Dial the next line when nobody answered the last; the id of its leg, None when it is not time for that.

    Decided under the lock of the call: the handler of a report and the sweep never dial two lines at once.
    """
    with database.unit_of_work(_SCOPE) as session:
        leg = _want_next_line(session, call_id, at=clock.now())
        leg_id = None if leg is None else leg.id
    if leg_id is not None:
        dial_leg(database, provider, leg_id, clock, settings=settings)
    return leg_id


def dial_next_lines(database: Database, provider: Provider, clock: Clock, *, settings: Settings) -> None:
    """Dial the next line of every relay whose last one was in vain: the net under the handler of the report."""
    other = aliased(Leg)
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(EmergencyRelay.call_id)
            .distinct()
            .join(Call, Call.id == EmergencyRelay.call_id)
            .join(Leg, Leg.call_id == Call.id)
            .where(
                Call.status.in_(GOING_ON),
                EmergencyRelay.taken_over_at.is_(None),
                Leg.role == LegRole.EMERGENCY,
                Leg.status.in_(_OVER),
                Leg.joined_at.is_(None),
                ~exists().where(
                    other.call_id == Leg.call_id, other.role == LegRole.EMERGENCY, other.status.not_in(_OVER)
                ),
            )
            .order_by(EmergencyRelay.call_id)
        ).all()
    for call_id in ids:
        with guarded(f"call {call_id}, next emergency line"):
            dial_next_line(database, provider, call_id, clock, settings=settings)


def _want_next_line(session: Session, call_id: int, *, at: datetime) -> Leg | None:
    call = lock_call(session, call_id)
    relay = relay_of(session, call_id, afresh=True)
    legs = emergency_legs(session, call_id, afresh=True)
    if relay is None or relay.taken_over_at is not None or call.status == CallStatus.ENDED:
        return None
    if any(leg.status in ACTIVE for leg in legs):
        return None
    practice = session.get_one(Practice, call.practice_id)
    lines = may_be_dialled(lines_to_try(session, practice, at=at), mode=practice.mode)
    line = line_dialled_by_itself(lines, facts_of(legs))
    if line is None:
        return None
    log.warning("call %s: nobody answered emergency line %s, the next is dialled", call_id, len(legs))
    return _want(session, call, relay, legs, line, staff_id=relay.staff_id, at=at)


def _want(
    session: Session,
    call: Call,
    relay: EmergencyRelay,
    legs: Sequence[Leg],
    line: LineToTry,
    *,
    staff_id: int,
    at: datetime,
) -> Leg:
    leg = want_leg(
        session,
        call,
        role=LegRole.EMERGENCY,
        label=f"emergency-{len(legs) + 1}",
        address=line.number,
        staff_id=staff_id,
        name=line.label,
        at=at,
    )
    relay.number, relay.label = line.number, line.label
    relay.leg_id = leg.id
    relay.dialled_at = relay.dialled_at or at
    record_act(session, "emergency_dialled", f"leg {leg.id}", at=at, staff_id=staff_id, practice_id=call.practice_id)
    signal_relay(session, relay)
    return leg
