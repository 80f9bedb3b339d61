"""The outbox as people see it: the supervisor's view, one call's texts, and sending again what failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Practice
from callcenter.messaging.callback_links import CALLBACK_LINK, link_serves
from callcenter.messaging.failures import mail_words_of, words_of
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus

# What is due and has not left after this long is worth a supervisor's look.
_LATE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message that wants attention."""

    id: int
    practice: str
    to_number: str  # empty: an e-mail
    to_email: str
    kind: str
    status: OutboxStatus
    attempts: int
    created_at: datetime
    due_at: datetime
    error: str  # why it did not arrive, a message id; empty: it only waits
    code: str  # the carrier's or the mail server's, for whoever asks it

    @property
    def can_be_retried(self) -> bool:
        """Whether a person may send it (again) now."""
        return self.status in {OutboxStatus.FAILED, OutboxStatus.PENDING}


@dataclass(frozen=True, slots=True)
class OutboxView:
    """Counts by status, and the messages that want attention, failed first, then the oldest."""

    waiting: int  # pending, sending, uncertain
    on_the_way: int  # texts that were sent, no receipt yet
    mailed: int  # e-mails that a mail server has taken: nobody tells of them what became of them
    delivered: int
    failed: int
    rows: tuple[OutboxRow, ...]


def outbox_view(session: Session, *, at: datetime, limit: int = 50) -> OutboxView:
    """The outbox of the scope's practices; two queries."""
    counts: dict[str, int] = {}
    mailed = 0
    # An address that nobody can use any more is nobody's concern.
    matters = or_(OutboxMessage.status != OutboxStatus.FAILED, OutboxMessage.kind != CALLBACK_LINK, link_serves(at=at))
    for status, channel, number in session.execute(
        select(OutboxMessage.status, OutboxMessage.channel, func.count(OutboxMessage.id))
        .where(matters)
        .group_by(OutboxMessage.status, OutboxMessage.channel)
    ):
        if (status, channel) == (OutboxStatus.SENT, OutboxChannel.EMAIL):
            mailed = number
        else:
            counts[str(status)] = counts.get(str(status), 0) + number
    late = OutboxMessage.status.in_((OutboxStatus.PENDING, OutboxStatus.SENDING)) & (
        (OutboxMessage.error != "") | (OutboxMessage.due_at <= at - _LATE_AFTER)
    )
    wanting = session.execute(
        select(OutboxMessage, Practice.name)
        .join(Practice, Practice.id == OutboxMessage.practice_id)
        .where(OutboxMessage.status.in_((OutboxStatus.FAILED, OutboxStatus.UNCERTAIN)) | late, matters)
        .order_by(OutboxMessage.status != OutboxStatus.FAILED, OutboxMessage.id)
        .limit(limit)
    )
    rows = tuple(
        OutboxRow(
            id=one.id,
            practice=practice,
            to_number=one.to_number,
            to_email=one.to_email,
            kind=one.kind,
            status=OutboxStatus(one.status),
            attempts=one.attempts,
            created_at=one.created_at,
            due_at=one.due_at,
            error=why,
            code=code,
        )
        for one, practice in wanting
        for why, code in [(mail_words_of if one.channel == OutboxChannel.EMAIL else words_of)(one.error)]
    )
    waiting = sum(counts.get(one, 0) for one in (OutboxStatus.PENDING, OutboxStatus.SENDING, OutboxStatus.UNCERTAIN))
    return OutboxView(
        waiting=waiting,
        on_the_way=counts.get(OutboxStatus.SENT, 0),
        mailed=mailed,
        delivered=counts.get(OutboxStatus.DELIVERED, 0),
        failed=counts.get(OutboxStatus.FAILED, 0),
        rows=rows,
    )


def retry_message(session: Session, message_id: int, *, staff_id: int, at: datetime) -> None:
    """Send a failed message again, or one that waits for its next attempt now.

    An uncertain one is not sent again by hand: it is being looked up; neither is an address by which nobody can ask for
    anything any more. Raises ``NotFound`` and ``Conflict``.
    """
    found = session.execute(
        select(OutboxMessage.practice_id, OutboxMessage.call_id).where(OutboxMessage.id == message_id)
    ).first()
    if found is None:
        raise NotFound(N_("There is no such message."))
    # The sid goes: receipts of the new attempt will bring another one.
    won = session.scalars(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message_id,
            OutboxMessage.status.in_((OutboxStatus.FAILED, OutboxStatus.PENDING)),
            or_(OutboxMessage.kind != CALLBACK_LINK, link_serves(at=at)),
        )
        .values(status=OutboxStatus.PENDING, due_at=at, settled_at=None, sid=None, sent_at=None)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not won:
        raise Conflict(N_("This message has moved on. It does not need to be sent again."))
    record_act(
        session,
        "message.retried",
        f"outbox_message {message_id}",
        at=at,
        staff_id=staff_id,
        practice_id=found.practice_id,
    )
    touch(session, "outbox", *([f"call-{found.call_id}"] if found.call_id is not None else []))
