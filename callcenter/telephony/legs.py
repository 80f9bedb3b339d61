"""The telephones of a call: wanted here, then heard of from the carrier."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews, LegState, advance, call_status, was_answered


def lock_call(session: Session, call_id: int) -> Call:
    """The call, locked until the end of the transaction: everything that moves a call takes this first.

    Raises ``NoResultFound`` for a call outside the session's scope.
    """
    # key_share: rows that only refer to the call (an offer, a text) are written meanwhile. A plain lock would make the
    # distributor, which locks a caller's place first, wait here in a circle.
    found = select(Call).where(Call.id == call_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def want_leg(
    session: Session, call: Call, *, role: LegRole, label: str, address: str, staff_id: int | None, at: datetime
) -> Leg:
    """Note that a telephone is wanted in the call; the same label finds the same leg, so a repeat is harmless.

    ``address`` is E.164 or ``client:identity``; ``label`` is unique within the call, here and at the carrier. Once
    this is committed, ``gestures.dial_leg`` tells the carrier.
    """
    lock_call(session, call.id)
    found = session.scalar(select(Leg).where(Leg.call_id == call.id, Leg.label == label))
    if found is not None:
        return found
    leg = Leg(
        call_id=call.id,
        practice_id=call.practice_id,
        role=role,
        label=label,
        address=address,
        staff_id=staff_id,
        status=LegStatus.WANTED,
        wanted_at=at,
    )
    session.add(leg)
    session.flush()
    touch(session, f"call-{call.id}")
    return leg


def record_leg_event(
    session: Session, leg: Leg, news: LegNews, *, at: datetime, mark: int = 0, sid: str | None = None, failure: str = ""
) -> None:
    """Apply one piece of news about a leg: its facts, the call's derived state, and who must hear of it.

    Any order and any repetition of the same news gives the same rows. ``mark`` orders the carrier's reports (see
    ``telephony.state.advance``), ``sid`` is the carrier's call SID of the leg.
    """
    call = lock_call(session, leg.call_id)
    legs = session.scalars(
        select(Leg).where(Leg.call_id == call.id).order_by(Leg.id).execution_options(populate_existing=True)
    ).all()
    before = leg.status
    _keep_facts(leg, advance(_state(leg), news, at=at, mark=mark), at=at)
    leg.sid = leg.sid or sid
    leg.failure = leg.failure or failure[:200]
    _derive_call(session, call, legs, at=at)
    if leg.status != before:
        _tell_screens(session, legs)
        publish(
            session,
            LegChanged(
                call_id=call.id,
                practice_id=call.practice_id,
                leg_id=leg.id,
                role=LegRole(leg.role),
                status=LegStatus(leg.status),
                staff_id=leg.staff_id,
                at=at,
            ),
        )


def _derive_call(session: Session, call: Call, legs: Sequence[Leg], *, at: datetime) -> None:
    states = [_state(leg) for leg in legs]
    if call.answered_at is None and was_answered(states):
        call.answered_at = at
    others_are_in = any(state.is_open for state in states if state.role is not LegRole.PATIENT)
    status = call_status(states)
    if status is CallStatus.ENDED and call.status != CallStatus.ENDED:
        call.status, call.ended_at = status, at
        # The patient left by herself and nobody else is there: the carrier has closed the room already.
        call.closed_at = None if others_are_in else at
        session.flush()
        _tell_screens(session, legs)
        publish(session, CallEnded(call_id=call.id, practice_id=call.practice_id, at=at))
    elif status != call.status:
        if call.status == CallStatus.ENDED:
            call.ended_at = call.closed_at = None  # what ended it was heard before what keeps it open
        call.status = status
    if status is CallStatus.ENDED and others_are_in:
        call.closed_at = None  # somebody came in, or rings still, after the end
    session.flush()


_FACTS = [field.name for field in fields(LegState) if field.name != "role"]


def _state(leg: Leg) -> LegState:
    return LegState(role=LegRole(leg.role), **{fact: getattr(leg, fact) for fact in _FACTS})


def _keep_facts(leg: Leg, state: LegState, *, at: datetime) -> None:
    for fact in _FACTS:
        setattr(leg, fact, getattr(state, fact))
    leg.status = state.status
    leg.held_at = (leg.held_at or at) if state.on_hold else None


def _tell_screens(session: Session, legs: Sequence[Leg]) -> None:
    topics = [f"desk-{leg.staff_id}" for leg in legs if leg.staff_id is not None]
    touch(session, f"call-{legs[0].call_id}", "queue", *topics)
