"""Where a message stands, decided from what was heard of it. Pure.

Receipts come late, twice or never: each fact is kept the first time, and the furthest one says where the message is.
"""

from enum import StrEnum


class Urgency(StrEnum):
    """How soon a message wants its reader, as the operator chose."""

    ROUTINE = "routine"  # by the practitioner's own schedule
    TODAY = "today"  # before the end of the day
    URGENT = "urgent"  # up the ladder until somebody has it


class MessageStatus(StrEnum):
    """Written -> sent -> delivered -> read -> taken -> done; each may be skipped, none is taken back."""

    WRITTEN = "written"  # kept; its moment has not come
    SENT = "sent"  # left for somebody
    DELIVERED = "delivered"  # a telephone, or the application, has it
    READ = "read"
    TAKEN = "taken"  # somebody says: mine
    DONE = "done"
    WITHDRAWN = "withdrawn"  # written by mistake: nobody is told any more


class AcknowledgementKind(StrEnum):
    """What a reader says of a message, by reading it or by a key."""

    READ = "read"
    TAKEN = "taken"
    DONE = "done"


OPEN = (
    MessageStatus.WRITTEN,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
    MessageStatus.TAKEN,
)
"""Messages that somebody still owes something."""

UNTAKEN = OPEN[:-1]
"""Messages that nobody has made theirs: the ladder goes on."""

_ORDER = tuple(MessageStatus)


def may_become(now: MessageStatus, then: MessageStatus) -> bool:
    """Whether this news moves the message: only forward, and nothing moves what is done or withdrawn."""
    return now in OPEN and _ORDER.index(then) > _ORDER.index(now)
