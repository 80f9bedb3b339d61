"""A caller who is to be rung back rings herself: she stands where the call of ours stood, and that call is over.

She is owed the call until somebody speaks with her: should she hang up again before, ``calling_back.place_again`` gives
her place back to a call of ours.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import Instant, touch
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.models import OWED, Callback, QueueEntry, QueueEntryStatus
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallDirection, Leg, LegRole
from callcenter.telephony.outbound import end_outbound_call
from callcenter.telephony.statuses import GOING_ON


def take_promised_place(session: Session, call_id: int, *, at: datetime) -> bool:
    """Give this caller, who has just joined the queue, the place of the call that was to ring her; whether she has it.

    Otherwise we would ring her engaged line. Once an operator has taken that call, it goes on: whoever of the two
    speaks with her first ends the other. What she is owed for an emergency makes her urgent, also without that place.
    """
    with whole_floor(session):
        _make_urgent(session, call_id)
        placed = placed_for(session, session.scalars(select(Call).where(Call.id == call_id)).one())
        if placed is None or placed[1] != QueueEntryStatus.WAITING:
            return False
        placed_id = placed[0]
        # The call first, as whoever accepts its offer does.
        lock_call(session, placed_id)
        place = session.scalar(
            select(QueueEntry)
            .join(Call, Call.id == QueueEntry.call_id)
            .where(
                QueueEntry.call_id == placed_id,
                QueueEntry.status == QueueEntryStatus.WAITING,
                # A household shares its number: whoever is on that line already stays there.
                ~patient_came(),
            )
            .execution_options(populate_existing=True)
        )
        if place is None:
            return False
        hers = update(QueueEntry).where(QueueEntry.call_id == call_id, QueueEntry.status == QueueEntryStatus.WAITING)
        taken = was_changed(
            session,
            hers.values(
                joined_at=place.joined_at,
                ahead=place.ahead,
                urgent=case((QueueEntry.urgent, True), else_=place.urgent),
                # For being sent elsewhere her waiting counts from now: she would be gone at once.
                overflowed_at=at,
            ),
        )
        if taken:
            touch(session, "queue", f"call-{call_id}")
            end_outbound_call(session, placed_id, at=at)
        return taken


def waiting_since() -> ColumnElement[datetime]:
    """Since when a caller waits, for screens and figures; whoever has a promised place, since her own call.

    Her turn goes by ``QueueEntry.joined_at``, which is older then: in between she had hung up.
    """
    rings_again = and_(Call.direction == CallDirection.INBOUND, Call.received_at > QueueEntry.joined_at)
    return case((rings_again, Call.received_at), else_=QueueEntry.joined_at)


def waiting_now_since() -> ColumnElement[datetime]:
    """Since when she waits this time, for screens: whoever was spoken with already, since she came back."""
    return func.coalesce(QueueEntry.returned_at, waiting_since(), type_=Instant)


def placed_for(session: Session, call: Call) -> tuple[int, QueueEntryStatus] | None:
    """The call of ours that is to ring this caller, and how its place stands; None without one."""
    row = session.execute(
        select(Call.id, QueueEntry.status)
        .join(Callback, Callback.outbound_call_id == Call.id)
        .join(QueueEntry, QueueEntry.call_id == Call.id)
        .where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Callback.status.in_(OWED),
            Call.status.in_(GOING_ON),
        )
    ).one_or_none()
    return None if row is None else (row[0], QueueEntryStatus(row[1]))


def patient_came() -> ColumnElement[bool]:
    """Whether the patient of this call ever was on the line."""
    return exists().where(Leg.call_id == Call.id, Leg.role == LegRole.PATIENT, Leg.joined_at.is_not(None))


def _make_urgent(session: Session, call_id: int) -> None:
    urgent = (
        select(Callback.id)
        .join(Call, (Call.practice_id == Callback.practice_id) & (Call.from_number == Callback.number))
        .where(Call.id == call_id, Callback.status.in_(OWED), Callback.urgent)
    )
    hers = update(QueueEntry).where(QueueEntry.call_id == call_id, QueueEntry.status == QueueEntryStatus.WAITING)
    session.execute(hers.where(urgent.exists()).values(urgent=True))
