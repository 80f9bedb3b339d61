"""A caller who waits longer than her practice allows is sent where it said; nobody there: she is back at her place.

Three steps, as in every live gesture: her place is closed and whoever was asked is freed; the carrier is told outside
any transaction; that it was is noted. A process that dies in between leaves a row that the next second finishes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.core.training import reachable
from callcenter.directory.models import Practice, PracticeLine
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.choice import PriorityReason
from callcenter.routing.models import QueueEntry, QueueEntryStatus
from callcenter.routing.places import give_back_place, wait_again
from callcenter.routing.queue import free_those_asked
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallDirection, CallStatus, Leg, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.twiml import callback_url

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 20
_HERE = (LegStatus.JOINED, LegStatus.DIALLING)  # in her room, or on her way into it
_SENT = (QueueEntryStatus.OVERFLOW, QueueEntryStatus.CALLBACK)
_NOT_IN_PROGRESS = 21220  # the carrier's word for a call that is over
_DOUBT_FOR = timedelta(seconds=6)  # whether the carrier has sent her, it then has said by asking for the document
# Asked at each end of the music: what was on its way when she was sent does not bring her back.
_BACK_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a caller goes: ``number`` (E.164), or nowhere, with the promise to be rung back."""

    number: str = ""
    is_promised: bool = False


def is_overdue(*, joined_at: datetime, overflowed_at: datetime | None, after: int, at: datetime) -> bool:
    """Whether she has waited ``after`` seconds (0: for ever), since she joined or came back from elsewhere."""
    return after > 0 and max(joined_at, overflowed_at or joined_at) + timedelta(seconds=after) <= at


def take_overdue(database: Database, clock: Clock) -> None:
    """Close the places of those who have waited too long. The carrier is told by ``send_elsewhere``."""
    at = clock.now()
    with database.reading(_SCOPE) as session:
        call_ids = [
            call_id
            for call_id, joined_at, overflowed_at, after in session.execute(_waiting_on_such_lines())
            if is_overdue(joined_at=joined_at, overflowed_at=overflowed_at, after=after, at=at)
        ]
    sent = 0
    for call_id in call_ids:
        # Whoever cannot be sent anywhere (a hidden number and nobody to go to) keeps nobody else from going.
        with guarded(f"call {call_id}, overdue"), database.unit_of_work(_SCOPE) as session:
            sent += overflow_call(session, call_id, at=at)
        if sent >= _AT_ONCE:
            return


def overflow_call(session: Session, call_id: int, *, at: datetime) -> bool:
    """Let this caller leave the queue for where her practice's line says; whether she did.

    Whoever has taken her by then keeps her: her place is asked for by compare-and-set. A line without a number promises
    her a call instead; who cannot be rung back waits on.
    """
    with whole_floor(session):
        call = lock_call(session, call_id)
        if call.status != CallStatus.WAITING or not _is_on_the_line(session, call):
            return False
        number = _number_of(session, call)
        if not number:
            return promise_callback(session, call_id, at=at)
        left = _leave(session, call, at=at)
        if left:
            free_those_asked(session, call.id, at=at)
            touch(session, "queue", f"call-{call.id}")
        return left


def send_elsewhere(database: Database, provider: Provider, clock: Clock, *, settings: Settings) -> None:
    """Tell the carrier of those whose places were closed, and put back whom it would not send."""
    for call_id, sid, status, overflowed_at in _to_be_sent(database):
        with guarded(f"call {call_id}, sent elsewhere"):
            try:
                provider.redirect(sid, callback_url(settings.public_url, "/twilio/overflow"))
            except ProviderError as error:
                log.warning("call %s could not be sent elsewhere: %s", call_id, error.code or error.reason)
                if error.unknown and clock.now() < overflowed_at + _DOUBT_FOR:
                    continue  # it may be on its way
                if error.code == _NOT_IN_PROGRESS and status == QueueEntryStatus.CALLBACK:
                    # She read on her telephone that she may hang up, and has. Should she be in her room all the same,
                    # its music finds her there (``heard_in_her_room``).
                    with database.unit_of_work(_SCOPE) as session:
                        _note_sent(session, call_id, at=clock.now())
                    continue
                with database.unit_of_work(_SCOPE) as session, whole_floor(session):
                    wait_again(session, lock_call(session, call_id), from_=_SENT, at=clock.now())
                continue
            with database.unit_of_work(_SCOPE) as session:
                _note_sent(session, call_id, at=clock.now())


def where_to(session: Session, call_sid: str, *, at: datetime) -> Elsewhere | None:
    """What the caller who was sent hears now; None: she is not to go, and waits in her own room.

    That she asks is proof that the carrier has sent her, whatever it answered.
    """
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    if call_id is None:
        return None
    with whole_floor(session):
        call = lock_call(session, call_id)
        entry = session.scalar(
            select(QueueEntry).where(QueueEntry.call_id == call_id).execution_options(populate_existing=True)
        )
        if entry is None or entry.status not in _SENT:
            return None
        _note_sent(session, call_id, at=at)
        if entry.status == QueueEntryStatus.CALLBACK:
            return Elsewhere(is_promised=True)
        number = _number_of(session, call)
        if not number:
            wait_again(session, call, from_=_SENT, at=at)
            return None
        return Elsewhere(number=number)


