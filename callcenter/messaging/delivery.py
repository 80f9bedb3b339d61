"""The outbox empties: claim in one transaction, send outside any, record in another.

At least once, looked up before a resend: the carrier's API takes no key that would make a repeat harmless, so a text
that may have left (a time-out, a crash while sending) is first looked for at the carrier.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import PracticeLine
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.messaging.reference import message_reference
from callcenter.messaging.withdrawing import withdraw_outdated
from callcenter.telephony.provider import Provider

log = logging.getLogger(__name__)

BATCH = 10
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
LOOK_UP_AFTER = timedelta(seconds=10)  # a request that timed out may still be under way at the carrier
ABANDONED_AFTER = timedelta(seconds=60)  # a process that claimed and has not recorded by then is gone
# A claim this old is given back unsent: what takes up to 20 s to send must be over before others call it abandoned.
SEND_WITHIN = timedelta(seconds=30)

_SCOPE = Centre(CentreReason.OUTBOX)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this process now holds."""

    id: int
    practice_id: int
    call_id: int | None
    to_number: str
    body: str
    attempts: int
    claimed_at: datetime
    sender: str


def deliver_due(
    database: Database,
    provider: Provider,
    settings: Settings,
    clock: Clock,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look up what is uncertain, then send everything due; how many messages left.

    Once ``is_stopping``, what is claimed and not yet sent is given back: a stop waits for one text, not for a backlog.
    """
    _look_up_uncertain(database, provider, clock, is_stopping=is_stopping)
    sent = 0
    while not is_stopping() and (batch := _claim(database, settings, at=clock.now())):
        for message in batch:
            at = clock.now()
            if is_stopping() or at >= message.claimed_at + SEND_WITHIN:
                with database.unit_of_work(_SCOPE) as session:
                    _settle(session, message, status=OutboxStatus.PENDING, due_at=at)
            else:
                with guarded(f"text {message.id}"):
                    sent += _send(database, provider, settings, clock, message)
    return sent


def pause_before(attempt: int) -> timedelta:
    """How long to wait after this failed attempt (1 is the first): doubled each time, five minutes at most."""
    doublings = min(attempt - 1, 16)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _claim(database: Database, settings: Settings, *, at: datetime) -> list[Claimed]:
    with database.unit_of_work(_SCOPE) as session:
        withdraw_outdated(session, at=at)
        # SKIP LOCKED in a materialised CTE: as a plain sub-select PostgreSQL may run it again and claim too much.
        # SQLite has one writer and ignores the lock.
        due = (
            select(OutboxMessage.id)
            .where(OutboxMessage.status == OutboxStatus.PENDING, OutboxMessage.due_at <= at)
            .order_by(OutboxMessage.due_at, OutboxMessage.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
            .cte("due")
            .prefix_with("MATERIALIZED")
        )
        return _hold(
            session,
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(select(due.c.id)), OutboxMessage.status == OutboxStatus.PENDING)
            .values(status=OutboxStatus.SENDING, claimed_at=at, attempts=OutboxMessage.attempts + 1),
            settings,
        )


def _send(database: Database, provider: Provider, settings: Settings, clock: Clock, message: Claimed) -> bool:
    """Send one message and record what became of it; whether it left."""
    callback = f"{settings.public_url}/twilio/message-status?m={message_reference(message.id, message.attempts)}"
    try:
        sid = provider.send_sms(
            to=message.to_number, sender=message.sender, body=message.body, status_callback=callback
        )
    except ProviderError as error:
        _record_error(database, message, error, at=clock.now())
        return False
    except Exception as fault:
        # A fault of ours in the middle of sending says nothing about whether the text left.
        log.exception("sending message %s failed", message.id)
        unknown = ProviderError(type(fault).__name__, permanent=False, unknown=True)
        _record_error(database, message, unknown, at=clock.now())
        return False
    _record_sent(database, message, sid, at=clock.now())
    return True


def _record_sent(database: Database, message: Claimed, sid: str, *, at: datetime) -> None:
    with database.unit_of_work(_SCOPE) as session:
        # A receipt may have overtaken us: the row is then delivered already and only the sending instant is missing.
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message.id, OutboxMessage.sid.is_(None))
            .values(sid=sid)
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message.id, OutboxMessage.sent_at.is_(None))
            .values(sent_at=at)
            .execution_options(synchronize_session=False)
        )
        _settle(session, message, status=OutboxStatus.SENT, error="")


def _record_error(database: Database, message: Claimed, error: ProviderError, *, at: datetime) -> None:
    reason = f"{error.code or ''} {error.reason}".strip()[:300]
    with database.unit_of_work(_SCOPE) as session:
        if error.unknown:
            due_at = at + LOOK_UP_AFTER
            _settle(session, message, status=OutboxStatus.UNCERTAIN, error=reason, due_at=due_at)
        elif error.permanent:
            _settle(session, message, status=OutboxStatus.FAILED, error=reason, settled_at=at)
        else:
            due_at = at + pause_before(message.attempts)
            _settle(session, message, status=OutboxStatus.PENDING, error=reason, due_at=due_at)
    # The carrier's own words may hold the number: they are for the supervisor, not for the log.
    told = error.code or ("no answer" if error.unknown else "refused" if error.permanent else "not reached")
    log.warning("message %s not sent (attempt %s): %s", message.id, message.attempts, told)


def _settle(session: Session, message: Claimed, **values: object) -> None:
    """Record the end of this claim, unless the row has moved on since (a receipt, another process)."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.status.in_((OutboxStatus.SENDING, OutboxStatus.UNCERTAIN)),
            OutboxMessage.attempts == message.attempts,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    touch(session, "outbox", *([f"call-{message.call_id}"] if message.call_id is not None else []))


def _look_up_uncertain(
    database: Database, provider: Provider, clock: Clock, *, is_stopping: Callable[[], bool]
) -> None:
    """Ask the carrier about texts that may have left; they are resent only when it knows nothing of them."""
    for message in _claim_uncertain(database, at=clock.now()):
        if is_stopping():
            return  # they stay uncertain
        try:
            found = provider.find_sms(to=message.to_number, body=message.body)
        except ProviderError as error:
            log.warning("message %s could not be looked up: %s", message.id, error.code or "no answer")
            continue  # stays uncertain, asked again after the pause that the claim set
        at = clock.now()
        with database.unit_of_work(_SCOPE) as session:
            # The same words sent for another row (booked, cancelled, booked again) prove nothing about this one.
            others = set(
                session.scalars(
                    select(OutboxMessage.sid).where(OutboxMessage.sid.in_(found), OutboxMessage.id != message.id)
                )
            )
            # The oldest that is nobody's: messages in the same words are looked up in the order they were made.
            sid = next((one for one in reversed(found) if one not in others), None)
            if sid is not None:
                _settle(session, message, status=OutboxStatus.SENT, sid=sid, sent_at=at, error="")
            else:
                _settle(session, message, status=OutboxStatus.PENDING, due_at=at)


def _claim_uncertain(database: Database, *, at: datetime) -> list[Claimed]:
    with database.unit_of_work(_SCOPE) as session:
        doubtful = (
            select(OutboxMessage.id)
            .where(
                ((OutboxMessage.status == OutboxStatus.UNCERTAIN) & (OutboxMessage.due_at <= at))
                | ((OutboxMessage.status == OutboxStatus.SENDING) & (OutboxMessage.claimed_at <= at - ABANDONED_AFTER))
            )
            .order_by(OutboxMessage.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
            .cte("doubtful")
            .prefix_with("MATERIALIZED")
        )
        # The pause keeps a second process from asking at the same time, and paces the questions while nobody answers.
        return _hold(
            session,
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(select(doubtful.c.id)))
            .values(status=OutboxStatus.UNCERTAIN, due_at=at + ABANDONED_AFTER),
            None,
        )


def _hold(session: Session, claim: object, settings: Settings | None) -> list[Claimed]:
    rows = session.execute(
        claim.returning(  # type: ignore[attr-defined]  # an update of OutboxMessage
            OutboxMessage.id,
            OutboxMessage.practice_id,
            OutboxMessage.call_id,
            OutboxMessage.to_number,
            OutboxMessage.body,
            OutboxMessage.attempts,
            OutboxMessage.claimed_at,
        ),
        execution_options={"synchronize_session": False},
    ).all()
    if rows:
        touch(session, "outbox")
    senders = _senders(session, {row.practice_id for row in rows}, settings) if rows and settings else {}
    return [Claimed(**row._mapping, sender=senders.get(row.practice_id, "")) for row in sorted(rows)]


def _senders(session: Session, practice_ids: set[int], settings: Settings) -> dict[int, str]:
    """Whom texts come from: the setting, else the practice's own first line."""
    if settings.sms_sender:
        return dict.fromkeys(practice_ids, settings.sms_sender)
    lines: Sequence[tuple[int, str]] = [
        (row.practice_id, row.number)
        for row in session.execute(
            select(PracticeLine.practice_id, PracticeLine.number)
            .where(PracticeLine.practice_id.in_(practice_ids))
            .order_by(PracticeLine.id.desc())
        )
    ]
    return dict(lines)
