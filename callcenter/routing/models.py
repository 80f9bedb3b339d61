"""Tables of the automatic call distributor: operators, places in the queue, offers, call-backs owed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.routing.choice import SIDE_BY_SIDE, PriorityReason
from callcenter.routing.choice import ReservationRule as ReservationRule


class AgentStatus(StrEnum):
    """An operator as the distributor sees her."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    BREAK = "break_"


class QueueEntryStatus(StrEnum):
    """How a caller's waiting stands or ended."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOW = "overflow"  # waited longer than her practice allows: sent where it said
    CALLBACK = "callback"  # asked to be rung back, and keeps her place there


class ReservationStatus(StrEnum):
    """How an offer to one agent stands or ended."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    DECLINED = "declined"
    CANCELED = "canceled"  # the caller left, a colleague pulled the call, or she went on a break


class Ear(StrEnum):
    """What an operator hears her calls with."""

    SOFTPHONE = "softphone"  # in her browser
    TELEPHONE = "telephone"  # her own, in ``Staff.endpoint``


class CallbackReason(StrEnum):
    """Why a caller is owed a call."""

    ABANDONED = "abandoned"  # she hung up after waiting
    ASKED = "asked"  # she asked to be rung back without losing her place


class CallbackStatus(StrEnum):
    """How a call-back stands."""

    OPEN = "open"
    TAKEN = "taken"  # an operator is ringing her
    DONE = "done"  # spoken with, whoever rang whom
    UNREACHED = "unreached"  # tried as often as is decent: a supervisor decides
    SETTLED = "settled"  # she has: nobody rings any more


OWED = (CallbackStatus.OPEN, CallbackStatus.TAKEN)
"""A call is still owed: it is rung by nobody yet, or by an operator."""


class BreatherReason(StrEnum):
    """What made a call hard, so that the break after it counts as work."""

    ABUSE = "abuse"
    EMERGENCY = "emergency"


class Agent(Base):
    """One row per operator, made at her first sign-in to the desk."""

    __tablename__ = "agent"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    status: Mapped[AgentStatus] = mapped_column(String(12), default=AgentStatus.OFFLINE)
    status_since: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime] = mapped_column(Instant)  # presence: renewed by heartbeats
    missed_call: Mapped[bool] = mapped_column(default=False)  # on break because an offer expired
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))  # the call she talks on or wraps up
    # The browser that has her desk; another that signs in takes it over. No foreign key: sessions are swept away.
    session_id: Mapped[int | None]
    session_since: Mapped[datetime | None] = mapped_column(Instant)
    ear: Mapped[Ear | None] = mapped_column(String(10))  # None: her own telephone if she has one, else the browser
    wrap_up_until: Mapped[datetime | None] = mapped_column(Instant)
    breather_until: Mapped[datetime | None] = mapped_column(Instant)  # a break after a hard call, which counts as work
    lapsed_at: Mapped[datetime | None] = mapped_column(Instant)  # offline since then because her browser fell silent


class Breather(Base):
    """A break after a hard call, kept for good: it counts as work until ``until_at``, or until she came back sooner."""

    __tablename__ = "breather"
    __table_args__ = (
        Index(
            "uq_breather_open",
            "staff_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_breather_staff_id_began_at", "staff_id", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    reason: Mapped[BreatherReason] = mapped_column(String(10))
    began_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # when her break was over, perhaps long after

    @property
    def counts_until(self) -> datetime | None:
        """The end of what counts as work; None while she may still come back sooner."""
        return None if self.ended_at is None else min(self.ended_at, self.until_at)


class QueueEntry(PracticeOwned, Base):
    """One caller's place in the queue."""

    __tablename__ = "queue_entry"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'answered', 'abandoned', 'overflow', 'callback')", name="status"),
        Index("ix_queue_entry_status_joined_at", "status", "joined_at"),
        # The few patients whose operator's telephone is lost: looked for every second.
        Index(
            "ix_queue_entry_requeue_at",
            "requeue_at",
            sqlite_where=text("requeue_at IS NOT NULL"),
            postgresql_where=text("requeue_at IS NOT NULL"),
        ),
        # Those of whom the carrier is still to be told: looked for every second.
        Index(
            "ix_queue_entry_unsent",
            "overflowed_at",
            sqlite_where=text("overflowed_at IS NOT NULL AND sent_at IS NULL"),
            postgresql_where=text("overflowed_at IS NOT NULL AND sent_at IS NULL"),
        ),
        # Counted for each newcomer, among the calls of years.
        Index(
            "ix_queue_entry_waiting",
            "practice_id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))  # found by its call, or by who waits
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), unique=True)
    status: Mapped[QueueEntryStatus] = mapped_column(String(12), default=QueueEntryStatus.WAITING)
    urgent: Mapped[bool] = mapped_column(default=False)  # said so at the gate: before everybody else
    priority: Mapped[int] = mapped_column(default=0)  # larger is sooner, after the urgent
    priority_reason: Mapped[PriorityReason] = mapped_column(String(10), default=PriorityReason.NONE)
    ahead: Mapped[int] = mapped_column(default=0)  # how many of her own practice waited when she joined
    joined_at: Mapped[datetime] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    requeue_at: Mapped[datetime | None] = mapped_column(Instant)  # her operator's telephone is lost: back to the head
    # Somebody spoke with her already, and she waits anew since then; until her call ends.
    returned_at: Mapped[datetime | None] = mapped_column(Instant)
    # Sent where her practice said, or to hear that she is rung back; or, once she waits again or has a promised place,
    # since when her waiting counts for being sent.
    overflowed_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)  # the carrier knows of it


