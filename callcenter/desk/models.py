"""Tables of the desk: what an operator did with a call, and what was done for her."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.desk.loop_rules import LoopKind as LoopKind
from callcenter.desk.supervising_rules import SupervisionMode as SupervisionMode
from callcenter.desk.task_rules import TaskKind as TaskKind
from callcenter.desk.task_rules import TaskStatus as TaskStatus


class DispositionCode(StrEnum):
    """Wrap-up codes, in the order of their digit keys: 1 to 9, then 0."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    MESSAGE = "message"
    URGENT_RELAYED = "urgent_relayed"
    INFORMATION = "information"
    WRONG_NUMBER = "wrong_number"
    CALLBACK = "callback"
    NONE = "none"
    PUT_THROUGH = "put_through"


class CallNote(PracticeOwned, Base):
    """What the operator learned in a call: the caller's own words, and which patient it is about, once asked."""

    __tablename__ = "call_note"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    words: Mapped[str] = mapped_column(Text, default="")
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    written_at: Mapped[datetime] = mapped_column(Instant)


class Disposition(PracticeOwned, Base):
    """How a call ended, by whose choice."""

    __tablename__ = "disposition"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    code: Mapped[DispositionCode] = mapped_column(String(20))
    chosen_at: Mapped[datetime] = mapped_column(Instant)


class EmergencyRelay(PracticeOwned, Base):
    """One relay to the emergency line, step by step; each step keeps its instant."""

    __tablename__ = "emergency_relay"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    number: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(80))
    caller: Mapped[str] = mapped_column(String(120), default="")  # the patient, or somebody with her
    address: Mapped[str] = mapped_column(String(300), default="")  # where the patient is, now
    address_detail: Mapped[str] = mapped_column(String(200), default="")  # floor, door code, intercom
    callback_number: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    read_back_at: Mapped[datetime | None] = mapped_column(Instant)
    dialled_at: Mapped[datetime | None] = mapped_column(Instant)
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"))  # ringing, joined and left are the leg's
    taken_over_at: Mapped[datetime | None] = mapped_column(Instant)  # the regulator said "taken"


class Supervision(PracticeOwned, Base):
    """A supervisor in an operator's call: always shown to the operator, and never without a reason."""

    __tablename__ = "supervision"
    __table_args__ = (
        CheckConstraint("mode IN ('listen', 'whisper', 'join')", name="mode"),
        # One supervisor hears one call at a time.
        Index(
            "uq_supervision_open",
            "supervisor_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    supervisor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    operator_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    mode: Mapped[SupervisionMode] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(200))
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"))
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class AbuseKind(StrEnum):
    """What a caller did."""

    INSULT = "insult"
    THREAT = "threat"
    SEXUAL = "sexual"
    DISCRIMINATION = "discrimination"
    OTHER = "other"


class AbuseReport(PracticeOwned, Base):
    """An operator was abused in a call: what happened, in her own words. One per call."""

    __tablename__ = "abuse_report"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[AbuseKind] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text, default="")
    reported_at: Mapped[datetime] = mapped_column(Instant)


class Caution(PracticeOwned, Base):
    """A flag on a number, or a patient, after abuse: set by a supervisor, with an end, open to appeal."""

    __tablename__ = "caution"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(String(20), index=True)  # E.164
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))  # where it happened
    reason: Mapped[str] = mapped_column(String(300))
    set_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    appeal: Mapped[str] = mapped_column(Text, default="")  # what the patient says against it
    appealed_at: Mapped[datetime | None] = mapped_column(Instant)
    decision: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)


class Draft(PracticeOwned, Base):
    """What somebody has typed into a form of a call and not sent yet."""

    __tablename__ = "draft"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    form: Mapped[str] = mapped_column(String(30), primary_key=True)
    fields: Mapped[str] = mapped_column(Text)  # JSON: name to text
    saved_at: Mapped[datetime] = mapped_column(Instant)


class WrapUpTime(Base):
    """How long an operator has to wrap up a call that ended in this way; the centre's own rule."""

    __tablename__ = "wrap_up_time"

    code: Mapped[DispositionCode] = mapped_column(String(20), primary_key=True)
    seconds: Mapped[int]


class Task(PracticeOwned, Base):
    """Something that the desk owes somebody, by an instant."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("kind IN ('text', 'book_today', 'i_call', 'tell', 'promise')", name="kind"),
        CheckConstraint("status IN ('open', 'taken', 'done', 'dropped')", name="status"),
        Index(
            "ix_task_open",
            "due_at",
            sqlite_where=text("status IN ('open', 'taken')"),
            postgresql_where=text("status IN ('open', 'taken')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[TaskKind] = mapped_column(String(10))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    caller: Mapped[str] = mapped_column(String(120), default="")
    number: Mapped[str | None] = mapped_column(String(20))  # E.164
    words: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[TaskStatus] = mapped_column(String(10), default=TaskStatus.OPEN)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class LoopOwner(PracticeOwned, Base):
    """Who was named for an open loop. Everything else about it is read from its own row."""

    __tablename__ = "loop_owner"
    __table_args__ = (
        CheckConstraint("kind IN ('message', 'callback', 'offer', 'relay', 'task')", name="kind"),
        CheckConstraint("reason IN ('taken', 'given', 'night')", name="reason"),
    )

    kind: Mapped[LoopKind] = mapped_column(String(8), primary_key=True)
    ref_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    reason: Mapped[str] = mapped_column(String(6))
    named_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: the nightly check
    named_at: Mapped[datetime] = mapped_column(Instant)


class NightDuty(Base):
    """Who gets the loops that nobody owns before midnight; the centre's own wish, at most one row (id 1)."""

    __tablename__ = "night_duty"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    named_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    named_at: Mapped[datetime] = mapped_column(Instant)
