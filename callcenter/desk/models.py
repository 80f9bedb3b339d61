"""Tables of the desk: what an operator did with a call."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned


class DispositionCode(StrEnum):
    """Wrap-up codes, in the order of their digit keys 1 to 9."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    MESSAGE = "message"
    URGENT_RELAYED = "urgent_relayed"
    INFORMATION = "information"
    WRONG_NUMBER = "wrong_number"
    CALLBACK = "callback"
    NONE = "none"


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
    address: Mapped[str] = mapped_column(String(300), default="")  # where the patient is, now
    address_detail: Mapped[str] = mapped_column(String(200), default="")  # floor, door code, intercom
    callback_number: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    read_back_at: Mapped[datetime | None] = mapped_column(Instant)
    dialled_at: Mapped[datetime | None] = mapped_column(Instant)
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"))  # ringing, joined and left are the leg's
    taken_over_at: Mapped[datetime | None] = mapped_column(Instant)  # the regulator said "taken"
