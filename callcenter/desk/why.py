"""Why this call is hers, and why its caller stands where she does: the rule that chose, shown on request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Staff
from callcenter.routing.choice import PriorityReason, ReservationRule
from callcenter.routing.models import QueueEntry, Reservation, ReservationStatus
from callcenter.routing.redialling import waiting_now_since
from callcenter.telephony.models import Call, Leg, LegRole


@dataclass(frozen=True, slots=True)
class Why:
    """``idle_since``: since when she had been free. ``spoken_at``: when she last spoke with this caller, before."""

    rule: ReservationRule
    idle_since: datetime | None
    spoken_at: datetime | None
    asked_by: str  # the colleague who transfers; empty otherwise
    is_urgent: bool
    priority_reason: PriorityReason
    joined_at: datetime


def read_why(session: Session, call: Call, staff_id: int) -> Why | None:
    """Why this call rings for her, or was taken by her; None when it never was. One query."""
    earlier = (
        select(Leg.joined_at)
        .join(Call, Call.id == Leg.call_id)
        .where(
            Call.practice_id == call.practice_id,
            Call.from_number == call.from_number,
            Call.answered_at.is_not(None),
            Leg.role == LegRole.OPERATOR,
            Leg.staff_id == staff_id,
            Leg.joined_at < Reservation.offered_at,
        )
        .order_by(Leg.joined_at.desc())
        .limit(1)
        .correlate(Reservation)
        .scalar_subquery()
    )
    row = session.execute(
        select(Reservation, QueueEntry, waiting_now_since(), Staff, earlier)
        .join(QueueEntry, QueueEntry.id == Reservation.queue_entry_id)
        .join(Call, Call.id == QueueEntry.call_id)
        .outerjoin(Staff, Staff.id == Reservation.from_staff_id)
        .where(
            Reservation.call_id == call.id,
            Reservation.staff_id == staff_id,
            Reservation.status.in_([ReservationStatus.PENDING, ReservationStatus.ACCEPTED]),
        )
        .order_by(Reservation.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    reservation, entry, joined_at, colleague, spoken_at = row
    return Why(
        rule=ReservationRule(reservation.rule),
        idle_since=reservation.idle_since,
        spoken_at=spoken_at,
        asked_by="" if colleague is None else (colleague.first_name or colleague.name),
        is_urgent=entry.urgent,
        priority_reason=PriorityReason(entry.priority_reason),
        joined_at=joined_at,
    )
