"""Planned notices that are due: each is claimed, and its effect noted, in one transaction.

A process that dies before the commit leaves it due; after it, nobody is told twice. What became of it is heard later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.dispatch.models import Channel, Message, MessageStatus, Notice, NoticeStatus, Target, Urgency
from callcenter.dispatch.recipients import Recipient, recipient_of
from callcenter.dispatch.rules.message_state import UNTAKEN
from callcenter.dispatch.writing import hurry_supervisors, lock_message, move_message, touch_message
from callcenter.telephony.events import LegChanged
from callcenter.telephony.models import Call, CallHandling, LegRole, LegStatus
from callcenter.telephony.notice_calls import has_patient, ring_practitioner
from callcenter.telephony.outbound import end_outbound_call
from callcenter.telephony.statuses import GOING_ON

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What is to leave now: one text, e-mail or call about these notices; ``recipient`` None: the supervisors."""

    practice_id: int
    notice_ids: Sequence[int]
    channel: Channel
    recipient: Recipient | None
    is_urgent: bool
    leg_id: int | None = None  # the telephone to dial after the commit

    @property
    def count(self) -> int:
        """How many messages it is about."""
        return len(self.notice_ids)


def due_notices(session: Session, *, at: datetime) -> Sequence[int]:
    """The notices that are due, those of urgent messages before the others, the oldest first, a handful at once."""
    return session.scalars(
        select(Notice.id)
        .join(Message, Message.id == Notice.message_id)
        .where(Notice.status == NoticeStatus.DUE, Notice.due_at <= at)
        .order_by(Message.urgency != Urgency.URGENT, Notice.due_at, Notice.id)
        .limit(_AT_ONCE)
    ).all()


def claim_notice(session: Session, notice_id: int, *, at: datetime) -> Told | None:
    """Claim one notice that is due, and with it what else is due for the same person; None: nothing is to leave.

    It is left out when a later one of its step is due as well, or when nobody is there to be told; then, if it was the
    last, a supervisor is.
    """
    message = _lock_with_others(session, notice_id, at=at)
    if message is None:
        return None
    notice = _due(session, notice_id)
    if notice is None:
        return None
    if message.status not in UNTAKEN:
        _settle(notice, NoticeStatus.CANCELED, at=at)
        return None
    if _has_later(session, notice, at=at):
        _settle(notice, NoticeStatus.LEFT_OUT, at=at)
        return None
    target = Target(notice.target)
    if target is Target.SUPERVISOR:
        _note_told(session, message, notice, None, at=at)
        touch(session, "board", "queue", "urgent-messages")
        return Told(message.practice_id, [notice.id], Channel.DESK, None, message.urgency == Urgency.URGENT)
    recipient = recipient_of(session, message, target, Channel(notice.channel), at=at)
    if recipient is None:
        _settle(notice, NoticeStatus.LEFT_OUT, at=at)
        _ask_supervisors(session, message, at=at)
        return None
    together = [(message, notice), *_together(session, message, notice, recipient, at=at)]
    leg_id = None
    if recipient.channel is Channel.PHONE:
        leg = ring_practitioner(
            session,
            practice_id=message.practice_id,
            line_id=session.scalar(select(Call.line_id).where(Call.id == message.call_id)),
            address=recipient.address,
            name=recipient.name,
            # One telephone about several messages cannot put through to several patients.
            patient_number=message.callback_number if len(together) == 1 else None,
            at=at,
        )
        if leg is None:
            _settle(notice, NoticeStatus.FAILED, at=at)
            _ask_supervisors(session, message, at=at)
            return None
        leg_id = leg.id
    for about, one in together:
        _note_told(session, about, one, recipient, leg_id=leg_id, at=at)
    return Told(
        practice_id=message.practice_id,
        notice_ids=[one.id for _, one in together],
        channel=recipient.channel,
        recipient=recipient,
        is_urgent=message.urgency == Urgency.URGENT,
        leg_id=leg_id,
    )


def attach_link(session: Session, notice_ids: Sequence[int], link_id: int) -> None:
    """Note by which address these notices left."""
    session.execute(
        update(Notice)
        .where(Notice.id.in_(notice_ids))
        .values(link_id=link_id)
        .execution_options(synchronize_session=False)
    )


def note_link(session: Session, link_id: int, *, arrived: bool, at: datetime) -> None:
    """The text or e-mail with this address has arrived, or never will."""
    for notice_id in session.scalars(select(Notice.id).where(Notice.link_id == link_id).order_by(Notice.id)).all():
        _note_end(session, notice_id, arrived=arrived, at=at)


def note_shown(session: Session, practitioner_ids: Sequence[int], *, at: datetime) -> None:
    """These practitioners have opened the messages page: what was told them in the application has arrived."""
    told = (Notice.channel == Channel.APP, Notice.status == NoticeStatus.SENT)
    shown = select(Notice.id).where(Notice.practitioner_id.in_(practitioner_ids), *told)
    for notice_id in session.scalars(shown.order_by(Notice.message_id, Notice.id)).all():
        _note_end(session, notice_id, arrived=True, at=at)


def follow_leg(session: Session, event: LegChanged) -> None:
    """What became of a telephone that rang a practitioner about messages; with it gone, its call is over."""
    if event.role is not LegRole.PRACTITIONER:
        return
    call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
    if call.handling != CallHandling.NOTICE or event.status not in {LegStatus.JOINED, LegStatus.LEFT, LegStatus.FAILED}:
        return
    for notice_id in session.scalars(select(Notice.id).where(Notice.leg_id == event.leg_id).order_by(Notice.id)).all():
        _note_end(session, notice_id, arrived=event.status is not LegStatus.FAILED, at=event.at)
    is_over = event.status is not LegStatus.JOINED
    if is_over and (call.status in GOING_ON or not has_patient(session, call)):
        end_outbound_call(session, call.id, at=event.at)