def promise_by_key(session: Session, call_sid: str, *, at: datetime) -> bool:
    """The caller herself has asked to be rung back; whether she is. Asked twice, it is one promise.

    She hears so at once, so that the carrier need not be told to send her to hear it.
    """
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    if call_id is None:
        return False
    with whole_floor(session):
        promise_callback(session, call_id, at=at)
        status = session.scalar(select(QueueEntry.status).where(QueueEntry.call_id == call_id))
        if status != QueueEntryStatus.CALLBACK:
            return False
        _note_sent(session, call_id, at=at)
        return True


def come_back(session: Session, call_sid: str, *, at: datetime, was_sent_before: datetime | None = None) -> bool:
    """Nobody was there: she waits again where she stood, in her own room; whether it was so.

    With ``was_sent_before`` only if she was sent before that instant.
    """
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    if call_id is None:
        return False
    with whole_floor(session):
        call = lock_call(session, call_id)
        if call.status == CallStatus.ENDED:
            return False
        return give_back_place(session, call, at=at, was_sent_before=was_sent_before)


def heard_in_her_room(session: Session, call_sid: str, *, at: datetime) -> bool:
    """She hears the music of her own room, so she is not elsewhere any more; whether she waits again because of it.

    Who was promised a call and does not know it, because the promise was kept too late for her answer, is sent once
    more to hear so.
    """
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    untold = update(QueueEntry).where(
        QueueEntry.call_id == call_id,
        QueueEntry.status == QueueEntryStatus.CALLBACK,
        QueueEntry.sent_at < at - _BACK_AFTER,
    )
    if was_changed(session, untold.values(sent_at=None)):
        return False
    return come_back(session, call_sid, at=at, was_sent_before=at - _BACK_AFTER)


def _waiting_on_such_lines() -> Select[int, datetime, datetime | None, int]:
    return (
        select(QueueEntry.call_id, QueueEntry.joined_at, QueueEntry.overflowed_at, PracticeLine.overflow_after)
        .join(Call, Call.id == QueueEntry.call_id)
        .join(PracticeLine, PracticeLine.id == Call.line_id)
        .where(
            QueueEntry.status == QueueEntryStatus.WAITING,
            PracticeLine.overflow_after > 0,
            Call.direction == CallDirection.INBOUND,
            # An emergency is the next to be answered, and so is she whom somebody spoke with already.
            ~QueueEntry.urgent,
            QueueEntry.priority_reason != PriorityReason.RETURNED,
        )
        .order_by(QueueEntry.joined_at, QueueEntry.id)
    )


def _number_of(session: Session, call: Call) -> str:
    """Where the line sends whoever waits too long; empty when it says nothing, or training forbids it."""
    found = select(PracticeLine.overflow_number, Practice.mode).join(Practice, Practice.id == PracticeLine.practice_id)
    number, mode = session.execute(found.where(PracticeLine.id == call.line_id)).one()
    return reachable(mode, number)


def _is_on_the_line(session: Session, call: Call) -> bool:
    found = select(Leg.id).where(Leg.call_id == call.id, Leg.sid == call.sid, Leg.status.in_(_HERE))
    return session.scalar(found) is not None


def _leave(session: Session, call: Call, *, at: datetime) -> bool:
    left = update(QueueEntry).where(QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.WAITING)
    return was_changed(
        session, left.values(status=QueueEntryStatus.OVERFLOW, left_at=at, overflowed_at=at, sent_at=None)
    )


def _to_be_sent(database: Database) -> list[tuple[int, str, QueueEntryStatus, datetime]]:
    with database.reading(_SCOPE) as session:
        rows = session.execute(
            select(Call.id, Call.sid, QueueEntry.status, QueueEntry.overflowed_at)
            .join(QueueEntry, QueueEntry.call_id == Call.id)
            .where(
                QueueEntry.overflowed_at.is_not(None),
                QueueEntry.sent_at.is_(None),
                QueueEntry.status.in_(_SENT),
                Call.status == CallStatus.WAITING,
            )
            .order_by(QueueEntry.overflowed_at, QueueEntry.id)
            .limit(_AT_ONCE)
        )
        return [
            (call_id, sid, QueueEntryStatus(status), since) for call_id, sid, status, since in rows if since is not None
        ]


def _note_sent(session: Session, call_id: int, *, at: datetime) -> None:
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.call_id == call_id, QueueEntry.status.in_(_SENT), QueueEntry.sent_at.is_(None))
        .values(sent_at=at)
    )
