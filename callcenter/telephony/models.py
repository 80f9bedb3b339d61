"""Tables of telephony: calls, legs, webhooks already applied, alarms, repairs, and the rein on calls we place."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.telephony.statuses import AlarmKind as AlarmKind
from callcenter.telephony.statuses import CallDirection as CallDirection
from callcenter.telephony.statuses import CallHandling as CallHandling
from callcenter.telephony.statuses import CallStatus as CallStatus
from callcenter.telephony.statuses import LegRole as LegRole
from callcenter.telephony.statuses import LegStatus as LegStatus


class Call(PracticeOwned, Base):
    """One patient's call to one practice's line. Its conference is named after its SID alone."""

    __tablename__ = "call"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'talking', 'lost', 'ended')", name="status"),
        CheckConstraint("handling IN ('queue', 'announced', 'gated', 'fallback', 'notice')", name="handling"),
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        Index("ix_call_practice_from", "practice_id", "from_number"),
        Index("ix_call_status", "status"),
        # The jobs look every second for calls whose conference is still to be closed: a handful among millions.
        Index(
            "ix_call_unclosed",
            "closed_at",
            "status",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # No index of its own: another begins with it, and every index is paid by each call that comes in.
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("practice_line.id"))
    sid: Mapped[str] = mapped_column(String(40), unique=True)  # the carrier's; our own for a call-back
    from_number: Mapped[str | None] = mapped_column(String(20))  # the patient's, E.164; None: withheld
    callback_number: Mapped[str | None] = mapped_column(String(20))  # E.164; where she is rung back, when told by her
    status: Mapped[CallStatus] = mapped_column(String(10), default=CallStatus.WAITING)
    direction: Mapped[CallDirection] = mapped_column(String(10), default=CallDirection.INBOUND)
    handling: Mapped[CallHandling] = mapped_column(String(10), default=CallHandling.QUEUE)
    in_emergency: Mapped[bool] = mapped_column(default=False)  # its relay is open: nobody waits for a lost operator
    received_at: Mapped[datetime] = mapped_column(Instant)  # the carrier's first webhook: every clock starts here
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)  # nobody is left in its conference at the carrier


class Leg(PracticeOwned, Base):
    """One telephone in a call. The label is unique within the call: a repeated gesture finds the same leg.

    The facts (``*_at``, ``in_room``, the marks) are what was heard; ``status`` is derived from them by
    ``telephony.state``. A mark orders reports of one kind: it grows with the carrier's own time and sequence number, so
    that an older report that comes late changes nothing; 0 before the first.
    """

    __tablename__ = "leg"
    __table_args__ = (
        UniqueConstraint("call_id", "label"),
        # The few telephones that are still to be rung: looked at before each call we place, and every second.
        Index(
            "ix_leg_wanted",
            "wanted_at",
            sqlite_where=text("status = 'wanted'"),
            postgresql_where=text("status = 'wanted'"),
        ),
        # Whom a practice's callers were put through to last: a few among the legs of years.
        Index(
            "ix_leg_third",
            "practice_id",
            "wanted_at",
            sqlite_where=text("role IN ('practitioner', 'contact')"),
            postgresql_where=text("role IN ('practitioner', 'contact')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Legs are found by their call, whose index is the label's, or by their SID.
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    role: Mapped[LegRole] = mapped_column(String(12))
    label: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(80), default="")  # E.164 or client:identity
    name: Mapped[str] = mapped_column(String(120), default="")  # whose it is, for the card: "Dr Lemoine"
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # How it is rung: asked to press a key first, lest a voicemail takes the patient; heard by nobody; by one alone.
    digits: Mapped[str] = mapped_column(String(20), default="")  # pressed once it answers
    asks_key: Mapped[bool] = mapped_column(default=False)
    starts_muted: Mapped[bool] = mapped_column(default=False)
    coached_leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"))
    sid: Mapped[str | None] = mapped_column(String(40), index=True)  # the carrier's call SID of this leg
    status: Mapped[LegStatus] = mapped_column(String(10), default=LegStatus.WANTED)
    in_room: Mapped[bool | None]  # what the latest report of its conference said; None before the first
    room_mark: Mapped[int] = mapped_column(BigInteger, default=0)
    on_hold: Mapped[bool] = mapped_column(default=False)
    hold_mark: Mapped[int] = mapped_column(BigInteger, default=0)
    muted: Mapped[bool] = mapped_column(default=False)
    mute_mark: Mapped[int] = mapped_column(BigInteger, default=0)
    coaching: Mapped[bool] = mapped_column(default=False)  # heard by the operator alone
    held_at: Mapped[datetime | None] = mapped_column(Instant)  # since when, while on hold
    failure: Mapped[str] = mapped_column(String(200), default="")
    wanted_at: Mapped[datetime] = mapped_column(Instant)
    dialled_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # the carrier was told to ring it
    ringing_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)  # the key was pressed that it asked for
    joined_at: Mapped[datetime | None] = mapped_column(Instant)  # answered, or first heard of in its conference
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    over_at: Mapped[datetime | None] = mapped_column(Instant)  # its telephone is back on the hook
    failed_at: Mapped[datetime | None] = mapped_column(Instant)  # the carrier says it never was answered, or refused
    given_up_at: Mapped[datetime | None] = mapped_column(Instant)  # nothing more was heard of it, and we no longer wait


class Recording(PracticeOwned, Base):
    """A stretch of a call that is recorded at the carrier, at the practice's wish, and deleted there in time."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    leg_sid: Mapped[str] = mapped_column(String(40))  # the carrier records by leg
    sid: Mapped[str | None] = mapped_column(String(40), unique=True)  # the carrier's name of the recording
    started_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    delete_at: Mapped[datetime] = mapped_column(Instant, index=True)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    tried_at: Mapped[datetime | None] = mapped_column(Instant)  # the jobs last asked the carrier to stop or delete it


class WebhookReceipt(Base):
    """A webhook already applied; written in the transaction of its effect, so a repeat changes nothing."""

    __tablename__ = "webhook_receipt"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    received_at: Mapped[datetime] = mapped_column(Instant, index=True)


class MisdialledCall(Base):
    """A call to a number that no practice has: told to the supervisor."""

    __tablename__ = "misdialled_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(String(40), unique=True)
    to_number: Mapped[str] = mapped_column(String(40))
    from_number: Mapped[str | None] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(Instant)


class CallAlarm(PracticeOwned, Base):
    """Something in a call that somebody must see at once; at most one of a kind stands open per call."""

    __tablename__ = "call_alarm"
    __table_args__ = (
        Index(
            "uq_call_alarm_open",
            "call_id",
            "kind",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    kind: Mapped[AlarmKind] = mapped_column(String(20))
    raised_at: Mapped[datetime] = mapped_column(Instant)
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)


class Repair(Base):
    """Something the reconciler found otherwise at the carrier than here, and put right. No name, no number."""

    __tablename__ = "repair"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    detail: Mapped[str] = mapped_column(String(200), default="")
    repaired_at: Mapped[datetime] = mapped_column(Instant, index=True)


class PlacingControl(Base):
    """The one row that reins in the calls we place: the stop switch, and when the carrier may be told of the next."""

    __tablename__ = "placing_control"

    id: Mapped[int] = mapped_column(primary_key=True)  # always 1
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    next_at: Mapped[datetime | None] = mapped_column(Instant)
