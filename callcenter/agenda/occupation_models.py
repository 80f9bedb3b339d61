"""Tables of time that is taken: by appointments, by holds, by groups; and the history of every appointment."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.agenda.rules.opening_rules import Channel
from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned


class Occupation(PracticeOwned, Base):
    """Time taken of one actor (``agenda.actors``), what surrounds the visit included.

    Two of one actor and lane cannot overlap: the database refuses (an exclusion constraint on PostgreSQL, triggers on
    SQLite; see ``migrations/overlap_guard.py``). Lane 0 is the plan; others are overbooked.
    """

    __tablename__ = "occupation"
    __table_args__ = (
        CheckConstraint('start < "end"', name="order"),
        CheckConstraint("lane >= 0", name="lane"),
        CheckConstraint(
            "CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN hold_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN group_visit_id IS NULL THEN 0 ELSE 1 END = 1",
            name="what",
        ),
        CheckConstraint("(hold_id IS NULL) = (until IS NULL)", name="lapse"),
        Index("ix_occupation_actor_start", "actor", "start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[int] = mapped_column(BigInteger)
    lane: Mapped[int] = mapped_column(default=0)
    start: Mapped[int] = mapped_column(BigInteger)  # UTC, seconds since 1970
    end: Mapped[int] = mapped_column(BigInteger)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("hold.id"), index=True)
    group_visit_id: Mapped[int | None] = mapped_column(ForeignKey("group_visit.id"), index=True)
    until: Mapped[int | None] = mapped_column(BigInteger)  # a hold lapses then, UTC seconds
    held_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # free to whoever holds it


class HoldStatus(StrEnum):
    """What became of a hold."""

    ACTIVE = "active"  # until it lapses
    CONFIRMED = "confirmed"
    RELEASED = "released"
    LAPSED = "lapsed"


class Hold(PracticeOwned, Base):
    """A time kept for whoever is speaking with the patient; taken for everybody else, lapsing by itself."""

    __tablename__ = "hold"
    __table_args__ = (
        UniqueConstraint("practice_id", "request_key"),
        Index("ix_hold_active", "status", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    channel: Mapped[Channel] = mapped_column(String(8), default=Channel.PHONE)
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    opening_id: Mapped[int | None] = mapped_column(ForeignKey("opening.id", ondelete="SET NULL"))
    opening_day: Mapped[date | None]
    group_visit_id: Mapped[int | None] = mapped_column(ForeignKey("group_visit.id"))  # one of its places is kept
    status: Mapped[HoldStatus] = mapped_column(String(10), default=HoldStatus.ACTIVE)
    request_key: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class GroupVisit(PracticeOwned, Base):
    """One visit that several patients share: occupied once, its places counted."""

    __tablename__ = "group_visit"
    __table_args__ = (
        UniqueConstraint("practitioner_id", "service_type_id", "start"),
        CheckConstraint("taken >= 0 AND taken <= capacity", name="taken"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"))
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    capacity: Mapped[int]
    taken: Mapped[int]


class AppointmentSeries(PracticeOwned, Base):
    """Appointments that were booked together, one after the other."""

    __tablename__ = "appointment_series"
    __table_args__ = (UniqueConstraint("practice_id", "request_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    booked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    booked_at: Mapped[datetime] = mapped_column(Instant)
    request_key: Mapped[str] = mapped_column(String(60))


class AppointmentParticipant(PracticeOwned, Base):
    """Who and what takes part in an appointment besides its patient and its practitioner (FHIR: participant)."""

    __tablename__ = "appointment_participant"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    actor: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Act(StrEnum):
    """What was done to an appointment."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"
    UNDONE = "undone"


class AppointmentEvent(PracticeOwned, Base):
    """One line of an appointment's history. Rows are only ever added.

    ``before`` and ``after`` say all that undoing needs (``agenda.writing.history``); what was done together, a swap or
    a series, shares its ``act_key``.
    """

    __tablename__ = "appointment_event"
    __table_args__ = (Index("ix_appointment_event_staff", "staff_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    act: Mapped[Act] = mapped_column(String(10))
    act_key: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_event.id"), unique=True)


class AgendaVersion(PracticeOwned, Base):
    """How often an agenda has changed: what was read of it holds as long as this stands (``agenda.versions``)."""

    __tablename__ = "agenda_version"

    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"), primary_key=True)
    # 0 for what all of a practice's agendas share: no reference, therefore.
    practitioner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
