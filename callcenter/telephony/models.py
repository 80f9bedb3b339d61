"""Tables of telephony: calls, their legs, and the webhooks already applied."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.telephony.statuses import CallStatus as CallStatus
from callcenter.telephony.statuses import LegRole as LegRole
from callcenter.telephony.statuses import LegStatus as LegStatus


class Call(PracticeOwned, Base):
    """One patient's call to one practice's line. Its conference is named after its SID alone."""

    __tablename__ = "call"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'talking', 'ended')", name="status"),
        Index("ix_call_practice_from", "practice_id", "from_number"),
        Index("ix_call_status", "status"),
        # The jobs look every second for calls whose conference is still to be closed: a handful among millions.
        Index(
            "ix_call_unclosed",
            "status",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("practice_line.id"))
    sid: Mapped[str] = mapped_column(String(40), unique=True)  # the carrier's
    from_number: Mapped[str | None] = mapped_column(String(20))  # E.164; None: withheld
    status: Mapped[CallStatus] = mapped_column(String(10), default=CallStatus.WAITING)
    received_at: Mapped[datetime] = mapped_column(Instant)  # the carrier's first webhook: every clock starts here
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)  # nobody is left in its conference at the carrier


class Leg(PracticeOwned, Base):
    """One telephone in a call. The label is unique within the call: a repeated gesture finds the same leg."""

    __tablename__ = "leg"
    __table_args__ = (UniqueConstraint("call_id", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    role: Mapped[LegRole] = mapped_column(String(12))
    label: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(80), default="")  # E.164 or client:identity
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    sid: Mapped[str | None] = mapped_column(String(40), index=True)  # the carrier's call SID of this leg
    status: Mapped[LegStatus] = mapped_column(String(10), default=LegStatus.WANTED)
    on_hold: Mapped[bool] = mapped_column(default=False)
    held_at: Mapped[datetime | None] = mapped_column(Instant)  # since when, while on hold
    failure: Mapped[str] = mapped_column(String(200), default="")
    wanted_at: Mapped[datetime] = mapped_column(Instant)
    ringing_at: Mapped[datetime | None] = mapped_column(Instant)
    joined_at: Mapped[datetime | None] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)


class WebhookReceipt(Base):
    """A webhook already applied; written in the transaction of its effect, so a repeat changes nothing."""

    __tablename__ = "webhook_receipt"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    received_at: Mapped[datetime] = mapped_column(Instant)


class MisdialledCall(Base):
    """A call to a number that no practice has: told to the supervisor."""

    __tablename__ = "misdialled_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(String(40), unique=True)
    to_number: Mapped[str] = mapped_column(String(40))
    from_number: Mapped[str | None] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(Instant)