# ``choice.Waiting.turn``, as the databases sort it.
IN_TURN = (
    QueueEntry.urgent.desc(),
    QueueEntry.priority.desc(),
    QueueEntry.ahead // SIDE_BY_SIDE,
    QueueEntry.joined_at,
    QueueEntry.id,
)


class Reservation(PracticeOwned, Base):
    """An offer of one waiting call to one agent."""

    __tablename__ = "reservation"
    __table_args__ = (
        # One offer reserves one agent, and a caller is offered to one agent at a time: the database says so.
        Index(
            "uq_reservation_pending_staff",
            "staff_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "uq_reservation_pending_entry",
            "queue_entry_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))  # found by its call or its place
    queue_entry_id: Mapped[int] = mapped_column(ForeignKey("queue_entry.id"), index=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    status: Mapped[ReservationStatus] = mapped_column(String(10), default=ReservationStatus.PENDING)
    offered_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    rule: Mapped[ReservationRule] = mapped_column(String(14), default=ReservationRule.LONGEST_IDLE)
    idle_since: Mapped[datetime | None] = mapped_column(Instant)  # since when she had been free
    from_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # the colleague who transfers
    note: Mapped[str] = mapped_column(String(300), default="")  # what that colleague says of it


class Callback(PracticeOwned, Base):
    """A caller who is owed a call: one per number and practice at a time, however often she tried."""

    __tablename__ = "callback"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'taken', 'done', 'unreached', 'settled')", name="status"),
        Index(
            "uq_callback_owed",
            "practice_id",
            "number",
            unique=True,
            sqlite_where=text("status IN ('open', 'taken')"),
            postgresql_where=text("status IN ('open', 'taken')"),
        ),
        # Looked for whenever somebody is spoken with, and by the board.
        Index(
            "ix_callback_unreached",
            "practice_id",
            "number",
            sqlite_where=text("status = 'unreached'"),
            postgresql_where=text("status = 'unreached'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))  # found by number, or by status
    number: Mapped[str] = mapped_column(String(20))  # E.164
    reason: Mapped[CallbackReason] = mapped_column(String(10))
    status: Mapped[CallbackStatus] = mapped_column(String(10), default=CallbackStatus.OPEN)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))  # the last call that was lost, or that asked
    losses: Mapped[int] = mapped_column(default=1)  # how often she waited in vain
    urgent: Mapped[bool] = mapped_column(default=False)  # once in an emergency: as long as it is owed
    opened_at: Mapped[datetime] = mapped_column(Instant)  # late fifteen minutes after
    not_before: Mapped[datetime] = mapped_column(Instant)  # the next try, after one that nobody answered
    attempts: Mapped[int] = mapped_column(default=0)
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    outbound_call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))  # the call that rings her
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # after three tries: the last supervisor
    decision: Mapped[str] = mapped_column(String(200), default="")  # what she says of one that is settled


class CallbackLink(PracticeOwned, Base):
    """The address sent to a caller who waits, by which she asks to be rung back. Only the token's hash is kept."""

    __tablename__ = "callback_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
