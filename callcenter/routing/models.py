"""Tables of the automatic call distributor."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.routing.choice import SIDE_BY_SIDE


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


class ReservationStatus(StrEnum):
    """How an offer to one agent stands or ended."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    DECLINED = "declined"
    CANCELED = "canceled"  # the caller left, a colleague pulled the call, or she went on a break


class Agent(Base):
    """One row per operator, made at her first sign-in to the desk."""

    __tablename__ = "agent"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    status: Mapped[AgentStatus] = mapped_column(String(12), default=AgentStatus.OFFLINE)
    status_since: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime] = mapped_column(Instant)  # presence: renewed by heartbeats
    missed_call: Mapped[bool] = mapped_column(default=False)  # on break because an offer expired
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))  # the call she talks on or wraps up


class QueueEntry(PracticeOwned, Base):
    """One caller's place in the queue."""

    __tablename__ = "queue_entry"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'answered', 'abandoned')", name="status"),
        Index("ix_queue_entry_status_joined_at", "status", "joined_at"),
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
    ahead: Mapped[int] = mapped_column(default=0)  # how many of her own practice waited when she joined
    joined_at: Mapped[datetime] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)


# ``choice.Waiting.turn``, as the databases sort it.
IN_TURN = (QueueEntry.urgent.desc(), QueueEntry.ahead // SIDE_BY_SIDE, QueueEntry.joined_at, QueueEntry.id)


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
