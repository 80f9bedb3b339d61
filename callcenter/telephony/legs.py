"""The telephones of a call: wanted here, then heard of from the carrier."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.telephony.alarms import clear_alarm, raise_alarm
from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.events import CallEnded, CallLost, LegChanged
from callcenter.telephony.models import AlarmKind, Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews, LegState, RoomFlags, advance, call_status, was_answered
from callcenter.telephony.statuses import CANCELED


def lock_call(session: Session, call_id: int) -> Call:
    """The call, locked until the end of the transaction: everything that moves a call takes this first.

    Raises ``NoResultFound`` for a call outside the session's scope.
    """
    # key_share: rows that only refer to the call (an offer, a text) are written meanwhile. A plain lock would make the
    # distributor, which locks a caller's place first, wait here in a circle.
    found = select(Call).where(Call.id == call_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def want_leg(
    session: Session,
    call: Call,
    *,
    role: LegRole,
    label: str,
    address: str,
    staff_id: int | None,
    at: datetime,
    name: str = "",
    asks_key: bool = False,
    digits: str = "",
    starts_muted: bool = False,
    coached_leg_id: int | None = None,
) -> Leg:
    """Note that a telephone is wanted in the call; the same label finds the same leg, so a repeat is harmless.

    ``address`` is E.164 or ``client:identity``; ``label`` is unique within the call, here and at the carrier; ``name``
    is whose it is, for the card. ``asks_key``: whoever answers presses 1 before coming in (never a softphone: no
    voicemail answers there). Once this is committed, ``dialling.dial_leg`` tells the carrier.
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
        name=name,
        asks_key=asks_key,
        digits=digits,
        starts_muted=starts_muted,
        coached_leg_id=coached_leg_id,
    )
    session.add(leg)
    session.flush()
    touch(session, f"call-{call.id}")
    return leg


def record_leg_event(
    session: Session,
    leg: Leg,
    news: LegNews,
    *,
    at: datetime,
    mark: int = 0,
    flags: RoomFlags | None = None,
    sid: str | None = None,
    failure: str = "",
) -> None:
    """Apply one piece of news about a leg: its facts, the call's derived state, and who must hear of it.

    Any order and any repetition of the same news gives the same rows. ``mark`` orders the carrier's reports and
    ``flags`` came with them (see ``telephony.state.advance``), ``sid`` is the carrier's call SID of the leg.
    """
    call = lock_call(session, leg.call_id)
    legs = _legs_of(session, call)
    before = {one.id: one.status for one in legs}
    heard = (leg.on_hold, leg.muted, leg.coaching)
    _keep_facts(leg, advance(_state(leg), news, at=at, mark=mark, flags=flags), at=at)
    leg.sid = leg.sid or sid
    leg.failure = leg.failure or failure[:200] or _why_not_taken(leg, news)
    if (leg.on_hold, leg.muted, leg.coaching) != heard:
        touch(session, *_topics(legs))  # whoever is in the call sees who hears whom
    _tell_changes(session, call, legs, before, at=at)


def _why_not_taken(leg: Leg, news: LegNews) -> str:
    """Why a telephone that asks for a key never came in: a voicemail, perhaps; or nobody wants it any more."""
    if not leg.asks_key or leg.status != LegStatus.FAILED:
        return ""
    return {LegNews.COMPLETED: N_("not taken"), LegNews.HUNG_UP: CANCELED}.get(news, "")


def end_legs(session: Session, call: Call, *, at: datetime) -> None:
    """Everybody is out because one of ours ends the call: all at once, so that nobody is rung back or queued again.

    ``closed_at`` is taken back: the carrier is still to be told.
    """
    lock_call(session, call.id)
    legs = _legs_of(session, call)
    before = {one.id: one.status for one in legs}
    for leg in legs:
        _keep_facts(leg, advance(_state(leg), LegNews.HUNG_UP, at=at), at=at)
        leg.failure = leg.failure or _why_not_taken(leg, LegNews.HUNG_UP)
    was_ended = call.status == CallStatus.ENDED
    _tell_changes(session, call, legs, before, at=at)
    if not was_ended:
        call.closed_at = None
        session.flush()


def mark_emergency(session: Session, call_id: int, *, is_open: bool, at: datetime) -> None:
    """The relay of this call is open, or no more: until then a patient whose line drops is waited for by her operator.

    Over, a patient who has left is waited for no longer. An ended call is in no emergency: those who still are on their
    way out of it must not bring it back.
    """
    call = lock_call(session, call_id)
    call.in_emergency = is_open and call.status != CallStatus.ENDED
    legs = _legs_of(session, call)
    _tell_changes(session, call, legs, {one.id: LegStatus(one.status) for one in legs}, at=at)


def _legs_of(session: Session, call: Call) -> Sequence[Leg]:
    found = select(Leg).where(Leg.call_id == call.id).order_by(Leg.id)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def _tell_changes(
    session: Session, call: Call, legs: Sequence[Leg], before: Mapping[int, LegStatus], *, at: datetime
) -> None:
    _derive_call(session, call, legs, at=at)
    changed = [leg for leg in legs if leg.status != before[leg.id]]
    if changed:
        _tell_screens(session, legs)
    for leg in changed:
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
    before, call.status = CallStatus(call.status), call_status(states, in_emergency=call.in_emergency)
    if call.answered_at is None and was_answered(states):
        call.answered_at = at
    if call.status == CallStatus.ENDED:
        call.ended_at = call.ended_at or at
        # Alone with her telephone, the carrier has closed her room itself. Otherwise we do: somebody may be in it, or
        # still come, whatever the order in which we hear of it.
        if before != CallStatus.ENDED:
            call.closed_at = at if len(legs) == 1 else None
        if any(state.is_open for state in states):
            call.closed_at = None
    else:
        call.ended_at = call.closed_at = None  # what ended it was heard before what keeps it open
    session.flush()
    if call.status == before:
        return
    if call.status == CallStatus.LOST:
        raise_alarm(session, call, AlarmKind.PATIENT_LOST, at=at)
        publish(session, CallLost(call_id=call.id, practice_id=call.practice_id, at=at))
    elif before is CallStatus.LOST:
        clear_alarm(session, call, AlarmKind.PATIENT_LOST, at=at)
    if call.status == CallStatus.ENDED:
        _tell_screens(session, legs)
        publish(session, CallEnded(call_id=call.id, practice_id=call.practice_id, at=at))


_FACTS = [field.name for field in fields(LegState) if field.name not in {"role", "rang_us", "asks_key"}]


def _state(leg: Leg) -> LegState:
    rang_us = leg.label == PATIENT_LABEL
    facts = {fact: getattr(leg, fact) for fact in _FACTS}
    return LegState(role=LegRole(leg.role), rang_us=rang_us, asks_key=leg.asks_key, **facts)


def _keep_facts(leg: Leg, state: LegState, *, at: datetime) -> None:
    for fact in _FACTS:
        setattr(leg, fact, getattr(state, fact))
    leg.status = state.status
    leg.held_at = (leg.held_at or at) if state.on_hold else None


def _tell_screens(session: Session, legs: Sequence[Leg]) -> None:
    touch(session, "queue", *_topics(legs))


def _topics(legs: Sequence[Leg]) -> list[str]:
    return [f"call-{legs[0].call_id}", *(f"desk-{leg.staff_id}" for leg in legs if leg.staff_id is not None)]
