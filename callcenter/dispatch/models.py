"""Tables of messages for practitioners: what was said, who was to be told of it when, and what they answered."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.dispatch.rules.ladder import Channel as Channel
from callcenter.dispatch.rules.ladder import Target as Target
from callcenter.dispatch.rules.message_state import AcknowledgementKind as AcknowledgementKind
from callcenter.dispatch.rules.message_state import MessageStatus as MessageStatus
from callcenter.dispatch.rules.message_state import Urgency as Urgency
from callcenter.dispatch.rules.timing import Timing as Timing


class MayAnswer(StrEnum):
    """Who may make a message theirs."""

    ADDRESSEE = "addressee"  # nobody but whom it is for, and whoever the ladder brings in
    PRACTICE = "practice"  # any practitioner of the practice


class AnswerKind(StrEnum):
    """What a practitioner answers from a message."""

    TEXT = "text"  # words for the desk
    BOOK_TODAY = "book_today"
    I_CALL = "i_call"  # the practitioner rings the patient
    TELL = "tell"  # the desk tells the patient these words


class NoticeStatus(StrEnum):
    """How one planned notice stands or ended."""

    DUE = "due"
    SENT = "sent"  # in the outbox, or its telephone wanted
    DELIVERED = "delivered"
    FAILED = "failed"  # told to nobody: refused, not answered, no key pressed
    LEFT_OUT = "left_out"  # a later one of the same step was due as well, or nobody is there to be told
    CANCELED = "canceled"  # somebody has the message already


class Message(PracticeOwned, Base):
    """What a caller wants a practitioner to know. ``status`` is derived from what was heard of it, and only grows."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("urgency IN ('routine', 'today', 'urgent')", name="urgency"),
        CheckConstraint(
            "status IN ('written', 'sent', 'delivered', 'read', 'taken', 'done', 'withdrawn')", name="status"
        ),
        CheckConstraint("may_answer IN ('addressee', 'practice')", name="may_answer"),
        # A handful is open among those of years.
        Index(
            "ix_message_open",
            "practice_id",
            "practitioner_id",
            sqlite_where=text("status NOT IN ('done', 'withdrawn')"),
            postgresql_where=text("status NOT IN ('done', 'withdrawn')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_key: Mapped[str] = mapped_column(String(80), unique=True)  # one form sent twice is one message
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # None: whoever is on call
    caller: Mapped[str] = mapped_column(String(120), default="")
    callback_number: Mapped[str | None] = mapped_column(String(20))  # E.164
    read_back: Mapped[bool] = mapped_column(default=False)  # the number was read back to the caller
    words: Mapped[str] = mapped_column(Text)  # the caller's own
    fields: Mapped[list[list[str]]] = mapped_column(JSON, default=list)  # of its template: [label, what was typed]
    urgency: Mapped[Urgency] = mapped_column(String(10))
    may_answer: Mapped[MayAnswer] = mapped_column(String(10), default=MayAnswer.PRACTICE)
    tells_patient: Mapped[bool] = mapped_column(default=False)  # a text says so once it was read
    status: Mapped[MessageStatus] = mapped_column(String(10), default=MessageStatus.WRITTEN)
    written_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)  # when the first is told
    deadline_at: Mapped[datetime] = mapped_column(Instant)  # by when somebody must have it


class Acknowledgement(PracticeOwned, Base):
    """Somebody read a message, took it, or is done with it: the first of each kind, never taken back."""

    __tablename__ = "acknowledgement"
    __table_args__ = (CheckConstraint("kind IN ('read', 'taken', 'done')", name="kind"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    kind: Mapped[AcknowledgementKind] = mapped_column(String(6), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # by a link or a telephone
    channel: Mapped[Channel] = mapped_column(String(6))
    acknowledged_at: Mapped[datetime] = mapped_column(Instant)


class Notice(PracticeOwned, Base):
    """One planned notice of a message: at most one for each repetition of each step, so that nobody is told twice."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("message_id", "position", "repetition"),
        CheckConstraint("status IN ('due', 'sent', 'delivered', 'failed', 'left_out', 'canceled')", name="status"),
        Index(
            "ix_notice_due",
            "due_at",
            sqlite_where=text("status = 'due'"),
            postgresql_where=text("status = 'due'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    position: Mapped[int]  # of the step
    repetition: Mapped[int]  # from 1
    target: Mapped[Target] = mapped_column(String(10))
    channel: Mapped[Channel] = mapped_column(String(6))  # as planned; ``own`` until it is told
    due_at: Mapped[datetime] = mapped_column(Instant)
    status: Mapped[NoticeStatus] = mapped_column(String(10), default=NoticeStatus.DUE)
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # who it was, once told
    address: Mapped[str] = mapped_column(String(254), default="")  # E.164 or an e-mail address, once told
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # the supervisor who has it in hand
    link_id: Mapped[int | None] = mapped_column(ForeignKey("message_link.id"), index=True)  # what was sent
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"), index=True)  # the telephone that rang
    told_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class MessageLink(PracticeOwned, Base):
    """The address in a text or an e-mail: a page with the messages whose notices went with it.

    Of its token only the hash is kept. It asks for sign-in, or for the practitioner's own code.
    """

    __tablename__ = "message_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    wrong_codes: Mapped[int] = mapped_column(default=0)
    opened_hash: Mapped[str] = mapped_column(String(64), default="")  # of the browser that gave the code
    opened_until: Mapped[datetime | None] = mapped_column(Instant)


class MessageAnswer(PracticeOwned, Base):
    """What a practitioner said from a message; it becomes a task at the desk."""

    __tablename__ = "message_answer"
    __table_args__ = (CheckConstraint("kind IN ('text', 'book_today', 'i_call', 'tell')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_key: Mapped[str] = mapped_column(String(80), unique=True)  # one form sent twice is one answer
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    kind: Mapped[AnswerKind] = mapped_column(String(10))
    words: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    answered_at: Mapped[datetime] = mapped_column(Instant)


class MessageTemplate(PracticeOwned, Base):
    """A practice's own form for one kind of message: its typed fields and what it begins with."""

    __tablename__ = "message_template"
    __table_args__ = (
        UniqueConstraint("practice_id", "position"),
        CheckConstraint("urgency IN ('routine', 'today', 'urgent')", name="urgency"),
        CheckConstraint("deadline_minutes > 0", name="deadline"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]  # from 1: its digit
    name: Mapped[str] = mapped_column(String(60))
    # What is asked: [{"label": "Médicament", "kind": "text", "choices": []}], kinds as in ``rules.fields``.
    fields: Mapped[list[dict[str, object]]] = mapped_column(JSON, default=list)
    urgency: Mapped[Urgency] = mapped_column(String(10), default=Urgency.ROUTINE)
    deadline_minutes: Mapped[int | None]  # None: as the urgency says
    may_answer: Mapped[MayAnswer] = mapped_column(String(10), default=MayAnswer.PRACTICE)


class DispatchPreference(PracticeOwned, Base):
    """How a practitioner wants to be told; one without a row is told at once in the application alone."""

    __tablename__ = "dispatch_preference"
    __table_args__ = (
        CheckConstraint("timing IN ('now', 'between', 'batch')", name="timing"),
        CheckConstraint("channel IN ('app', 'sms', 'email', 'phone')", name="channel"),
    )

    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), primary_key=True)
    timing: Mapped[Timing] = mapped_column(String(8), default=Timing.NOW)
    batch_at: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["12:00", "18:00"])  # the practice's wall clock
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    channel: Mapped[Channel] = mapped_column(String(6), default=Channel.APP)
    mobile: Mapped[str] = mapped_column(String(20), default="")  # E.164
    second_number: Mapped[str] = mapped_column(String(20), default="")  # E.164
    email: Mapped[str] = mapped_column(String(254), default="")
    code_hash: Mapped[str] = mapped_column(String(200), default="")  # the second fact that opens a link; empty: none
    alternate_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))


class EscalationStep(PracticeOwned, Base):
    """One step of a practice's own ladder for urgent messages; a practice without any climbs the default one."""

    __tablename__ = "escalation_step"
    __table_args__ = (
        UniqueConstraint("practice_id", "position"),
        CheckConstraint("after_seconds >= 0 AND every_seconds >= 0 AND times > 0", name="times"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    after_seconds: Mapped[int]
    times: Mapped[int] = mapped_column(default=1)
    every_seconds: Mapped[int] = mapped_column(default=0)
    target: Mapped[Target] = mapped_column(String(10))
    channel: Mapped[Channel] = mapped_column(String(6))

    @property
    def after(self) -> timedelta:
        """From when the message is due."""
        return timedelta(seconds=self.after_seconds)

    @property
    def every(self) -> timedelta:
        """Between its repetitions."""
        return timedelta(seconds=self.every_seconds)
