"""The outbox's texts leave: claim in one transaction, send outside any, record in another.

At least once, looked up before a resend: the carrier's API takes no key that would make a repeat harmless, so a text
that may have left (a time-out, a crash while sending) is first looked for at the carrier.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.directory.models import PracticeLine
from callcenter.messaging.claiming import (
    ABANDONED_AFTER,
    SCOPE,
    Claimed,
    claim_due,
    hold,
    is_abandoned,
    pause_before,
    send_claimed,
    settle,
    settle_failed,
)
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.messaging.reference import message_reference
from callcenter.telephony.provider import Provider

log = logging.getLogger(__name__)

LOOK_UP_AFTER = timedelta(seconds=10)  # a request that timed out may still be under way at the carrier


def deliver_due(
    database: Database,
    provider: Provider,
    settings: Settings,
    clock: Clock,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look up the texts that are uncertain, then send every text that is due; how many left.

    Once ``is_stopping``, what is claimed and not yet sent is given back.
    """
    _look_up_uncertain(database, provider, clock, is_stopping=is_stopping)
    senders: dict[int, str] = {}

    def claim() -> list[Claimed]:
        with database.unit_of_work(SCOPE) as session:
            claimed = claim_due(session, OutboxChannel.SMS, at=clock.now())
            if claimed:
                senders.update(_senders(session, {message.practice_id for message in claimed}, settings))
        return claimed

    def send(message: Claimed) -> bool:
        return _send(database, provider, settings, clock, message, sender=senders.get(message.practice_id, ""))

    return send_claimed(database, clock, claim=claim, send=send, is_stopping=is_stopping)


def _send(
    database: Database, provider: Provider, settings: Settings, clock: Clock, message: Claimed, *, sender: str
) -> bool:
    """Send one text and record what became of it; whether it left."""
    callback = f"{settings.public_url}/twilio/message-status?m={message_reference(message.id, message.attempts)}"
    try:
        sid = provider.send_sms(to=message.to_number, sender=sender, body=message.body, status_callback=callback)
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
    with database.unit_of_work(SCOPE) as session:
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
        settle(session, message, status=OutboxStatus.SENT, error="")


def _record_error(database: Database, message: Claimed, error: ProviderError, *, at: datetime) -> None:
    reason = f"{error.code or ''} {error.reason}".strip()[:300]
    with database.unit_of_work(SCOPE) as session:
        if error.unknown:
            due_at = at + LOOK_UP_AFTER
            settle(session, message, status=OutboxStatus.UNCERTAIN, error=reason, due_at=due_at)
        elif error.permanent:
            settle_failed(session, message, reason=reason, at=at)
        else:
            due_at = at + pause_before(message.attempts)
            settle(session, message, status=OutboxStatus.PENDING, error=reason, due_at=due_at)
    # The carrier's own words may hold the number: they are for the supervisor, not for the log.
    told = error.code or ("no answer" if error.unknown else "refused" if error.permanent else "not reached")
    log.warning("message %s not sent (attempt %s): %s", message.id, message.attempts, told)


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
        with database.unit_of_work(SCOPE) as session:
            # The same words sent for another row (booked, cancelled, booked again) prove nothing about this one.
            others = set(
                session.scalars(
                    select(OutboxMessage.sid).where(OutboxMessage.sid.in_(found), OutboxMessage.id != message.id)
                )
            )
            # The oldest that is nobody's: messages in the same words are looked up in the order they were made.
            sid = next((one for one in reversed(found) if one not in others), None)
            if sid is not None:
                settle(session, message, status=OutboxStatus.SENT, sid=sid, sent_at=at, error="")
            else:
                settle(session, message, status=OutboxStatus.PENDING, due_at=at)


def _claim_uncertain(database: Database, *, at: datetime) -> list[Claimed]:
    with database.unit_of_work(SCOPE) as session:
        doubtful = (OutboxMessage.status == OutboxStatus.UNCERTAIN) & (OutboxMessage.due_at <= at)
        # The pause keeps a second process from asking at the same time, and paces the questions while nobody answers.
        pause: dict[str, object] = {"status": OutboxStatus.UNCERTAIN, "due_at": at + ABANDONED_AFTER}
        return hold(session, OutboxChannel.SMS, doubtful | is_abandoned(at), pause)


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
