"""A message as a screen shows it, with all that was heard of it. Read by ``dispatch.reading``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.dispatch.models import (
    AcknowledgementKind,
    AnswerKind,
    Channel,
    MayAnswer,
    MessageStatus,
    NoticeStatus,
    Target,
    Urgency,
)
from callcenter.dispatch.rules.message_state import OPEN, UNTAKEN

UNREAD = (MessageStatus.WRITTEN, MessageStatus.SENT, MessageStatus.DELIVERED)
"""Messages that nobody has opened."""

_LEFT = (NoticeStatus.SENT, NoticeStatus.DELIVERED, NoticeStatus.FAILED)
_NOTHING_CAME = (NoticeStatus.LEFT_OUT, NoticeStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class Said:
    """Who read, took or ended a message, by what and when; ``by`` is empty when nobody knows any more."""

    by: str
    at: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class Answered:
    """What a practitioner answered."""

    kind: AnswerKind
    words: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One notice: to whom, by what, and how it went; ``at`` is when it left, or will at the earliest."""

    target: Target
    channel: Channel
    status: NoticeStatus
    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with its history. Instants are UTC; ``zone`` is where the practice's clocks stand.

    ``practitioner`` is empty for one that is for whoever is on call.
    """

    id: int
    call_id: int | None
    practice_id: int
    practice: str
    zone: str
    country: str
    practitioner_id: int | None
    practitioner: str
    patient: str
    caller: str
    number: str | None
    read_back: bool
    words: str
    fields: Sequence[Sequence[str]]
    urgency: Urgency
    status: MessageStatus
    may_answer: MayAnswer
    tells_patient: bool
    written_by: str
    written_at: datetime
    due_at: datetime
    deadline_at: datetime
    said: Mapping[AcknowledgementKind, Said] = field(default_factory=dict)
    told: Sequence[Told] = ()
    answers: Sequence[Answered] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes something."""
        return self.status in OPEN

    @property
    def is_untaken(self) -> bool:
        """Whether nobody has made it theirs."""
        return self.status in UNTAKEN

    @property
    def is_unread(self) -> bool:
        """Whether nobody has opened it."""
        return self.status in UNREAD

    @property
    def is_urgent(self) -> bool:
        """Whether it climbs until somebody has it."""
        return self.urgency is Urgency.URGENT

    @property
    def may_be_withdrawn(self) -> bool:
        """Whether it can still be taken back."""
        return self.is_untaken

    @property
    def left_at(self) -> datetime | None:
        """When the first was told; None: nobody yet."""
        return min((one.at for one in self.told if one.status in _LEFT), default=None)

    @property
    def history(self) -> Sequence[tuple[datetime, str, Said | Answered | Told]]:
        """What was heard of it since it was written, in its order; what will not happen is left out."""
        told = [(one.at, "told", one) for one in self.told if one.status not in _NOTHING_CAME]
        said = [(one.at, kind.value, one) for kind, one in self.said.items()]
        return sorted([*told, *said, *((one.at, "answered", one) for one in self.answers)], key=lambda one: one[0])

    def is_late(self, at: datetime) -> bool:
        """Whether nobody had it by its deadline."""
        return self.is_untaken and self.deadline_at <= at
