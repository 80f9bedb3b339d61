"""A message is written: checked, planned up its whole ladder, or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, clean_text
from callcenter.directory.models import Patient, Practice, Practitioner
from callcenter.dispatch.events import MessageMoved
from callcenter.dispatch.models import MayAnswer, Message, MessageStatus, Notice, NoticeStatus, Target, Urgency
from callcenter.dispatch.recipients import ladder_of, recipient_of, schedule_of
from callcenter.dispatch.rules.deadline import deadline
from callcenter.dispatch.rules.ladder import Planned, Step, plan
from callcenter.dispatch.rules.message_state import may_become
from callcenter.dispatch.rules.timing import told_at

_LONGEST = 2000
_LONGEST_FIELD = 300


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """A message as typed. ``practitioner_id`` None: whoever is on call; ``number`` as people dial it there.

    ``within`` is the template's own deadline; ``deadline_at`` what the operator chose instead; neither: as the urgency
    says.
    """

    request_key: str
    words: str
    urgency: Urgency = Urgency.ROUTINE
    practitioner_id: int | None = None
    caller: str = ""
    number: str = ""
    read_back: bool = False
    fields: Sequence[tuple[str, str]] = ()
    may_answer: MayAnswer = MayAnswer.PRACTICE
    tells_patient: bool = False
    patient_id: int | None = None
    call_id: int | None = None
    within: timedelta | None = None
    deadline_at: datetime | None = None


def write_message(
    session: Session,
    practice_id: int,
    typed: TypedMessage,
    *,
    staff_id: int,
    at: datetime,
    free_at: datetime | None = None,
) -> Message:
    """Keep a message and plan every notice of it; sent twice (``request_key``), it is the first.

    ``free_at``: when the patient leaves who is with the practitioner now; None: nobody is. Raises ``Invalid``, and
    ``Conflict`` for a key of another practice.
    """
    known = session.scalar(
        select(Message).where(Message.practice_id == practice_id, Message.request_key == typed.request_key)
    )
    if known is not None:
        return known
    practice = session.scalars(select(Practice).where(Practice.id == practice_id)).one()
    values = _checked(session, practice, typed, at=at)
    due_at = first_told_at(session, practice, typed.practitioner_id, typed.urgency, at=at, free_at=free_at)
    chosen = typed.deadline_at or deadline(typed.urgency, written_at=at, zone=practice.zone, within=typed.within)
    is_new = insert_new(
        session,
        Message,
        practice_id=practice_id,
        request_key=typed.request_key,
        status=MessageStatus.WRITTEN,
        written_by=staff_id,
        written_at=at,
        due_at=due_at,
        # By when somebody must have it is never before anybody is told.
        deadline_at=max(chosen, due_at),
        **values,
    )
    message = session.scalar(
        select(Message).where(Message.practice_id == practice_id, Message.request_key == typed.request_key)
    )
    if message is None:  # the key is another practice's
        raise Conflict(N_("This form was sent before, for another practice. Open it anew."))
    if not is_new:
        return message
    for one in planned_notices(session, message, at=at):
        session.add(
            Notice(
                practice_id=practice_id,
                message_id=message.id,
                position=one.position,
                repetition=one.repetition,
                target=one.target,
                channel=one.channel,
                due_at=one.due_at,
                status=NoticeStatus.DUE,
            )
        )
    session.flush()
    record_act(session, "message_written", _subject(message.id), at=at, staff_id=staff_id, practice_id=practice_id)
    touch_message(session, message)
    return message


def first_told_at(
    session: Session,
    practice: Practice,
    practitioner_id: int | None,
    urgency: Urgency,
    *,
    at: datetime,
    free_at: datetime | None = None,
) -> datetime:
    """When a message that is written now is first told; whoever is on call is told at once."""
    if practitioner_id is None:
        return at
    wishes = schedule_of(session, practitioner_id)
    return told_at(wishes, urgency=urgency, written_at=at, zone=practice.zone, free_at=free_at)


def planned_notices(session: Session, message: Message, *, at: datetime) -> tuple[Planned, ...]:
    """Every notice that this message would have, planned now."""
    urgency = Urgency(message.urgency)

    def is_reachable(step: Step) -> bool:
        if step.target is Target.ON_CALL or message.practitioner_id is None:
            return True  # who that is, is found when the step is due
        return recipient_of(session, message, step.target, step.channel, at=at) is not None

    return plan(
        ladder_of(session, message.practice_id, urgency),
        due_at=message.due_at,
        climbs=urgency is Urgency.URGENT,
        is_reachable=is_reachable,
    )


def withdraw_message(session: Session, message_id: int, *, staff_id: int, at: datetime) -> None:
    """Take back what was written by mistake: nobody is told any more. Twice, it changes nothing.

    Raises ``NotFound``, and ``Conflict`` when somebody has it already.
    """
    message = lock_message(session, message_id)
    if message.status == MessageStatus.WITHDRAWN:
        return
    if message.status in {MessageStatus.TAKEN, MessageStatus.DONE}:
        raise Conflict(N_("Somebody has this message already: tell them, it cannot be taken back."))
    cancel_notices(session, message, at=at)
    record_act(
        session, "message_withdrawn", _subject(message.id), at=at, staff_id=staff_id, practice_id=message.practice_id
    )
    move_message(session, message, MessageStatus.WITHDRAWN, at=at)


def lock_message(session: Session, message_id: int) -> Message:
    """The message, locked until the end of the transaction: whatever moves it takes this first. Raises ``NotFound``."""
    found = session.scalar(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(N_("There is no such message."))
    return found


def move_message(session: Session, message: Message, status: MessageStatus, *, at: datetime) -> bool:
    """Note that a locked message has become more; news that is older than what is known changes nothing."""
    if not may_become(MessageStatus(message.status), status):
        return False
    message.status = status
    session.flush()
    publish(session, MessageMoved(message.id, message.practice_id, status, at))
    touch_message(session, message)
    return True


def cancel_notices(session: Session, message: Message, *, at: datetime) -> None:
    """Nobody else is to be told of a locked message."""
    session.execute(
        update(Notice)
        .where(Notice.message_id == message.id, Notice.status == NoticeStatus.DUE)
        .values(status=NoticeStatus.CANCELED, settled_at=at)
        .execution_options(synchronize_session=False)
    )


def hurry_supervisors(session: Session, message: Message, *, at: datetime) -> None:
    """Where nobody at all was told of a locked message, nor is to be at this instant, its supervisors are told now.

    The steps to come stay: somebody may be on call by then.
    """
    is_awaited = (Notice.status == NoticeStatus.DUE) & (Notice.due_at <= at)
    others = select(Notice.id).where(
        Notice.message_id == message.id,
        Notice.target != Target.SUPERVISOR,
        or_(Notice.told_at.is_not(None), is_awaited),
    )
    if session.scalar(others.limit(1)) is None:
        session.execute(
            update(Notice)
            .where(
                Notice.message_id == message.id,
                Notice.target == Target.SUPERVISOR,
                Notice.status == NoticeStatus.DUE,
                Notice.due_at > at,
            )
            .values(due_at=at)
            .execution_options(synchronize_session=False)
        )


def touch_message(session: Session, message: Message) -> None:
    """Signal every screen that shows it."""
    touch(session, f"messages-{message.practice_id}", "loops")
    if message.urgency == Urgency.URGENT:
        touch(session, "urgent-messages")
    if message.call_id is not None:
        touch(session, f"call-{message.call_id}")


def _checked(session: Session, practice: Practice, typed: TypedMessage, *, at: datetime) -> dict[str, object]:
    words = clean_text(typed.words, limit=_LONGEST)
    if not words:
        raise Invalid(N_("Write what the caller said, in their own words."), field="words")
    if typed.practitioner_id is not None and not session.scalar(
        select(Practitioner.id).where(Practitioner.practice_id == practice.id, Practitioner.id == typed.practitioner_id)
    ):
        raise Invalid(N_("Choose whom the message is for."), field="practitioner_id")
    if typed.patient_id is not None and not session.scalar(
        select(Patient.id).where(Patient.practice_id == practice.id, Patient.id == typed.patient_id)
    ):
        raise Invalid(N_("This practice has no such patient."), field="patient_id")
    number = parse_number(typed.number, country=practice.country, field="number") if typed.number.strip() else None
    if number is None and typed.urgency is Urgency.URGENT:
        raise Invalid(N_("An urgent message needs a number at which the caller can be reached."), field="number")
    if typed.deadline_at is not None and typed.deadline_at <= at:
        raise Invalid(N_("This deadline is over already."), field="deadline")
    fields = [[clean_line(label, limit=60), clean_line(value, limit=_LONGEST_FIELD)] for label, value in typed.fields]
    return {
        "call_id": typed.call_id,
        "patient_id": typed.patient_id,
        "practitioner_id": typed.practitioner_id,
        "caller": clean_line(typed.caller, limit=120),
        "callback_number": number,
        "read_back": typed.read_back and number is not None,
        "words": words,
        "fields": [one for one in fields if one[1]],
        "urgency": typed.urgency,
        "may_answer": typed.may_answer,
        "tells_patient": typed.tells_patient,
    }


def _subject(message_id: int) -> str:
    return f"message {message_id}"
