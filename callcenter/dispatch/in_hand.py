"""Messages that nobody has taken, as the supervisors see them, and what a supervisor does about one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.text import clean_text
from callcenter.directory.models import Practice, Practitioner, Staff
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import (
    AcknowledgementKind,
    AnswerKind,
    Channel,
    Message,
    MessageAnswer,
    MessageStatus,
    Notice,
    NoticeStatus,
    Target,
    Urgency,
)
from callcenter.dispatch.preview import Rung, ladder_so_far
from callcenter.dispatch.rules.message_state import UNTAKEN
from callcenter.dispatch.telephones import lock_with_telephones
from callcenter.dispatch.writing import lock_message, touch_message

NOTE_LIMIT = 200
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Untaken:
    """A message that nobody has taken: who was told, who is next, and whether it has come to the supervisors."""

    message_id: int
    practice: str
    zone: str
    country: str
    is_urgent: bool
    addressee: str  # empty: whoever is on call
    since: datetime
    told: Sequence[Rung]
    next_rung: Rung | None
    reached_at: datetime | None  # when the supervisors were told
    in_hand_by: str  # the supervisor's name; empty: nobody's


def untaken_messages(session: Session, *, at: datetime) -> Sequence[Untaken]:
    """Every urgent message that nobody has taken, and whatever else came to the supervisors; the oldest first.

    Those that came to them and are in nobody's hand stand before the others.
    """
    told = and_(
        Notice.message_id == Message.id,
        Notice.practice_id == Message.practice_id,
        Notice.target == Target.SUPERVISOR,
        Notice.told_at.is_not(None),
    )
    rows = session.execute(
        select(Message, Practice, Practitioner.name, Notice.told_at, Staff.name)
        .join(Practice, Practice.id == Message.practice_id)
        .outerjoin(Practitioner, Practitioner.id == Message.practitioner_id)
        .outerjoin(Notice, told)
        .outerjoin(Staff, Staff.id == Notice.staff_id)
        .where(
            Message.status.in_(UNTAKEN),
            or_(Message.urgency == Urgency.URGENT, Notice.told_at.is_not(None)),
        )
        .order_by(or_(Notice.told_at.is_(None), Notice.staff_id.is_not(None)), Message.written_at, Message.id)
        .limit(_SHOWN)
    ).all()
    found = []
    for message, practice, addressee, reached_at, in_hand_by in rows:
        rungs = ladder_so_far(session, message, at=at)
        found.append(
            Untaken(
                message_id=message.id,
                practice=practice.name,
                zone=practice.zone,
                country=practice.country,
                is_urgent=message.urgency == Urgency.URGENT,
                addressee=addressee or "",
                since=message.written_at,
                told=[one for one in rungs if one.name and one.status is not NoticeStatus.DUE],
                next_rung=next((one for one in rungs if one.is_to_come), None),
                reached_at=reached_at,
                in_hand_by=in_hand_by or "",
            )
        )
    return found


def take_in_hand(session: Session, message_id: int, *, staff_id: int, at: datetime) -> None:
    """A supervisor sees to a message that came to the supervisors; the first one has it, and twice is once.

    Practitioners may still take it. Raises ``NotFound``, and ``Conflict`` when it is not theirs to take.
    """
    message = lock_message(session, message_id)
    _refuse_taken(message)
    mine = (Notice.message_id == message.id, Notice.target == Target.SUPERVISOR, Notice.told_at.is_not(None))
    won = session.scalars(
        update(Notice)
        .where(*mine, Notice.staff_id.is_(None))
        .values(staff_id=staff_id)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not won:
        holder = session.execute(
            select(Staff.id, Staff.name).join(Notice, Notice.staff_id == Staff.id).where(*mine)
        ).first()
        if holder is None:
            raise Conflict(N_("Practitioners are still being told of this message: it is not the supervisors' yet."))
        if holder.id == staff_id:
            return
        raise Conflict(N_("%(name)s has this message in hand already."), name=holder.name)
    record_act(
        session,
        "message_in_hand",
        f"message {message.id}",
        at=at,
        staff_id=staff_id,
        practice_id=message.practice_id,
    )
    touch_message(session, message)


def settle_in_hand(
    session: Session, message_id: int, note: str, *, request_key: str, staff_id: int, at: datetime
) -> None:
    """A supervisor is done with a message, and says what was done; sent twice (``request_key``), it is once.

    Raises ``NotFound``, ``Invalid`` without a note, and ``Conflict`` when a practitioner has it, or it is over.
    """
    message = lock_with_telephones(session, message_id)
    said = clean_text(note, limit=NOTE_LIMIT)
    if not said:
        raise Invalid(N_("One line for the record: what was done?"), field="note")
    if session.scalar(select(MessageAnswer.id).where(MessageAnswer.request_key == request_key)) is not None:
        return
    _refuse_taken(message)
    by = Reader(Channel.DESK, staff_id=staff_id)
    acknowledge(session, message_id, AcknowledgementKind.DONE, by=by, at=at)
    # Kept with the message and told to nobody: what was to be done is done.
    insert_new(
        session,
        MessageAnswer,
        practice_id=message.practice_id,
        request_key=request_key,
        message_id=message_id,
        kind=AnswerKind.TEXT,
        words=said,
        staff_id=staff_id,
        practitioner_id=None,
        answered_at=at,
    )
    record_act(
        session, "message_settled", f"message {message_id}", at=at, staff_id=staff_id, practice_id=message.practice_id
    )


def find_untaken(session: Session, message_id: int) -> Message:
    """The message that a supervisor is asked about. Raises ``NotFound``, and ``Conflict`` when it is over."""
    message = session.scalar(select(Message).where(Message.id == message_id))
    if message is None:
        raise NotFound(N_("There is no such message."))
    _refuse_taken(message)
    return message


def _refuse_taken(message: Message) -> None:
    if message.status == MessageStatus.TAKEN:
        raise Conflict(N_("A practitioner has taken this message: it is in good hands."))
    if message.status not in UNTAKEN:
        raise Conflict(N_("This message is done with already: nothing is left to do."))
