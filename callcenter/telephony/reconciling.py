"""Comparing the legs of our calls with the carrier's: callbacks are hints, and some never come.

A look is not atomic, and callbacks go on meanwhile. So a leg is only corrected when nothing was heard of it since
before the look, and what the carrier says of a single call that is over is believed before what its lists leave out.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.adopting import adopt_leg, is_adopted_label
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.discrepancies import Believed, Seen, news_of, words_of
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus, Repair
from callcenter.telephony.provider import CarrierCall, CarrierParticipant, CarrierRoom, Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.statuses import GOING_ON

log = logging.getLogger(__name__)
SCOPE = Centre(CentreReason.DISTRIBUTION)
_OPEN = (LegStatus.DIALLING, LegStatus.RINGING, LegStatus.JOINED)
_CLOSED_FOR = timedelta(seconds=5)  # a look is not atomic: the room may have closed while it was listed


@dataclass(frozen=True, slots=True)
class Look:
    """What the carrier has at one moment."""

    calls: dict[str, CarrierCall]  # that are not over, by SID
    rooms: dict[str, CarrierRoom]  # that are open, by name
    participants: dict[str, CarrierParticipant] = field(default_factory=dict)  # by call SID
    room_of: dict[str, str] = field(default_factory=dict)  # the room's name by call SID


@dataclass(frozen=True, slots=True)
class _Ours:
    """One open leg of ours, as it stood before the look."""

    leg_id: int
    call_id: int
    call_sid: str
    label: str
    sid: str | None
    was_given_up: bool
    believed: Believed
    marks: tuple[object, ...]


def look_at_carrier(provider: Provider) -> Look:
    """The carrier's lists: three requests, and one more for each open room. Raises ``ProviderError``."""
    look = Look(
        calls={call.sid: call for call in provider.live_calls()},
        rooms={room.name: room for room in provider.open_rooms()},
    )
    for room in look.rooms.values():
        for participant in provider.participants(room):
            look.participants[participant.call_sid] = participant
            look.room_of[participant.call_sid] = room.name
    return look


def open_legs(database: Database) -> Sequence[_Ours]:
    """Our legs that are not over; read before the look, so that what is heard during it is newer.

    With those that we gave up on in calls that go on: one may have been picked up all the same.
    """
    given_up = and_(
        Leg.given_up_at.is_not(None), Leg.status == LegStatus.FAILED, Leg.failed_at.is_(None), Leg.over_at.is_(None)
    )
    with database.reading(SCOPE) as session:
        rows = session.execute(
            select(Leg, Call.sid)
            .join(Call, Call.id == Leg.call_id)
            .where(
                # A call that goes on is not closed either: each status is named so that the index of those serves.
                Call.status.in_(CallStatus),
                Call.closed_at.is_(None),
                or_(Leg.status.in_(_OPEN), and_(given_up, Call.status.in_(GOING_ON))),
            )
            .order_by(Leg.id)
        ).all()
        return [
            _Ours(
                leg_id=leg.id,
                call_id=leg.call_id,
                call_sid=call_sid,
                label=leg.label,
                sid=leg.sid,
                was_given_up=leg.status == LegStatus.FAILED,
                believed=_believed(leg),
                marks=_marks(leg),
            )
            for leg, call_sid in rows
        ]


def correct_legs(database: Database, provider: Provider, ours: Sequence[_Ours], look: Look, clock: Clock) -> int:
    """Believe the carrier about our open legs; how many were otherwise here. Raises ``ProviderError``."""
    corrected = 0
    for leg in ours:
        sid = leg.sid or _sid_by_label(leg, look)
        if sid is None:
            continue  # never told to the carrier, or not yet: the sweep sees to it
        if leg.was_given_up and sid not in look.participants:
            continue
        try:
            seen = _seen(leg, sid, look, provider)
        except ProviderError as error:
            _pass_over(error, leg.call_id)
            continue
        if leg.sid is not None and not news_of(leg.believed, seen, at=clock.now()):
            continue  # as nearly always: no reason to lock a call in which somebody talks
        with guarded(f"leg {leg.leg_id}, compared"), database.unit_of_work(SCOPE) as session:
            corrected += _correct(session, leg, sid, seen, at=clock.now())
    return corrected


def adopt_unwritten(database: Database, look: Look, clock: Clock) -> int:
    """Take in the telephones that ring or talk in our calls and that no row knows of; how many.

    They were rung while the database did not answer, by a process that did not live to write it down.
    """
    telephones = {
        sid: one for sid, one in look.participants.items() if is_adopted_label(one.label) and sid in look.room_of
    }
    if not telephones:
        return 0
    rooms = {sid: look.room_of[sid].removeprefix(conference_name("")) for sid in telephones}
    with database.reading(SCOPE) as session:
        known = set(session.scalars(select(Leg.sid).where(Leg.sid.in_(telephones))))
        going_on = select(Call.sid, Call.id).where(Call.sid.in_(rooms.values()), Call.status.in_(GOING_ON))
        calls = {row.sid: row.id for row in session.execute(going_on)}
    adopted = 0
    for sid, one in telephones.items():
        call_id = calls.get(rooms[sid])
        if sid in known or call_id is None:
            continue
        listed = look.calls.get(sid)
        with guarded(f"telephone of call {call_id}"), database.unit_of_work(SCOPE) as session:
            call = lock_call(session, call_id)
            number = listed.to_number[:20] if listed is not None else ""
            at = clock.now()
            leg = adopt_leg(session, call, label=one.label, number=number, sid=sid, at=at)
            if leg is None:
                continue
            record_leg_event(session, leg, LegNews.JOINED if one.is_connected else LegNews.RANG, at=at)
            record_repair(session, "telephone_adopted", call_id=call_id, at=at)
            adopted += 1
    return adopted


