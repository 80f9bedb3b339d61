"""The outbox's e-mails leave: claimed, handed to the mail server and settled apart from texts, so that neither waits.

At least once. A mail server cannot be asked what it took, so that an e-mail whose end nobody knows (no answer after its
content went, a crash while sending) is sent again after a pause, under the same Message-ID, by which the receiver can
tell a repeat. From the fifth attempt on an unknown end is the last: a person may send it once more. Once a server has
taken it, it is ``sent``, and that is the end: no receipt exists.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.messaging.claiming import (
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
from callcenter.messaging.failures import MailFailure
from callcenter.messaging.mail import Mailer
from callcenter.messaging.models import OutboxChannel, OutboxStatus

log = logging.getLogger(__name__)

ATTEMPTS = 5  # beyond these, what may have arrived is not sent again


def deliver_due_mail(
    database: Database, mailer: Mailer, clock: Clock, *, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Take back the e-mails that a process left unfinished, then hand over every e-mail that is due; how many left.

    Once ``is_stopping``, what is claimed and not yet sent is given back.
    """

    def claim() -> list[Claimed]:
        at = clock.now()
        with database.unit_of_work(SCOPE) as session:
            _take_back_abandoned(session, at=at)
            return claim_due(session, OutboxChannel.EMAIL, at=at)

    def send(message: Claimed) -> bool:
        return _send(database, mailer, clock, message)

    return send_claimed(database, clock, claim=claim, send=send, is_stopping=is_stopping)


def _send(database: Database, mailer: Mailer, clock: Clock, message: Claimed) -> bool:
    """Hand one e-mail over and record what became of it; whether it left."""
    try:
        mailer.send_mail(
            outbox_id=message.id, to=message.to_email, subject=message.subject, body=message.body, at=clock.now()
        )
    except ProviderError as error:
        _record_error(database, message, error, at=clock.now())
        return False
    except Exception as fault:
        # A fault of ours in the middle of sending says nothing about whether the e-mail left.
        log.exception("sending message %s failed", message.id)
        unknown = ProviderError(type(fault).__name__, permanent=False, unknown=True)
        _record_error(database, message, unknown, at=clock.now())
        return False
    at = clock.now()
    with database.unit_of_work(SCOPE) as session:
        settle(session, message, status=OutboxStatus.SENT, sent_at=at, settled_at=at, error="")
    return True


def _record_error(database: Database, message: Claimed, error: ProviderError, *, at: datetime) -> None:
    reason = f"{error.code or ''} {error.reason}".strip()[:300]
    is_over = error.permanent or (error.unknown and message.attempts >= ATTEMPTS)
    with database.unit_of_work(SCOPE) as session:
        if is_over:
            settle_failed(session, message, reason=reason, at=at)
        else:
            due_at = at + pause_before(message.attempts)
            settle(session, message, status=OutboxStatus.PENDING, error=reason, due_at=due_at)
    # The server's own words may hold the address: they are for the supervisor, not for the log.
    told = error.code or ("no answer" if error.unknown else "refused" if error.permanent else "not reached")
    log.warning("message %s not sent (attempt %s): %s", message.id, message.attempts, told)


def _take_back_abandoned(session: Session, *, at: datetime) -> None:
    held: dict[str, object] = {"status": OutboxStatus.UNCERTAIN}  # for this transaction only
    for message in hold(session, OutboxChannel.EMAIL, is_abandoned(at), held):
        if message.attempts >= ATTEMPTS:
            settle_failed(session, message, reason=MailFailure.NO_ANSWER, at=at)
        else:
            settle(session, message, status=OutboxStatus.PENDING, error=MailFailure.NO_ANSWER, due_at=at)
