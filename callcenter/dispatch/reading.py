"""Messages as screens show them: a practitioner's lists, one with its history, and a line each for the desk.

The same number of queries however many they show, and one alone when there is none.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practice, Practitioner, Staff
from callcenter.dispatch.message_view import UNREAD, Answered, MessageView, Said, Told
from callcenter.dispatch.models import (
    Acknowledgement,
    AcknowledgementKind,
    AnswerKind,
    Channel,
    MayAnswer,
    Message,
    MessageAnswer,
    MessageStatus,
    Notice,
    NoticeStatus,
    Target,
    Urgency,
)
from callcenter.dispatch.rules.message_state import OPEN

DONE_FOR = timedelta(days=7)
"""How long what is done stays on a practitioner's page."""

_SOONEST = (Urgency.URGENT, Urgency.TODAY, Urgency.ROUTINE)


@dataclass(frozen=True, slots=True)
class PractitionersMessages:
    """What a practitioner's page shows: what waits, the urgent first; what somebody has; what is done."""

    waiting: Sequence[MessageView]
    taken: Sequence[MessageView]
    done: Sequence[MessageView]


def messages_for(session: Session, practitioner_ids: Collection[int], *, at: datetime) -> PractitionersMessages:
    """The messages for these practitioners (one person at several practices), and those they were told of or took."""
    recent = Message.id.in_(
        select(Acknowledgement.message_id).where(
            Acknowledgement.kind == AcknowledgementKind.DONE, Acknowledgement.acknowledged_at > at - DONE_FOR
        )
    )
    shown = _described(
        session,
        _messages()
        .where(_concerns(practitioner_ids), or_(Message.status.in_(OPEN), recent))
        .order_by(Message.written_at, Message.id),
    )
    waiting = [one for one in shown if one.is_untaken]
    done = [one for one in shown if one.status is MessageStatus.DONE]
    return PractitionersMessages(
        waiting=sorted(waiting, key=lambda one: (_SOONEST.index(one.urgency), one.deadline_at, one.id)),
        taken=[one for one in shown if one.status is MessageStatus.TAKEN],
        done=sorted(done, key=lambda one: one.said[AcknowledgementKind.DONE].at, reverse=True),
    )


def count_unread(session: Session, practitioner_ids: Collection[int], *, at: datetime) -> int:
    """How many of their messages nobody has opened; those that wait for a batch are not counted before it."""
    unread = select(func.count()).where(_concerns(practitioner_ids), Message.status.in_(UNREAD), Message.due_at <= at)
    return session.scalar(unread) or 0


def read_message(session: Session, message_id: int, practitioner_ids: Collection[int]) -> MessageView:
    """One message, for whom it concerns and for the colleagues who may answer it. Raises ``NotFound``."""
    of_practice = Message.practice_id.in_(select(Practitioner.practice_id).where(Practitioner.id.in_(practitioner_ids)))
    may = or_(_concerns(practitioner_ids), (Message.may_answer == MayAnswer.PRACTICE) & of_practice)
    found = _described(session, _messages().where(Message.id == message_id, may))
    if not found:
        raise NotFound(N_("There is no such message."))
    return found[0]


def read_messages(session: Session, message_ids: Collection[int]) -> Sequence[MessageView]:
    """These messages, the most urgent first; those of a link, whose holder was told of them."""
    shown = _described(session, _messages().where(Message.id.in_(message_ids)).order_by(Message.written_at, Message.id))
    return sorted(shown, key=lambda one: (not one.is_untaken, _SOONEST.index(one.urgency), one.deadline_at))


def messages_on_card(
    session: Session, call_id: int, patient_id: int | None, *, since: datetime
) -> Sequence[MessageView]:
    """The messages of a call, and those about its patient written since then; the latest first."""
    about = Message.call_id == call_id
    if patient_id is not None:
        about = or_(about, (Message.patient_id == patient_id) & (Message.written_at > since))
    return _described(session, _messages().where(about).order_by(Message.written_at.desc(), Message.id.desc()))


def _concerns(practitioner_ids: Collection[int]) -> ColumnElement[bool]:
    told = exists().where(
        Notice.message_id == Message.id, Notice.practitioner_id.in_(practitioner_ids), Notice.told_at.is_not(None)
    )
    said = exists().where(
        Acknowledgement.message_id == Message.id, Acknowledgement.practitioner_id.in_(practitioner_ids)
    )
    return or_(Message.practitioner_id.in_(practitioner_ids), told, said)