def close_left_rooms(database: Database, provider: Provider, look: Look, *, looked_at: datetime, clock: Clock) -> int:
    """Close the rooms that are open at the carrier although their calls were over and closed here before; how many.

    Whoever is still in such a room is hung up, a patient too: her call only ever ends by the carrier's own word that
    her telephone is back on the hook, or by one of ours who ended it. She can ring again, and is then answered; back
    in the queue, a conversation that was over would ring for the next operator.
    """
    prefix = conference_name("")
    sids = [name.removeprefix(prefix) for name in look.rooms if name.startswith(prefix)]
    with database.reading(SCOPE) as session:
        over = session.execute(
            select(Call.id, Call.sid).where(
                Call.sid.in_(sids), Call.status == CallStatus.ENDED, Call.closed_at <= looked_at - _CLOSED_FOR
            )
        ).all()
    for call_id, sid in over:
        try:
            provider.end_conference(conference_name(sid))
        except ProviderError as error:
            _pass_over(error, call_id)
            continue
        with database.unit_of_work(SCOPE) as session:
            record_repair(session, "room_closed", call_id=call_id, at=clock.now())
    return len(over)


def _pass_over(error: ProviderError, call_id: int) -> None:
    """What is refused for good concerns one call and must not hide the others; raises what concerns all."""
    if not error.permanent:
        raise error
    log.warning("call %s could not be compared: %s", call_id, error.code or error.reason)


def record_repair(session: Session, kind: str, *, call_id: int | None, detail: str = "", at: datetime) -> None:
    """Keep what was put right, for the supervisor; without a name or a number."""
    session.add(Repair(kind=kind, call_id=call_id, detail=detail[:200], repaired_at=at))
    touch(session, "queue")
    log.warning("repaired after a look at the carrier: %s (call %s) %s", kind, call_id, detail)


def _seen(leg: _Ours, sid: str, look: Look, provider: Provider) -> Seen:
    participant = look.participants.get(sid)
    listed = look.calls.get(sid)
    # Listed while its telephone still rings: only who is connected is in the room.
    is_in = participant is not None and participant.is_connected and look.room_of[sid] == conference_name(leg.call_sid)
    if participant is not None and is_in:
        return Seen(
            "in-progress",
            is_in_room=True,
            on_hold=participant.on_hold,
            muted=participant.muted,
            coaching=participant.coaching,
        )
    if listed is None:
        listed = provider.find_call(sid)
    return Seen(None if listed is None else listed.status, is_in_room=False)


def _correct(session: Session, ours: _Ours, sid: str, seen: Seen, *, at: datetime) -> bool:
    lock_call(session, ours.call_id)
    leg = session.scalars(select(Leg).where(Leg.id == ours.leg_id).execution_options(populate_existing=True)).one()
    if _marks(leg) != ours.marks:
        return False  # something was heard of it since: newer than this look
    news = news_of(_believed(leg), seen, at=at)
    if leg.sid is None and not news:
        news = [LegNews.DIALLED]  # the carrier has it: its SID was all we lacked
    for one in news:
        record_leg_event(session, leg, one, at=at, sid=sid)
    if news and news != [LegNews.DIALLED]:
        record_repair(session, words_of(news[0]), call_id=leg.call_id, detail=f"{leg.role}: {leg.status}", at=at)
    return bool(news)


def _sid_by_label(leg: _Ours, look: Look) -> str | None:
    name = conference_name(leg.call_sid)
    return next(
        (
            sid
            for sid, participant in look.participants.items()
            if participant.label == leg.label and look.room_of[sid] == name
        ),
        None,
    )


def _believed(leg: Leg) -> Believed:
    return Believed(
        leg_id=leg.id,
        call_id=leg.call_id,
        role=LegRole(leg.role),
        status=LegStatus(leg.status),
        is_first_of_patient=leg.label == PATIENT_LABEL,
        wanted_at=leg.wanted_at,
        on_hold=leg.on_hold,
        muted=leg.muted,
        coaching=leg.coaching,
        asks_key=leg.asks_key,
    )


def _marks(leg: Leg) -> tuple[object, ...]:
    """What changes whenever anything is heard of a leg."""
    return (
        leg.status,
        leg.sid,
        leg.room_mark,
        leg.hold_mark,
        leg.mute_mark,
        leg.on_hold,
        leg.muted,
        leg.coaching,
        leg.joined_at,
    )
