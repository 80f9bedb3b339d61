"""Ringing back a patient whose telephone dropped in an emergency, or while a doctor is in her call or rung into it.

Nothing is kept of the tries but their legs, ``patient-2`` and on: a process that dies in between goes on counting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.adopting import rung_back_label
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider

MOST_TRIES = 3
BETWEEN_TRIES = timedelta(seconds=10)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


@dataclass(frozen=True, slots=True)
class RingingBack:
    """How the ringing back of a patient stands. ``number`` is E.164, None when there is none to ring."""

    number: str | None
    tries: int  # begun since her line dropped
    is_given_up: bool  # nothing more is tried: no number, or every try failed
    is_back: bool  # on the line again
    failure: str = ""  # why the last try came to nothing; a message to be translated


def ringing_back(call: Call, legs: Sequence[Leg]) -> RingingBack | None:
    """How it stands, from the call and all its legs in their order; None when she was not lost, or all is over."""
    patients = [leg for leg in legs if leg.role == LegRole.PATIENT]
    is_back = len(patients) > 1 and patients[-1].status == LegStatus.JOINED
    if call.status != CallStatus.LOST and not is_back:
        return None
    tries = _since_she_dropped(legs)
    number = call.callback_number or call.from_number
    is_under_way = any(leg.status not in _OVER for leg in tries)
    is_given_up = not is_back and (number is None or (len(tries) >= MOST_TRIES and not is_under_way))
    failure = tries[-1].failure if tries and not is_under_way else ""
    return RingingBack(number=number, tries=len(tries), is_given_up=is_given_up, is_back=is_back, failure=failure)


def is_given_up(session: Session, call_id: int) -> bool:
    """Whether the patient of this call is lost, and nothing more is tried."""
    call = session.scalars(select(Call).where(Call.id == call_id)).one()
    legs = session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all()
    standing = ringing_back(call, legs)
    return standing is not None and standing.is_given_up


def ring_back_lost_patients(database: Database, provider: Provider, clock: Clock, *, settings: Settings) -> None:
    """Ring back every patient who is lost and whose next try is due: the net under ``ring_back_patient``."""
    with database.reading(_SCOPE) as session:
        ids = session.scalars(select(Call.id).where(Call.status == CallStatus.LOST).order_by(Call.id)).all()
    for call_id in ids:
        with guarded(f"call {call_id}, lost"):
            ring_back_patient(database, provider, call_id, clock, settings=settings)


def ring_back_patient(
    database: Database, provider: Provider, call_id: int, clock: Clock, *, settings: Settings
) -> None:
    """Ring back the patient of this call if she is lost and a try is due.

    Decided under the lock of the call: who hears that she dropped and the sweep never ring her twice at once.
    """
    with database.unit_of_work(_SCOPE) as session:
        leg_id = _want_try(session, call_id, at=clock.now())
    if leg_id is not None:
        dial_leg(database, provider, leg_id, clock, settings=settings, patience=timedelta(0))


def _want_try(session: Session, call_id: int, *, at: datetime) -> int | None:
    call = lock_call(session, call_id)
    legs = session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all()
    tries = _since_she_dropped(legs)
    number = call.callback_number or call.from_number
    if call.status != CallStatus.LOST or number is None or len(tries) >= MOST_TRIES:
        return None
    if tries and (tries[-1].status not in _OVER or at < (tries[-1].left_at or at) + BETWEEN_TRIES):
        return None
    label = rung_back_label(1 + sum(leg.role == LegRole.PATIENT for leg in legs))
    return want_leg(session, call, role=LegRole.PATIENT, label=label, address=number, staff_id=None, at=at).id


def _since_she_dropped(legs: Sequence[Leg]) -> list[Leg]:
    """The tries begun since she was last there."""
    patients = [leg for leg in legs if leg.role == LegRole.PATIENT]
    there = [place for place, leg in enumerate(patients) if place == 0 or leg.joined_at is not None]
    return patients[there[-1] + 1 :] if there else []
