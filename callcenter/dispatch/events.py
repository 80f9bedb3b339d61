"""What became of messages, told upwards."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.dispatch.models import AnswerKind, MessageStatus


@dataclass(frozen=True, slots=True)
class MessageMoved:
    """A message has become more: sent, read, taken, done, withdrawn."""

    message_id: int
    practice_id: int
    status: MessageStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageAnswered:
    """A practitioner said from a message what is to be done."""

    message_id: int
    practice_id: int
    answer_id: int
    kind: AnswerKind
    words: str
    staff_id: int | None
    practitioner_id: int | None
    at: datetime
