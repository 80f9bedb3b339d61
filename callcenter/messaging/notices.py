"""Notices of messages that are due: claimed and put into the outbox, or rung, in one transaction each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.errors import Problem
from callcenter.core.guarding import guarded
from callcenter.core.phone import is_mobile
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.events import MessageMoved
from callcenter.dispatch.links import open_link
from callcenter.dispatch.models import (
    Acknowledgement,
    AcknowledgementKind,
    Channel,
    Message,
    MessageStatus,
    Notice,
)
from callcenter.dispatch.notices import Told, attach_link, claim_notice, due_notices
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.messaging.wording import notice_subject, notice_text, read_text, taken_text
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.provider import Provider

MESSAGE_NOTICE = "message_notice"
MESSAGE_TAKEN = "message_taken"
MESSAGE_READ = "message_read"
_SCOPE = Centre(CentreReason.OUTBOX)
_LOOKS_AGAIN_AFTER = timedelta(seconds=3)


def send_due_notices(database: Database, provider: Provider, clock: Clock, *, settings: Settings) -> int:
    """Let every notice leave that is due; how many left."""
    at = clock.now()
    with database.reading(_SCOPE) as session:
        due = due_notices(session, at=at)
    left = 0
    for notice_id in due:
        if clock.now() >= at + _LOOKS_AGAIN_AFTER:
            break  # telephones take their time: what has become urgent meanwhile does not wait for all of them
        with guarded(f"notice {notice_id}"):
            told = _tell(database, settings, notice_id, at=at)
            if told is None:
                continue
            left += 1
            if told.leg_id is not None:
                dial_leg(database, provider, told.leg_id, clock, settings=settings)
    return left


def _tell(database: Database, settings: Settings, notice_id: int, *, at: datetime) -> Told | None:
    with database.unit_of_work(_SCOPE) as session:
        told = claim_notice(session, notice_id, at=at)
        if told is not None and told.recipient is not None and told.channel in {Channel.SMS, Channel.EMAIL}:
            _put(session, told, public_url=settings.public_url, at=at)
    return told


def _put(session: Session, told: Told, *, public_url: str, at: datetime) -> None:
    if told.recipient is None:
        return
    practice = session.scalars(select(Practice).where(Practice.id == told.practice_id)).one()
    link_id, url = open_link_at(session, practice.id, told.recipient.practitioner_id, public_url=public_url, at=at)
    attach_link(session, told.notice_ids, link_id)
    by_email = told.channel is Channel.EMAIL
    subject = notice_subject(
        count=told.count, is_urgent=told.is_urgent, practice=practice.short_name, language=practice.language
    )
    _add(
        session,
        practice_id=practice.id,
        dedupe_key=f"notice-{min(told.notice_ids)}",
        kind=MESSAGE_NOTICE,
        channel=OutboxChannel.EMAIL if by_email else OutboxChannel.SMS,
        to_number="" if by_email else told.recipient.address,
        to_email=told.recipient.address if by_email else "",
        subject=subject if by_email else "",
        body=notice_text(
            url, count=told.count, is_urgent=told.is_urgent, practice=practice.short_name, language=practice.language
        ),
        link_id=link_id,
        created_at=at,
    )


def take_by_telephone(session: Session, leg_id: int, *, public_url: str, at: datetime) -> bool:
    """A key takes every message that this telephone rang about and nobody has, and a text says where to read them.

    Whether there was one, or was by an earlier press of it. The calls are locked by the first acknowledgement, in
    order: two telephones may ring for one message.
    """
    rows = session.execute(
        select(Notice.message_id, Notice.practitioner_id, Notice.address, Message.status)
        .join(Message, Message.id == Notice.message_id)
        .where(Notice.leg_id == leg_id, Notice.practitioner_id.is_not(None))
        .order_by(Notice.message_id)
    ).all()
    taken = []
    for message_id, practitioner_id, _, status in rows:
        if status == MessageStatus.DONE:  # nothing is left to be taken: the telephone says so
            continue
        by = Reader(Channel.PHONE, practitioner_id=practitioner_id, leg_id=leg_id)
        try:
            acknowledge(session, message_id, AcknowledgementKind.TAKEN, by=by, at=at)
        except Problem:  # a colleague has it, or it was taken back
            continue
        taken.append(message_id)
    _, practitioner_id, number, _ = rows[0] if rows else (0, None, "", "")
    if taken and practitioner_id is not None:
        _send_what_was_taken(session, taken, practitioner_id, number, public_url=public_url, at=at)
    return bool(taken)


def _send_what_was_taken(
    session: Session, message_ids: Sequence[int], practitioner_id: int, number: str, *, public_url: str, at: datetime
) -> None:
    """To the telephone that took them, once; no landline gets it."""
    if not is_mobile(number):
        return
    taken = list(session.scalars(select(Message).where(Message.id.in_(message_ids)).order_by(Message.id)))
    key = f"message-taken-{taken[0].id}"
    if session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is not None:
        return
    practice = session.scalars(select(Practice).where(Practice.id == taken[0].practice_id)).one()
    link_id, url = open_link_at(session, practice.id, practitioner_id, public_url=public_url, at=at)
    rung = select(Notice.id).where(
        Notice.message_id.in_(message_ids), Notice.practitioner_id == practitioner_id, Notice.leg_id.is_not(None)
    )
    attach_link(session, session.scalars(rung).all(), link_id)
    _add(
        session,
        practice_id=practice.id,
        dedupe_key=key,
        kind=MESSAGE_TAKEN,
        to_number=number,
        body=taken_text(url, practice=practice.short_name, language=practice.language),
        link_id=link_id,
        created_at=at,
    )


def tell_patient(session: Session, event: MessageMoved) -> None:
    """A patient who was promised it is told that her message was read, once; no landline is.

    By a practitioner: one that the supervisors saw to themselves was read by none.
    """
    if event.status not in {MessageStatus.READ, MessageStatus.TAKEN, MessageStatus.DONE}:
        return
    message = session.scalars(select(Message).where(Message.id == event.message_id)).one()
    number = message.callback_number
    if not message.tells_patient or number is None or not is_mobile(number):
        return
    by_practitioner = select(Acknowledgement.kind).where(
        Acknowledgement.message_id == message.id, Acknowledgement.practitioner_id.is_not(None)
    )
    if session.scalar(by_practitioner.limit(1)) is None:
        return
    key = f"message-read-{message.id}"
    if session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is not None:
        return
    practice = session.scalars(select(Practice).where(Practice.id == event.practice_id)).one()
    _add(
        session,
        practice_id=practice.id,
        dedupe_key=key,
        kind=MESSAGE_READ,
        to_number=number,
        body=read_text(practice=practice.short_name, language=practice.language),
        message_id=message.id,
        created_at=event.at,
    )


def channel_of_link(session: Session, link_id: int) -> Channel:
    """By what an address was sent: who acts behind it has been reached by that."""
    sent = select(OutboxMessage.channel).where(OutboxMessage.link_id == link_id).order_by(OutboxMessage.id).limit(1)
    return Channel.EMAIL if session.scalar(sent) == OutboxChannel.EMAIL else Channel.SMS


def open_link_at(
    session: Session, practice_id: int, practitioner_id: int, *, public_url: str, at: datetime
) -> tuple[int, str]:
    """A new address for this practitioner: its row, and the whole address."""
    link_id, token = open_link(session, practice_id=practice_id, practitioner_id=practitioner_id, at=at)
    return link_id, f"{public_url}/m/{token}"


def _add(session: Session, *, created_at: datetime, **values: object) -> None:
    session.add(
        OutboxMessage(
            status=OutboxStatus.PENDING, created_at=created_at, due_at=created_at, attempts=0, error="", **values
        )
    )
    touch(session, "outbox")
