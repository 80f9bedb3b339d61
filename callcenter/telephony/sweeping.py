"""Finishing what a crash, a silent carrier or a lost report left half done; run by the jobs every second."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.company import OtherLeg, is_to_be_taken_back
from callcenter.telephony.dialling import EMERGENCY_RINGS_FOR, dial_again, dial_leg, hang_up_leg, order_for
from callcenter.telephony.holding import lift_hold
from callcenter.telephony.leaving import close_call
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import CarrierCall, Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.statuses import GOING_ON

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_FORGOTTEN_AFTER = timedelta(seconds=4)  # longer than the gesture's own 2 s: it may still be on its way
_DUE_AFTER = timedelta(seconds=1)  # nobody has told the carrier yet, so that nothing can be told twice
_WAITS_FOR = timedelta(seconds=0.8)  # at the pace of the calls we place, within one tick
_GIVE_UP_AFTER = timedelta(seconds=40)  # a telephone rings 30 s at most
_ANSWERS_WITHIN = timedelta(seconds=80)  # rung for 30 s, then asked twice for a key
_GIVE_UP_EMERGENCY_AFTER = timedelta(seconds=EMERGENCY_RINGS_FOR + 5)  # the next line is then dialled
_WANTED_AT_MOST = timedelta(minutes=3)  # a patient who waits that long for a telephone that never rang goes on
_AT_ONCE = 10


def close_ended_calls(database: Database, provider: Provider, clock: Clock) -> None:
    """Close the rooms of ended calls at the carrier; while it cannot be reached the rest is left to the next tick."""
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Call.id)
            .where(Call.status == CallStatus.ENDED, Call.closed_at.is_(None))
            .order_by(Call.id)
            .limit(_AT_ONCE)
        ).all()
    for call_id in ids:
        with guarded(f"call {call_id}, ended"):
            if not close_call(database, provider, call_id, clock):
                return


def dial_forgotten_legs(database: Database, provider: Provider, clock: Clock, *, settings: Settings) -> None:
    """Dial what the carrier was never, or perhaps never, told, and what waits for its turn at the carrier's pace.

    The emergency line first, then the oldest. Gives up on legs of which nothing more is heard, those last: the carrier
    is asked about each, for one that was picked up while nobody listened is a conversation.
    """
    at = clock.now()
    waiting = or_(Leg.status == LegStatus.WANTED, Leg.status == LegStatus.DIALLING, Leg.status == LegStatus.RINGING)
    since = func.coalesce(Leg.dialled_at, Leg.wanted_at)
    # One that still waits for its turn has not begun to ring: it is given up only when nobody can still want it.
    is_late = or_(
        Leg.dialled_at < at - _GIVE_UP_AFTER,
        and_(Leg.role == LegRole.EMERGENCY, Leg.dialled_at < at - _GIVE_UP_EMERGENCY_AFTER),
        and_(Leg.dialled_at.is_(None), Leg.wanted_at < at - _WANTED_AT_MOST),
    )
    with database.reading(_SCOPE) as session:
        rows = session.execute(
            select(Leg, Call)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.status.in_(GOING_ON),
                Leg.label != PATIENT_LABEL,  # that telephone rang us
                waiting,
                or_(
                    and_(Leg.status == LegStatus.WANTED, Leg.wanted_at <= at - _DUE_AFTER),
                    and_(Leg.status == LegStatus.DIALLING, Leg.sid.is_(None), since < at - _FORGOTTEN_AFTER),
                    is_late,
                ),
            )
            .order_by(
                case((is_late, 2), (Leg.role == LegRole.EMERGENCY, 0), else_=1),
                Leg.wanted_at,
                Leg.id,
            )
            .limit(_AT_ONCE)
        ).all()
        orders = [(leg, order_for(session, leg, call, settings=settings)) for leg, call in rows]
    until = at + _WAITS_FOR
    for leg, order in orders:
        with guarded(f"leg {leg.id}, forgotten"):
            if _is_late(leg, at=at):
                if not _give_up(database, provider, leg, clock):
                    return
            elif leg.status == LegStatus.WANTED:
                dial_leg(database, provider, leg.id, clock, settings=settings, patience=until - clock.now())
            else:
                dial_again(database, provider, leg, order, clock, settings=settings)


def _is_late(leg: Leg, *, at: datetime) -> bool:
    if leg.dialled_at is None:
        return leg.wanted_at < at - _WANTED_AT_MOST
    return leg.dialled_at < at - (_GIVE_UP_EMERGENCY_AFTER if leg.role == LegRole.EMERGENCY else _GIVE_UP_AFTER)


def lift_lonely_holds(database: Database, provider: Provider, clock: Clock) -> None:
    """Take back patients whom nobody keeps on hold any more (``telephony.company`` says when), or in an emergency."""
    with database.reading(_SCOPE) as session:
        found_held = session.execute(
            select(Leg, Call.in_emergency)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.status.in_(GOING_ON),
                Leg.role == LegRole.PATIENT,
                Leg.status == LegStatus.JOINED,
                Leg.on_hold,
            )
            .order_by(Leg.id)
        ).all()
        if not found_held:
            return
        held = [leg for leg, _ in found_held]
        must_hear = {leg.id for leg, in_emergency in found_held if in_emergency}
        others: dict[int, list[OtherLeg]] = {leg.call_id: [] for leg in held}
        found = select(Leg.call_id, Leg.role, Leg.status, Leg.left_at)
        for call_id, role, status, left_at in session.execute(
            found.where(Leg.call_id.in_(others), Leg.role != LegRole.PATIENT)
        ):
            others[call_id].append(OtherLeg(LegRole(role), LegStatus(status), left_at))
    due = [leg for leg in held if leg.id in must_hear or is_to_be_taken_back(leg.held_at, others[leg.call_id])]
    for leg in due[:_AT_ONCE]:
        with guarded(f"leg {leg.id}, on hold"):
            if not lift_hold(database, provider, leg.id, clock):
                return


def hang_up_legs(database: Database, provider: Provider, leg_ids: Sequence[int], clock: Clock) -> None:
    """End telephones that have no business in their calls any more; a refusal of one leaves it for the next time."""
    for leg_id in leg_ids:
        with database.reading(_SCOPE) as session:
            sid = session.scalars(select(Leg.sid).where(Leg.id == leg_id)).one()
        try:
            if sid is not None:
                provider.hang_up(sid)
        except ProviderError as error:
            log.warning("leg %s could not be hung up, trying again: %s", leg_id, error.code or error.reason)
            if error.permanent:
                continue
            return  # out of reach for all of them: each would wait its whole time
        with guarded(f"leg {leg_id}, hung up"), database.unit_of_work(_SCOPE) as session:
            leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            lock_call(session, leg.call_id)
            session.refresh(leg)
            record_leg_event(session, leg, LegNews.HUNG_UP, at=clock.now())


def _give_up(database: Database, provider: Provider, leg: Leg, clock: Clock) -> bool:
    """Give up on a leg unless the carrier says that it was picked up; False when the carrier cannot be asked."""
    found: CarrierCall | None = None
    try:
        found = provider.find_call(leg.sid) if leg.sid is not None else None
    except ProviderError as error:
        if not error.permanent:
            log.warning("leg %s is not given up yet: %s", leg.id, error.code or error.reason)
            return False
    picked_up = found is not None and found.status == "in-progress"
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, leg.call_id)
        now = session.scalars(select(Leg).where(Leg.id == leg.id)).one()
        if now.status not in {LegStatus.WANTED, LegStatus.DIALLING, LegStatus.RINGING}:
            return True  # heard of meanwhile
        if picked_up and now.asks_key and clock.now() < (now.dialled_at or now.wanted_at) + _ANSWERS_WITHIN:
            return True  # somebody, or a voicemail, is being asked for a key
        if picked_up and not now.asks_key:
            record_leg_event(session, now, LegNews.ANSWERED, at=clock.now())
            return True
        record_leg_event(session, now, LegNews.GIVEN_UP, at=clock.now(), failure=N_("no answer"))
    if leg.sid is not None:
        hang_up_leg(provider, leg.sid)  # a refusal must not keep the next one from being given up
    return True
