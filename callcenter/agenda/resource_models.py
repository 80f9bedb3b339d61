"""Tables of what a visit needs besides its practitioner, and of what may be booked beside the plan."""

from datetime import date, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base
from callcenter.core.scope import PracticeOwned


class NeedKind(StrEnum):
    """What a type of visit may need besides its practitioner (FHIR: Location, Device, Practitioner)."""

    ROOM = "room"
    DEVICE = "device"
    PRACTITIONER = "practitioner"


class Resource(PracticeOwned, Base):
    """A room or a device of a practice; ``category`` is what types of visit ask for ("echo", "treatment room")."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("practice_id", "name"),
        CheckConstraint("kind IN ('room', 'device')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[NeedKind] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    category: Mapped[str] = mapped_column(String(40), default="")
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))  # None goes wherever it is needed
    is_active: Mapped[bool] = mapped_column(default=True)


class ServiceNeed(PracticeOwned, Base):
    """One thing that a type of visit needs: a room or device of a category, or a second practitioner."""

    __tablename__ = "service_need"
    __table_args__ = (CheckConstraint("kind IN ('room', 'device', 'practitioner')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id", ondelete="CASCADE"), index=True)
    kind: Mapped[NeedKind] = mapped_column(String(12))
    category: Mapped[str] = mapped_column(String(40), default="")  # empty is any
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))  # None is any other


class OverbookingRule(PracticeOwned, Base):
    """Who wrote down that more may be booked than there is room for: so many visits a day, beside those planned."""

    __tablename__ = "overbooking_rule"
    __table_args__ = (
        CheckConstraint("per_day > 0", name="per_day"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    service_type_id: Mapped[int | None] = mapped_column(ForeignKey("service_type.id"))  # None is any
    weekday: Mapped[int | None]  # 0 is Monday; None is every day
    starts: Mapped[time | None]  # on the wall; None is the whole day
    ends: Mapped[time | None]
    per_day: Mapped[int]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]  # last day included


class OverbookingUse(PracticeOwned, Base):
    """How many visits a rule has let in on one day: changed in the transaction that books or gives back."""

    __tablename__ = "overbooking_use"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"),)

    rule_id: Mapped[int] = mapped_column(ForeignKey("overbooking_rule.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    taken: Mapped[int]
