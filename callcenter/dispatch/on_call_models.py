"""Tables of being on call: rotations, and what was arranged otherwise."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.dispatch.rules.roster import ShiftSource as ShiftSource


class SwapStatus(StrEnum):
    """Where an exchange stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"  # the roster had changed before the other agreed


class OnCallRotation(PracticeOwned, Base):
    """Practitioners who are on call in turn, in the practice's wall-clock time."""

    __tablename__ = "on_call_rotation"
    __table_args__ = (CheckConstraint("turn_days BETWEEN 1 AND 366", name="turn_days"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    starts_on: Mapped[date]  # the first turn begins on this day
    turn_days: Mapped[int]
    changes_at: Mapped[time]
    ends_on: Mapped[date | None]  # the last day on which a turn may begin


class OnCallMember(PracticeOwned, Base):
    """One practitioner's place in a rotation."""

    __tablename__ = "on_call_member"

    rotation_id: Mapped[int] = mapped_column(ForeignKey("on_call_rotation.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))


class OnCallShift(PracticeOwned, Base):
    """A stretch that was arranged above the rotations; the later row counts. Nobody is erased: it is withdrawn."""

    __tablename__ = "on_call_shift"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("source IN ('override', 'swap', 'imported')", name="source"),
        Index("ix_on_call_shift_practice_id_ends_at", "practice_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # None: nobody is on call
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    source: Mapped[ShiftSource] = mapped_column(String(8))
    arranged_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    arranged_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


class ShiftSwap(PracticeOwned, Base):
    """Two practitioners exchange stretches of being on call: proposed by one, agreed by the other."""

    __tablename__ = "shift_swap"
    __table_args__ = (
        CheckConstraint("given_starts_at < given_ends_at AND returned_starts_at < returned_ends_at", name="order"),
        CheckConstraint("status IN ('proposed', 'agreed', 'declined', 'withdrawn', 'outdated')", name="status"),
        CheckConstraint("giver_id <> taker_id", name="two"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))  # who proposes
    given_starts_at: Mapped[datetime] = mapped_column(Instant)
    given_ends_at: Mapped[datetime] = mapped_column(Instant)
    taker_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    returned_starts_at: Mapped[datetime] = mapped_column(Instant)
    returned_ends_at: Mapped[datetime] = mapped_column(Instant)
    status: Mapped[SwapStatus] = mapped_column(String(10), default=SwapStatus.PROPOSED)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class OnCallFeed(PracticeOwned, Base):
    """The secret address under which a practice's roster is read as a calendar; only its hash is kept."""

    __tablename__ = "on_call_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
