"""What a practitioner says from a message: words for the desk, or what is to be done."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.text import clean_text
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.events import MessageAnswered
from callcenter.dispatch.models import AcknowledgementKind, AnswerKind, MessageAnswer
from callcenter.dispatch.telephones import lock_with_telephones
from callcenter.dispatch.writing import touch_message

_NEEDS_WORDS = (AnswerKind.TEXT, AnswerKind.TELL)


def answer_message(
    session: Session,
    message_id: int,
    kind: AnswerKind,
    words: str,
    *,
    request_key: str,
    by: Reader,
    at: datetime,
) -> MessageAnswer:
    """Keep an answer and tell the desk; sent twice (``request_key``), it is the first.

    Whoever answers has taken the message. What the desk is to do is the desk's from then on, and the message is done;
    who rings the patient still has that to do. Raises what ``acknowledge`` does, ``Invalid``, and ``Conflict`` for the
    key of another message.
    """
    message = lock_with_telephones(session, message_id)
    said = clean_text(words, limit=1000)
    if kind in _NEEDS_WORDS and not said:
        raise Invalid(N_("Write what is to be said."), field="words")
    known = session.scalar(select(MessageAnswer).where(MessageAnswer.request_key == request_key))
    if known is not None and known.message_id == message_id:
        return known
    acknowledge(session, message_id, AcknowledgementKind.READ, by=by, at=at)
    acknowledge(session, message_id, AcknowledgementKind.TAKEN, by=by, at=at)
    is_new = insert_new(
        session,
        MessageAnswer,
        practice_id=message.practice_id,
        request_key=request_key,
        message_id=message_id,
        kind=kind,
        words=said,
        staff_id=by.staff_id,
        practitioner_id=by.practitioner_id,
        answered_at=at,
    )
    if not is_new:  # the key is another message's, perhaps another practice's
        raise Conflict(N_("This form was sent before, for another message. Open it anew."))
    kept = session.scalars(select(MessageAnswer).where(MessageAnswer.request_key == request_key)).one()
    publish(
        session,
        MessageAnswered(message_id, message.practice_id, kept.id, kind, said, by.staff_id, by.practitioner_id, at),
    )
    if kind is not AnswerKind.I_CALL:
        acknowledge(session, message_id, AcknowledgementKind.DONE, by=by, at=at)
    touch_message(session, message)
    return kept
