"""Table of the outbox: what leaves for a patient, and what became of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned


class OutboxStatus(StrEnum):
    """pending -> sending -> sent -> delivered; a crash while sending leaves ``uncertain``: looked up, then resent."""

    PENDING = "pending"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class OutboxChannel(StrEnum):
    """By what it leaves."""

    SMS = "sms"
    EMAIL = "email"


class OutboxMessage(PracticeOwned, Base):
    """One text to one patient or practitioner, or one e-mail to a practitioner."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'sending', 'uncertain', 'sent', 'delivered', 'failed', 'canceled')", name="status"
        ),
        CheckConstraint("channel IN ('sms', 'email')", name="channel"),
        Index("ix_outbox_message_status_due_at", "status", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)  # one fact, one message
    kind: Mapped[str] = mapped_column(String(40))  # appointment_booked, callback_link, message_notice
    channel: Mapped[OutboxChannel] = mapped_column(String(5), default=OutboxChannel.SMS)
    to_number: Mapped[str] = mapped_column(String(20), default="")  # E.164; empty: an e-mail
    to_email: Mapped[str] = mapped_column(String(254), default="")
    subject: Mapped[str] = mapped_column(String(120), default="")  # of an e-mail
    body: Mapped[str] = mapped_column(String(700))
    status: Mapped[OutboxStatus] = mapped_column(String(10), default=OutboxStatus.PENDING)
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    claimed_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    sid: Mapped[str | None] = mapped_column(String(40), unique=True)  # the carrier's
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str] = mapped_column(String(300), default="")
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("message_link.id"), index=True)  # what a notice leads to
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # what a patient is told of
