"""Tables of the agenda, named after FHIR R4 where it has a name."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.agenda.rules.opening_rules import Channel, ExceptionKind, OpeningKind, SchoolDays
from callcenter.agenda.rules.visit_rules import NewPatients
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
    keeps_holidays: Mapped[bool] = mapped_column(default=True)  # closed on the public holidays of the site's region


class ServiceType(PracticeOwned, Base):
    """A type of visit (motif) and its rules. ``PractitionerService`` may change them for one practitioner."""

    __tablename__ = "service_type"
    __table_args__ = (
        UniqueConstraint("practice_id", "code"),
        CheckConstraint("duration_minutes > 0", name="duration"),
        CheckConstraint("before_minutes >= 0 AND after_minutes >= 0", name="buffers"),
        CheckConstraint("step_minutes >= 5 AND step_minutes % 5 = 0", name="step"),
        CheckConstraint("notice_minutes >= 0", name="notice"),
        CheckConstraint("horizon_days > 0", name="horizon"),
        CheckConstraint("new_patients <> 'longer' OR new_patient_minutes > 0", name="new_patients"),
        CheckConstraint("capacity > 0", name="capacity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    short_name: Mapped[str] = mapped_column(String(6))  # Cs, Sv, 1re
    duration_minutes: Mapped[int]
    colour: Mapped[int] = mapped_column(default=1)  # visit colour 1..8
    position: Mapped[int] = mapped_column(default=0)
    before_minutes: Mapped[int] = mapped_column(default=0)  # to prepare, to put in order: nobody else may have them
    after_minutes: Mapped[int] = mapped_column(default=0)
    step_minutes: Mapped[int] = mapped_column(default=5)  # visits begin at the opening, and every so many minutes
    notice_minutes: Mapped[int] = mapped_column(default=0)  # nothing sooner than this
    horizon_days: Mapped[int | None]  # nothing later than this; None is without limit
    new_patients: Mapped[NewPatients] = mapped_column(String(8), default=NewPatients.WELCOME)
    new_patient_minutes: Mapped[int | None]
    youngest: Mapped[int | None]  # years completed on the day of the visit, both included
    oldest: Mapped[int | None]
    is_urgent: Mapped[bool] = mapped_column(default=False)  # may have what is kept for emergencies
    capacity: Mapped[int] = mapped_column(default=1)  # patients in one visit; more is a group


class PractitionerService(PracticeOwned, Base):
    """What one practitioner does otherwise than the practice's type of visit says; None is as the practice says."""

    __tablename__ = "practitioner_service"

    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), primary_key=True)
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"), primary_key=True)
    is_offered: Mapped[bool] = mapped_column(default=True)
    duration_minutes: Mapped[int | None]
    new_patients: Mapped[NewPatients | None] = mapped_column(String(8))
    new_patient_minutes: Mapped[int | None]
    notice_minutes: Mapped[int | None]
    horizon_days: Mapped[int | None]


class Opening(PracticeOwned, Base):
    """A weekly rule: open on this weekday, from start to end in the schedule's wall-clock time.

    An end that is not after the start is the next day's. See ``agenda.rules.opening_rules.OpeningRule``.
    """

    __tablename__ = "opening"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("cycle_weeks BETWEEN 1 AND 52 AND cycle_week >= 0 AND cycle_week < cycle_weeks", name="cycle"),
        CheckConstraint("cycle_weeks = 1 OR anchor_on IS NOT NULL", name="anchor"),
        CheckConstraint("kind IN ('normal', 'emergency', 'reserve')", name="kind"),
        CheckConstraint("school_days IN ('any', 'term', 'holidays')", name="school_days"),
        CheckConstraint("(release_days IS NULL) = (release_at IS NULL)", name="release"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    weekday: Mapped[int]  # 0 is Monday
    starts: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]  # last day included
    cycle_weeks: Mapped[int] = mapped_column(default=1)
    cycle_week: Mapped[int] = mapped_column(default=0)  # the first is 0
    anchor_on: Mapped[date | None]  # the Monday from which a cycle is counted
    school_days: Mapped[SchoolDays] = mapped_column(String(8), default=SchoolDays.ANY)
    kind: Mapped[OpeningKind] = mapped_column(String(9), default=OpeningKind.NORMAL)
    release_days: Mapped[int | None]  # days before, at release_at on the wall, it is kept for nothing any more
    release_at: Mapped[time | None]


class OpeningServiceType(PracticeOwned, Base):
    """A type of visit that an opening is for; an opening without any is for all."""

    __tablename__ = "opening_service_type"

    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id", ondelete="CASCADE"), primary_key=True)
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id", ondelete="CASCADE"), primary_key=True)


class OpeningChannel(PracticeOwned, Base):
    """What one channel may book in an opening; an opening without any is everybody's, without limit."""

    __tablename__ = "opening_channel"
    __table_args__ = (
        CheckConstraint("channel IN ('phone', 'online', 'internal')", name="channel"),
        CheckConstraint("quota >= 0", name="quota"),
        CheckConstraint("latest_minutes >= 0 AND earliest_minutes > latest_minutes", name="booking_window"),
    )

    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[Channel] = mapped_column(String(8), primary_key=True)
    quota: Mapped[int | None]  # visits in one opening of one day
    latest_minutes: Mapped[int] = mapped_column(default=0)  # nothing sooner than this
    earliest_minutes: Mapped[int | None]  # nothing later than this


class OpeningUse(PracticeOwned, Base):
    """How many visits a channel has had in one opening of one day: changed in the transaction that books or gives back.

    Only openings that limit a channel are counted.
    """

    __tablename__ = "opening_use"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"),)

    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(String(8), primary_key=True)
    taken: Mapped[int]


class DayException(PracticeOwned, Base):
    """Other hours than the usual week's on some days: of one schedule, or of the whole practice without one."""

    __tablename__ = "day_exception"
    __table_args__ = (
        CheckConstraint("kind IN ('closed', 'open', 'replaced')", name="kind"),
        CheckConstraint("first_on <= last_on", name="order"),
        CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="hours"),
        CheckConstraint("kind <> 'open' OR starts IS NOT NULL", name="opens"),
        Index("ix_day_exception_schedule", "schedule_id", "last_on"),
        Index("ix_day_exception_practice", "practice_id", "last_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedule.id"))
    kind: Mapped[ExceptionKind] = mapped_column(String(8))
    first_on: Mapped[date]
    last_on: Mapped[date]  # included
    starts: Mapped[time | None]
    ends: Mapped[time | None]
    reason: Mapped[str] = mapped_column(String(120), default="")
    noted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    noted_at: Mapped[datetime] = mapped_column(Instant)


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
    channel: Mapped[Channel] = mapped_column(String(8), default=Channel.PHONE)
    # The opening and the day whose quota it counts for; None where none is counted, or the opening is gone.
    opening_id: Mapped[int | None] = mapped_column(ForeignKey("opening.id", ondelete="SET NULL"))
    opening_day: Mapped[date | None]
    lane: Mapped[int] = mapped_column(default=0)  # 0 is the plan; others are overbooked, by a rule
    overbooking_rule_id: Mapped[int | None] = mapped_column(ForeignKey("overbooking_rule.id"))
    group_visit_id: Mapped[int | None] = mapped_column(ForeignKey("group_visit.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_series.id"), index=True)
