"""Offers: a waiting call rings for one operator, who takes it, declines it or lets it pass."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, literal_column, select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.routing.agents import move_agent, release, settle, whole_floor
from callcenter.routing.choice import Idle, Waiting, match_calls
from callcenter.routing.events import CallOffered
from callcenter.routing.models import (
    IN_TURN,
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.routing.taking import accept_offer, pull_call

OFFER_FOR = timedelta(seconds=20)

__all__ = ["accept_offer", "decline_offer", "expire_offers", "offer_waiting_calls", "pull_call", "release_offer"]

# Written out, so that the indexes of the few pending offers serve among those of years.
_PENDING: ColumnElement[str] = literal_column(f"'{ReservationStatus.PENDING}'")
_AT_ONCE = 100  # operators asked in one go; the next second asks the rest


def offer_waiting_calls(session: Session, *, at: datetime) -> int:
    """Offer the calls whose turn it is to the longest-idle operators who are present; how many were offered."""
    with whole_floor(session):
        present = [agent.staff_id for agent in _idle(session, at=at)]
        if not present:
            return 0
        declined = _declined_by(session, present)
        # Enough for each of them to find one that she has not declined, however many she has.
        waiting = _waiting(session, limit=len(present) + len({entry_id for entry_id, _ in declined}))
        if not waiting:
            return 0
        # No more operators are held than may be asked: the others are for the calls that come in meanwhile.
        idle = _hold_idle(session, present, at=at, limit=len(waiting) + len({staff_id for _, staff_id in declined}))
        pairs = match_calls(waiting, idle, declined=declined)
        return sum(_offer(session, call, agent, at=at) for call, agent in pairs)


def decline_offer(session: Session, reservation_id: int, *, staff_id: int, at: datetime) -> None:
    """Let a call go to somebody else; she stays available. Declining what is over changes nothing.

    Raises ``NotFound`` for an offer that was never hers.
    """
    reservation = session.scalar(
        select(Reservation).where(Reservation.id == reservation_id, Reservation.staff_id == staff_id)
    )
    if reservation is None:
        raise NotFound(N_("This call was not offered to you."))
    release(session, reservation, ReservationStatus.DECLINED, at=at)
    offer_waiting_calls(session, at=at)


def release_offer(session: Session, staff_id: int, *, at: datetime) -> None:
    """Take back whatever rings for her, because she goes on a break or away; her own status is the caller's to move.

    Going is not declining: when she is back and the caller still waits, it rings for her again.
    """
    with whole_floor(session):
        for reservation in _pending(session, staff_id):
            settle(session, reservation, ReservationStatus.CANCELED, at=at)


def expire_offers(session: Session, *, at: datetime, started_at: datetime | None = None) -> int:
    """End the offers that nobody took in time: those operators go on a break with a notice, the calls to the next.

    An operator who lets a call ring is not at her desk; another call would ring there as long. But while this process
    was not running (``started_at``) she could not take it: then she stays available.
    """
    could_take = started_at is None or at >= started_at + OFFER_FOR
    with whole_floor(session):
        overdue = select(Reservation).where(Reservation.status == _PENDING, Reservation.expires_at <= at)
        # Sorted here: asked for in their order, SQLite reads the offers of years.
        late = sorted(session.scalars(overdue), key=lambda reservation: reservation.id)
        for reservation in late:
            if not could_take:
                release(session, reservation, ReservationStatus.EXPIRED, at=at)
            elif settle(session, reservation, ReservationStatus.EXPIRED, at=at):
                move_agent(
                    session,
                    reservation.staff_id,
                    from_=[AgentStatus.RESERVED],
                    to=AgentStatus.BREAK,
                    at=at,
                    missed_call=True,
                )
    if late:
        offer_waiting_calls(session, at=at)
    return len(late)


def _waiting(session: Session, *, limit: int) -> list[Waiting]:
    # Rows that another transaction holds are being taken or offered right now: passed over, not waited for.
    entry = QueueEntry
    rows = session.execute(
        select(entry.id, entry.call_id, entry.practice_id, entry.joined_at, entry.ahead, entry.urgent, entry.priority)
        .where(
            entry.status == QueueEntryStatus.WAITING,
            ~exists().where(Reservation.queue_entry_id == entry.id, Reservation.status == ReservationStatus.PENDING),
        )
        .order_by(*IN_TURN)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True, of=entry)
    )
    return [Waiting(*row) for row in rows]


def _idle(session: Session, *, at: datetime) -> list[Idle]:
    return [Idle(*row) for row in session.execute(_idle_longest(at).limit(_AT_ONCE))]


def _hold_idle(session: Session, staff_ids: list[int], *, at: datetime, limit: int) -> list[Idle]:
    idle = _idle_longest(at).where(Agent.staff_id.in_(staff_ids)).limit(limit)
    return [Idle(*row) for row in session.execute(idle.with_for_update(skip_locked=True, key_share=True))]


def _idle_longest(at: datetime) -> Select[int, datetime]:
    return (
        select(Agent.staff_id, Agent.status_since)
        .where(Agent.status == AgentStatus.AVAILABLE, Agent.lease_until > at)
        .order_by(Agent.status_since, Agent.staff_id)
    )


def _declined_by(session: Session, staff_ids: list[int]) -> set[tuple[int, int]]:
    """Who of them declined whom, as long as that caller waits."""
    rows = session.execute(
        select(Reservation.queue_entry_id, Reservation.staff_id)
        .join(QueueEntry, QueueEntry.id == Reservation.queue_entry_id)
        .where(
            QueueEntry.status == QueueEntryStatus.WAITING,
            Reservation.staff_id.in_(staff_ids),
            Reservation.status == ReservationStatus.DECLINED,
        )
    )
    return {(entry_id, staff_id) for entry_id, staff_id in rows}


def _pending(session: Session, staff_id: int) -> list[Reservation]:
    pending = select(Reservation).where(
        Reservation.staff_id == staff_id, Reservation.status == ReservationStatus.PENDING
    )
    return list(session.scalars(pending))


def _offer(session: Session, call: Waiting, agent: Idle, *, at: datetime) -> bool:
    """The unique indexes have the last word: an offer that another transaction was quicker to make is not made."""
    is_new = insert_new(
        session,
        Reservation,
        queue_entry_id=call.entry_id,
        call_id=call.call_id,
        practice_id=call.practice_id,
        staff_id=agent.staff_id,
        status=ReservationStatus.PENDING,
        offered_at=at,
        expires_at=at + OFFER_FOR,
    )
    if not is_new:
        return False
    reservation = session.scalars(
        select(Reservation).where(
            Reservation.queue_entry_id == call.entry_id, Reservation.status == ReservationStatus.PENDING
        )
    ).one()
    if not move_agent(session, agent.staff_id, from_=[AgentStatus.AVAILABLE], to=AgentStatus.RESERVED, at=at):
        settle(session, reservation, ReservationStatus.CANCELED, at=at)
        return False
    touch(session, f"call-{call.call_id}")
    publish(
        session,
        CallOffered(
            call_id=call.call_id,
            practice_id=call.practice_id,
            staff_id=agent.staff_id,
            reservation_id=reservation.id,
            at=at,
        ),
    )
    return True
