"""Who waits, as the desk's left column shows it, and what is left to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment
from callcenter.desk.models import Disposition
from callcenter.directory.models import Patient, Practice, Staff
from callcenter.messaging.callback_links import CALLBACK_LINK
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.routing.choice import Barrier, PriorityReason, Skills
from callcenter.routing.models import (
    IN_TURN,
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.routing.redialling import waiting_now_since
from callcenter.routing.skills import skills_of
from callcenter.telephony.models import Call, CallDirection, CallStatus, Leg, LegRole

_AT_WORK = (AgentStatus.AVAILABLE, AgentStatus.RESERVED, AgentStatus.ON_CALL, AgentStatus.WRAP_UP)
_TODO_FOR = timedelta(hours=24)
_TODO_LIMIT = 20


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """One caller waiting. Her wait counts from ``joined_at``, on every screen; who is rung back keeps that of her call.

    Who rings again instead, or was spoken with and came back, has waited since then: ``waiting_now_since``.

    ``is_on_the_line``: otherwise she has hung up and keeps her place: an operator who takes it rings her back.
    """

    entry_id: int
    call_id: int
    practice_name: str
    joined_at: datetime
    is_on_the_line: bool
    offered_to: str  # a colleague's first name; empty when nobody is asked
    offered_to_me: bool
    reservation_id: int | None
    is_urgent: bool
    priority_reason: PriorityReason
    barrier: Barrier  # what keeps her who looks from taking it

    @property
    def may_be_taken(self) -> bool:
        """Whether she who looks may take it, as far as her skills go."""
        return self.offered_to_me or not self.barrier


@dataclass(frozen=True, slots=True)
class UndeliveredText:
    """A text of one of her calls that did not arrive."""

    message_id: int
    patient_name: str
    to_number: str
    start: datetime | None
    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class UnqualifiedCall:
    """A call of hers that ended without a disposition."""

    call_id: int
    practice_name: str
    from_number: str | None
    ended_at: datetime
    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class Todo:
    """What she still has to do."""

    undelivered: list[UndeliveredText]
    unqualified: list[UnqualifiedCall]
    has_more: bool  # there are others, which follow as these are done

    @property
    def count(self) -> int:
        """How many things."""
        return len(self.undelivered) + len(self.unqualified)


def waiting_calls(session: Session, staff_id: int) -> list[WaitingCall]:
    """Every caller the session may see, in the order of their turn. Three queries."""
    offer = and_(Reservation.queue_entry_id == QueueEntry.id, Reservation.status == ReservationStatus.PENDING)
    rows = session.execute(
        select(QueueEntry, waiting_now_since(), Call.direction, Call.answered_at, Practice, Reservation, Staff)
        .join(Call, Call.id == QueueEntry.call_id)
        .join(Practice, Practice.id == QueueEntry.practice_id)
        .outerjoin(Reservation, offer)
        .outerjoin(Staff, Staff.id == Reservation.staff_id)
        .where(QueueEntry.status == QueueEntryStatus.WAITING)
        .order_by(*IN_TURN)
    ).all()
    skills = skills_of(session, [staff_id]).get(staff_id, Skills()) if rows else Skills()
    return [
        WaitingCall(
            entry_id=entry.id,
            call_id=entry.call_id,
            practice_name=practice.name,
            joined_at=joined_at,
            # In a call of ours only once she was spoken with, and waits because her operator is gone.
            is_on_the_line=direction == CallDirection.INBOUND or answered_at is not None,
            offered_to="" if staff is None else (staff.first_name or staff.name),
            offered_to_me=staff is not None and staff.id == staff_id,
            reservation_id=None if reservation is None else reservation.id,
            is_urgent=entry.urgent,
            priority_reason=PriorityReason(entry.priority_reason),
            barrier=skills.barrier(practice.id, language=practice.language, certified_only=practice.certified_only),
        )
        for entry, joined_at, direction, answered_at, practice, reservation, staff in rows
    ]


def has_colleagues(session: Session, staff_id: int) -> bool:
    """Whether anybody else is at work now, to whom calls in the queue may go."""
    others = select(Agent.staff_id).where(Agent.staff_id != staff_id, Agent.status.in_(_AT_WORK))
    return session.scalar(others.limit(1)) is not None


def todo_list(session: Session, staff_id: int, *, at: datetime) -> Todo:
    """Texts of her calls that did not arrive, and her calls without a disposition, of the last 24 hours."""
    texts, calls = _undelivered_texts(session, staff_id, at=at), _unqualified_calls(session, staff_id, at=at)
    return Todo(
        undelivered=texts[:_TODO_LIMIT],
        unqualified=calls[:_TODO_LIMIT],
        has_more=max(len(texts), len(calls)) > _TODO_LIMIT,
    )


def _undelivered_texts(session: Session, staff_id: int, *, at: datetime) -> list[UndeliveredText]:
    hers = exists().where(Leg.call_id == OutboxMessage.call_id, Leg.staff_id == staff_id)
    rows = session.execute(
        select(OutboxMessage, Patient, Appointment.start, Practice.zone, Practice.country)
        .join(Practice, Practice.id == OutboxMessage.practice_id)
        .outerjoin(Appointment, Appointment.id == OutboxMessage.appointment_id)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .where(
            OutboxMessage.status == OutboxStatus.FAILED,
            OutboxMessage.channel == OutboxChannel.SMS,
            OutboxMessage.created_at > at - _TODO_FOR,
            # She has spoken with whoever was sent one while waiting: nothing is left to be told.
            OutboxMessage.kind != CALLBACK_LINK,
            hers,
        )
        .order_by(OutboxMessage.created_at.desc())
        .limit(_TODO_LIMIT + 1)
    )
    return [
        UndeliveredText(
            message_id=message.id,
            patient_name=person_name(patient) if patient is not None else "",
            to_number=message.to_number,
            start=None if start is None else datetime.fromtimestamp(start, tz=at.tzinfo),
            zone=zone,
            country=country,
        )
        for message, patient, start, zone, country in rows
    ]


def _unqualified_calls(session: Session, staff_id: int, *, at: datetime) -> list[UnqualifiedCall]:
    # The call she is wrapping up fills the card; listing it here too would ask the same thing twice.
    on_the_card = select(Agent.call_id).where(Agent.staff_id == staff_id).scalar_subquery()
    hers = exists().where(
        Leg.call_id == Call.id,
        Leg.staff_id == staff_id,
        Leg.role == LegRole.OPERATOR,
        Leg.joined_at.is_not(None),
    )
    rows = session.execute(
        select(Call, Practice.name, Practice.zone, Practice.country)
        .join(Practice, Practice.id == Call.practice_id)
        .where(
            Call.status == CallStatus.ENDED,
            Call.ended_at > at - _TODO_FOR,
            Call.id.is_distinct_from(on_the_card),
            hers,
            ~exists().where(Disposition.call_id == Call.id),
        )
        .order_by(Call.ended_at.desc())
        .limit(_TODO_LIMIT + 1)
    )
    return [
        UnqualifiedCall(
            call_id=call.id,
            practice_name=name,
            from_number=call.from_number,
            ended_at=call.ended_at or at,
            zone=zone,
            country=country,
        )
        for call, name, zone, country in rows
    ]


def person_name(patient: Patient) -> str:
    """A person as addressed: title, given name, family name."""
    return " ".join(part for part in (patient.title, patient.given_name, patient.family_name) if part)


def missed_call_taker(session: Session, staff_id: int) -> str:
    """The first name of whoever has the call that this operator missed last; empty while nobody has."""
    missed = (
        select(Reservation.call_id)
        .where(Reservation.staff_id == staff_id, Reservation.status == ReservationStatus.EXPIRED)
        .order_by(Reservation.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    taker = session.execute(
        select(Staff.first_name, Staff.name)
        .join(Leg, Leg.staff_id == Staff.id)
        .where(Leg.call_id == missed, Leg.role == LegRole.OPERATOR, Leg.staff_id != staff_id)
        .order_by(Leg.id.desc())
        .limit(1)
    ).one_or_none()
    return "" if taker is None else (taker.first_name or taker.name)