def _messages() -> Select[Message, Practice, str, str, str, str, str]:
    return (
        select(
            *(Message, Practice, Practitioner.name, Staff.name),
            *(Patient.title, Patient.given_name, Patient.family_name),
        )
        .join(Practice, Practice.id == Message.practice_id)
        .join(Staff, Staff.id == Message.written_by)
        .outerjoin(Practitioner, Practitioner.id == Message.practitioner_id)
        .outerjoin(Patient, Patient.id == Message.patient_id)
    )


def _described(session: Session, found: Select[Message, Practice, str, str, str, str, str]) -> list[MessageView]:
    rows = session.execute(found).all()
    if not rows:
        return []
    ids = [message.id for message, *_ in rows]
    said, told, answers = _said(session, ids), _told(session, ids), _answers(session, ids)
    return [
        MessageView(
            id=message.id,
            call_id=message.call_id,
            practice_id=practice.id,
            practice=practice.short_name,
            zone=practice.zone,
            country=practice.country,
            practitioner_id=message.practitioner_id,
            practitioner=practitioner or "",
            patient=" ".join(part for part in (title, given, family) if part),
            caller=message.caller,
            number=message.callback_number,
            read_back=message.read_back,
            words=message.words,
            fields=message.fields,
            urgency=Urgency(message.urgency),
            status=MessageStatus(message.status),
            may_answer=MayAnswer(message.may_answer),
            tells_patient=message.tells_patient,
            written_by=writer,
            written_at=message.written_at,
            due_at=message.due_at,
            deadline_at=message.deadline_at,
            said=said[message.id],
            told=told[message.id],
            answers=answers[message.id],
        )
        for message, practice, practitioner, writer, title, given, family in rows
    ]


def _said(session: Session, ids: Collection[int]) -> Mapping[int, dict[AcknowledgementKind, Said]]:
    rows = session.execute(
        select(Acknowledgement, func.coalesce(Practitioner.name, Staff.name, ""))
        .outerjoin(Practitioner, Practitioner.id == Acknowledgement.practitioner_id)
        .outerjoin(Staff, Staff.id == Acknowledgement.staff_id)
        .where(Acknowledgement.message_id.in_(ids))
        .order_by(Acknowledgement.acknowledged_at)
    )
    found: dict[int, dict[AcknowledgementKind, Said]] = defaultdict(dict)
    for one, name in rows:
        found[one.message_id][AcknowledgementKind(one.kind)] = Said(name, one.acknowledged_at, Channel(one.channel))
    return found


def _told(session: Session, ids: Collection[int]) -> Mapping[int, list[Told]]:
    supervisor = aliased(Staff)
    rows = session.execute(
        select(Notice, func.coalesce(Practitioner.name, supervisor.name, ""))
        .outerjoin(Practitioner, Practitioner.id == Notice.practitioner_id)
        .outerjoin(supervisor, supervisor.id == Notice.staff_id)
        .where(Notice.message_id.in_(ids))
        .order_by(func.coalesce(Notice.told_at, Notice.due_at), Notice.position, Notice.repetition)
    )
    found: dict[int, list[Told]] = defaultdict(list)
    for one, name in rows:
        at = one.told_at or one.due_at
        told = Told(Target(one.target), Channel(one.channel), NoticeStatus(one.status), name, at)
        found[one.message_id].append(told)
    return found


def _answers(session: Session, ids: Collection[int]) -> Mapping[int, list[Answered]]:
    rows = session.execute(
        select(MessageAnswer, func.coalesce(Practitioner.name, Staff.name, ""))
        .outerjoin(Practitioner, Practitioner.id == MessageAnswer.practitioner_id)
        .outerjoin(Staff, Staff.id == MessageAnswer.staff_id)
        .where(MessageAnswer.message_id.in_(ids))
        .order_by(MessageAnswer.id)
    )
    found: dict[int, list[Answered]] = defaultdict(list)
    for one, name in rows:
        found[one.message_id].append(Answered(AnswerKind(one.kind), one.words, name, one.answered_at))
    return found
