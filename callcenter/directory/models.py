"""Tables of the directory."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned
from callcenter.directory.line_entry import Forwarding as Forwarding
from callcenter.directory.line_entry import PeriodKind as PeriodKind


class PracticeMode(StrEnum):
    """``training`` may use draft scripts and simulated patients and only ever dials fictional emergency numbers."""

    LIVE = "live"
    TRAINING = "training"


class Role(StrEnum):
    """What somebody may do."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    PRACTITIONER = "practitioner"
    ADMINISTRATOR = "administrator"


class Practice(Base):
    """A customer of the centre. Scoped by its own id, see ``directory.practices``."""

    __tablename__ = "practice"
    __table_args__ = (CheckConstraint("mode IN ('live', 'training')", name="mode"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # stable key of the CSV import
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(30))  # what patients' texts are signed with; names no speciality
    country: Mapped[str] = mapped_column(String(2), default="FR")
    zone: Mapped[str] = mapped_column(String(60), default="Europe/Paris")
    language: Mapped[str] = mapped_column(String(2), default="fr")
    mode: Mapped[PracticeMode] = mapped_column(String(10), default=PracticeMode.TRAINING)
    # What the operator says first. {salutation} follows the hour, {operator} is her first name.
    greeting: Mapped[str] = mapped_column(String(300), default="")
    emergency_label: Mapped[str] = mapped_column(String(80), default="")
    emergency_number: Mapped[str] = mapped_column(String(20), default="")  # E.164 or a short number
    # What a caller hears when nobody can be promised: closed, degraded, fallback. Empty: the country's own sentence.
    emergency_sentence: Mapped[str] = mapped_column(String(300), default="")
    backup_number: Mapped[str] = mapped_column(String(20), default="")  # E.164; rung when this product is out of reach
    certified_only: Mapped[bool] = mapped_column(default=False)  # only operators trained for it take its calls
    records_calls: Mapped[bool] = mapped_column(default=False)  # an operator may record, announced and by hand
    created_at: Mapped[datetime] = mapped_column(Instant)


class Site(PracticeOwned, Base):
    """A place where a practice receives patients."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("practice_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(200), default="")
    postal_code: Mapped[str] = mapped_column(String(12), default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    zone: Mapped[str] = mapped_column(String(60), default="Europe/Paris")


class PracticeLine(PracticeOwned, Base):
    """A number that patients dial; it decides the practice."""

    __tablename__ = "practice_line"
    __table_args__ = (
        CheckConstraint(
            "forwarding IN ('permanent', 'overflow', 'hours', 'holidays', 'a_la_carte')", name="forwarding"
        ),
        CheckConstraint("gate_per_minute >= 0", name="gate"),
        CheckConstraint("overflow_after >= 0 AND callback_after >= 0", name="waits"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)  # E.164
    label: Mapped[str] = mapped_column(String(80), default="")
    forwarding: Mapped[Forwarding] = mapped_column(String(12), default=Forwarding.PERMANENT)
    # What a caller hears outside the hours; empty: the house's own sentence. Then the number she is put through to.
    outside_sentence: Mapped[str] = mapped_column(String(300), default="")
    outside_number: Mapped[str] = mapped_column(String(20), default="")  # E.164
    is_priority: Mapped[bool] = mapped_column(default=False)
    # Seconds of waiting, 0: never. Then a caller goes to the number, or is promised to be rung back when it is empty.
    overflow_after: Mapped[int] = mapped_column(default=0)
    overflow_number: Mapped[str] = mapped_column(String(20), default="")  # E.164
    callback_after: Mapped[int] = mapped_column(default=180)  # s of expected waiting: a key is offered; 0: no call-back
    gate_per_minute: Mapped[int] = mapped_column(default=12)  # more calls than that in a minute: two digits; 0: never


class LineHours(PracticeOwned, Base):
    """Weekly hours of a line, in the practice's wall-clock time; a line without any is always open.

    An end at or before the start lies on the next day.
    """

    __tablename__ = "line_hours"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("practice_line.id"), index=True)
    weekday: Mapped[int]  # 0: Monday
    starts: Mapped[time]
    ends: Mapped[time]


class LinePeriod(PracticeOwned, Base):
    """Days on which a line is closed, or is served by the centre: the practice's own days, both included."""

    __tablename__ = "line_period"
    __table_args__ = (
        CheckConstraint("kind IN ('closed', 'served')", name="kind"),
        CheckConstraint("starts_on <= ends_on", name="order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("practice_line.id"), index=True)
    kind: Mapped[PeriodKind] = mapped_column(String(8))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    starts: Mapped[time | None]  # within each of its days; None: the line's own hours
    ends: Mapped[time | None]
    sentence: Mapped[str] = mapped_column(String(300), default="")  # what a caller hears then, when closed


class Practitioner(PracticeOwned, Base):
    """A person who receives patients."""

    __tablename__ = "practitioner"
    __table_args__ = (UniqueConstraint("practice_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(String(120))  # as said on the telephone: "Dr Lemoine"
    family_name: Mapped[str] = mapped_column(String(80))  # as short as a tab: "Lemoine"
    profession: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")  # E.164, where patients are put through; never told
    position: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # the account that signs in


class Patient(PracticeOwned, Base):
    """A person known to one practice; the same person at another practice is another row."""

    __tablename__ = "patient"
    __table_args__ = (
        Index("ix_patient_practice_phone", "practice_id", "phone"),
        Index("ix_patient_practice_search_key", "practice_id", "search_key"),
        UniqueConstraint("practice_id", "external_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(60))  # stable key of the CSV import
    title: Mapped[str] = mapped_column(String(12), default="")  # Mme, M.
    family_name: Mapped[str] = mapped_column(String(80))
    given_name: Mapped[str] = mapped_column(String(80), default="")
    birth_on: Mapped[date | None]
    phone: Mapped[str | None] = mapped_column(String(20))  # E.164; several patients may share it
    note: Mapped[str] = mapped_column(String(200), default="")
    search_key: Mapped[str] = mapped_column(String(200))  # core.text.search_key(family, given)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Staff(Base):
    """Somebody who signs in."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('operator', 'supervisor', 'practitioner', 'administrator')", name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120))  # "Camille Roux"
    first_name: Mapped[str] = mapped_column(String(60), default="")  # what {operator} becomes in a greeting
    role: Mapped[Role] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(2))
    theme: Mapped[str | None] = mapped_column(String(5))
    endpoint: Mapped[str] = mapped_column(String(80), default="")  # her own telephone: E.164 or client:identity
    languages: Mapped[str] = mapped_column(String(40), default="")  # those she takes calls in, "fr nl"; empty: all
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class StaffSession(Base):
    """A signed-in browser; only the hash of its token is kept."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Certification(PracticeOwned, Base):
    """An operator was trained for a practice and may take the calls of one that wants certified operators only."""

    __tablename__ = "certification"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"), primary_key=True)
    certified_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    certified_at: Mapped[datetime] = mapped_column(Instant)


class Contact(PracticeOwned, Base):
    """Somebody whom a practice's callers are put through to: its own secretary, a laboratory, a nurse."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("practice_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(20))  # E.164
    digits: Mapped[str] = mapped_column(String(20), default="")  # pressed once it answers; w waits half a second
    note: Mapped[str] = mapped_column(String(200), default="")


class EmergencyLine(Base):
    """A line of the emergency services, agreed in writing and verified again and again; kept by the centre."""

    __tablename__ = "emergency_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))  # ISO 3166
    department: Mapped[str] = mapped_column(String(3), default="")  # French département, "2A"; empty: the whole country
    label: Mapped[str] = mapped_column(String(80))  # "SAMU 44"
    number: Mapped[str] = mapped_column(String(20))  # E.164
    agreement: Mapped[str] = mapped_column(String(200), default="")  # with whom and where it is written
    agreed_on: Mapped[date | None]
    verified_on: Mapped[date | None]  # the last test call; again after ``verify_every`` days
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    verify_every: Mapped[int] = mapped_column(default=90)  # days: the SAMU are agreed with for three months
    position: Mapped[int] = mapped_column(default=0)  # tried in this order
    is_active: Mapped[bool] = mapped_column(default=True)