def _lock_with_others(session: Session, notice_id: int, *, at: datetime) -> Message | None:
    """The message of this notice, locked together with those that may leave with it, in the order of their ids."""
    message = session.scalar(
        select(Message).join(Notice, Notice.message_id == Message.id).where(Notice.id == notice_id)
    )
    if message is None:
        return None
    ids = {message.id}
    if message.urgency != Urgency.URGENT and message.practitioner_id is not None:
        ids |= set(
            session.scalars(
                select(Message.id)
                .join(Notice, Notice.message_id == Message.id)
                .where(
                    Notice.status == NoticeStatus.DUE,
                    Notice.due_at <= at,
                    Message.practitioner_id == message.practitioner_id,
                    Message.urgency != Urgency.URGENT,
                )
            )
        )
    for one in sorted(ids):
        lock_message(session, one)
    return message


def _due(session: Session, notice_id: int) -> Notice | None:
    return session.scalar(
        select(Notice)
        .where(Notice.id == notice_id, Notice.status == NoticeStatus.DUE)
        .execution_options(populate_existing=True)
    )


def _has_later(session: Session, notice: Notice, *, at: datetime) -> bool:
    later = select(Notice.id).where(
        Notice.message_id == notice.message_id,
        Notice.position == notice.position,
        Notice.repetition > notice.repetition,
        Notice.status == NoticeStatus.DUE,
        Notice.due_at <= at,
    )
    return session.scalar(later.limit(1)) is not None


def _together(
    session: Session, message: Message, notice: Notice, recipient: Recipient, *, at: datetime
) -> list[tuple[Message, Notice]]:
    """What else is due for the same practitioner by the same way, and is no more urgent than a batch."""
    if recipient.channel is Channel.APP or message.urgency == Urgency.URGENT or message.practitioner_id is None:
        return []
    rows = session.execute(
        select(Notice.id, Notice.message_id)
        .join(Message, Message.id == Notice.message_id)
        .where(
            Notice.status == NoticeStatus.DUE,
            Notice.due_at <= at,
            Notice.channel == notice.channel,
            Notice.target == notice.target,
            Notice.id != notice.id,
            Message.practice_id == message.practice_id,
            Message.practitioner_id == message.practitioner_id,
            Message.urgency != Urgency.URGENT,
        )
        .order_by(Notice.message_id)
    ).all()
    found = []
    for notice_id, message_id in rows:
        other = lock_message(session, message_id)
        due = _due(session, notice_id)
        if due is not None and other.status in UNTAKEN:
            found.append((other, due))
    return found


def _note_told(
    session: Session,
    message: Message,
    notice: Notice,
    recipient: Recipient | None,
    *,
    leg_id: int | None = None,
    at: datetime,
) -> None:
    notice.status, notice.told_at, notice.leg_id = NoticeStatus.SENT, at, leg_id
    notice.channel = Channel.DESK if recipient is None else recipient.channel
    if recipient is not None:
        notice.practitioner_id, notice.address = recipient.practitioner_id, recipient.address
        if recipient.staff_id is not None:
            touch(session, f"desk-{recipient.staff_id}")
    session.flush()
    if not move_message(session, message, MessageStatus.SENT, at=at):
        touch_message(session, message)  # a later step was told of a message that had left before


def _note_end(session: Session, notice_id: int, *, arrived: bool, at: datetime) -> None:
    message_id = session.scalars(select(Notice.message_id).where(Notice.id == notice_id)).one()
    message = lock_message(session, message_id)
    won = session.scalars(
        update(Notice)
        .where(Notice.id == notice_id, Notice.status == NoticeStatus.SENT)
        .values(status=NoticeStatus.DELIVERED if arrived else NoticeStatus.FAILED, settled_at=at)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not won:
        return
    touch_message(session, message)
    if arrived:
        move_message(session, message, MessageStatus.DELIVERED, at=at)
    else:
        _ask_supervisors(session, message, at=at)


def _ask_supervisors(session: Session, message: Message, *, at: datetime) -> None:
    """Nobody else is to be told and nobody has it: it never ends in "could not be reached"."""
    if message.status not in UNTAKEN:
        return
    session.flush()
    hurry_supervisors(session, message, at=at)
    still = select(Notice.id).where(
        Notice.message_id == message.id, Notice.status.in_((NoticeStatus.DUE, NoticeStatus.DELIVERED))
    )
    desk = select(Notice.id).where(Notice.message_id == message.id, Notice.target == Target.SUPERVISOR)
    if session.scalar(still.limit(1)) is not None or session.scalar(desk.limit(1)) is not None:
        return
    last = session.scalar(select(func.max(Notice.position)).where(Notice.message_id == message.id)) or 0
    session.add(
        Notice(
            practice_id=message.practice_id,
            message_id=message.id,
            position=last + 1,
            repetition=1,
            target=Target.SUPERVISOR,
            channel=Channel.DESK,
            due_at=at,
            status=NoticeStatus.DUE,
        )
    )
    session.flush()


def _settle(notice: Notice, status: NoticeStatus, *, at: datetime) -> None:
    notice.status, notice.settled_at = status, at
