"""Tables of the agenda, named after FHIR R4 where it has a name."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned


class AppointmentStatus(StrEnum):
    """FHIR R4 appointment statuses in use."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"


class Schedule(PracticeOwned, Base):
    """One practitioner's agenda at one site; the resource that two appointments must not share."""

    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("practitioner_id", "site_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    zone: Mapped[str] = mapped_column(String(60))  # IANA name, the site's: rules are wall-clock time there


class ServiceType(PracticeOwned, Base):
    """A type of visit (motif)."""

    __tablename__ = "service_type"
    __table_args__ = (UniqueConstraint("practice_id", "code"), CheckConstraint("duration_minutes > 0", name="duration"))

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    short_name: Mapped[str] = mapped_column(String(6))  # Cs, Sv, 1re
    duration_minutes: Mapped[int]
    colour: Mapped[int] = mapped_column(default=1)  # visit colour 1..8
    position: Mapped[int] = mapped_column(default=0)


class Opening(PracticeOwned, Base):
    """Weekly hours: on this weekday, from start to end in the schedule's wall-clock time."""

    __tablename__ = "opening"
    __table_args__ = (
        CheckConstraint("starts < ends", name="order"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    weekday: Mapped[int]  # 0 is Monday
    starts: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]  # last day included


class Appointment(PracticeOwned, Base):
    """A patient's time with a practitioner. Never deleted."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint('start < "end"', name="order"),
        Index("ix_appointment_schedule_start", "schedule_id", "start"),
        UniqueConstraint("practice_id", "request_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"))
    status: Mapped[AppointmentStatus] = mapped_column(String(12), default=AppointmentStatus.BOOKED)
    start: Mapped[int] = mapped_column(BigInteger)  # UTC, seconds since 1970
    end: Mapped[int] = mapped_column(BigInteger)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    booked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    booked_at: Mapped[datetime] = mapped_column(Instant)
    request_key: Mapped[str] = mapped_column(String(60))  # one per form shown: the same request twice books once


class Occupation(PracticeOwned, Base):
    """Time taken in a schedule. Two of one schedule cannot overlap: the database refuses.

    The refusal is an exclusion constraint on PostgreSQL and two triggers on SQLite (see the migrations).
    """

    __tablename__ = "occupation"
    __table_args__ = (
        CheckConstraint('start < "end"', name="order"),
        Index("ix_occupation_schedule_start", "schedule_id", "start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), unique=True)
    start: Mapped[int] = mapped_column(BigInteger)  # UTC, seconds since 1970
    end: Mapped[int] = mapped_column(BigInteger)


class Cancellation(PracticeOwned, Base):
    """Who cancelled an appointment, when and why; its occupation goes, the appointment stays."""

    __tablename__ = "cancellation"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    cancelled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    cancelled_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(String(200), default="")
