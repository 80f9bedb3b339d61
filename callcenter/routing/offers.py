"""Offers: a waiting call rings for one operator, who takes it, declines it or lets it pass."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, case, exists, func, literal, literal_column, select
from sqlalchemy.orm import Session, aliased

from callcenter.core.db import Instant, touch
from callcenter.core.errors import NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.directory.models import Practice
from callcenter.routing.agents import move_agent, release, settle, whole_floor
from callcenter.routing.choice import Idle, Match, Waiting, alike_practices, is_asked_again, match_calls
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
from callcenter.routing.skills import KNOWN_FOR, last_spoken_with, skills_of
from callcenter.routing.taking import accept_offer, pull_call
from callcenter.telephony.models import Call

OFFER_FOR = timedelta(seconds=20)

__all__ = ["accept_offer", "decline_offer", "expire_offers", "offer_waiting_calls", "pull_call", "release_offer"]

# Written out, so that the indexes of the few pending offers serve among those of years.
_PENDING: ColumnElement[str] = literal_column(f"'{ReservationStatus.PENDING}'")
_ENTRY, _CALL = cast(Table, QueueEntry.__table__), cast(Table, Call.__table__)
_UNOFFERED = (
    QueueEntry.status == literal_column(f"'{QueueEntryStatus.WAITING}'"),
    ~exists().where(Reservation.queue_entry_id == QueueEntry.id, Reservation.status == _PENDING),
)
_AT_ONCE = 100  # operators asked in one go; the next second asks the rest


def offer_waiting_calls(session: Session, *, at: datetime) -> int:
    """Offer the calls whose turn it is to operators who are present and may take them; how many were offered.

    Always the same number of queries, however many wait.
    """
    with whole_floor(session):
        free = _free(session, at=at)
        practices = _practices_waiting(session) if free else []
        if not practices:
            return 0
        # All of them, however many: the only one who may take a caller may have become free last.
        present = _with_skills(session, free)
        alike = alike_practices(practices, present)
        if not alike:
            return 0
        declined, again = _declined_by(session, list(free), at=at)
        # Enough of each kind for each of them to find one that she has not declined, however many she has.
        most = min(len(present), _AT_ONCE) + len({entry_id for entry_id, _ in declined})
        waiting = _waiting(session, alike, most=most, at=at)
        if not waiting:
            return 0
        # No more operators are held than may be asked: the others are for the calls that come in meanwhile.
        wanted = match_calls(waiting, present, declined=declined, again=again)[:_AT_ONCE]
        held = _hold_idle(session, {match.agent.staff_id for match in wanted}, at=at)
        idle = [agent for agent in present if agent.staff_id in held]
        matches = match_calls(waiting, idle, declined=declined, again=again)
        return sum(_offer(session, match, at=at) for match in matches)


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
    or its database did not work (until ``started_at``) she could not take it: then she stays available.
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


def _practices_waiting(session: Session) -> list[tuple[int, str, bool]]:
    """Whose callers wait for an offer, and what those practices ask of an operator."""
    asks = select(Practice.id, Practice.language, Practice.certified_only)
    waits = exists().where(QueueEntry.practice_id == Practice.id, *_UNOFFERED)
    return [(row[0], row[1], row[2]) for row in session.execute(asks.where(waits))]


def _waiting(session: Session, alike: Sequence[Sequence[int]], *, most: int, at: datetime) -> list[Waiting]:
    """The first of each group of practices; ``most`` of each."""
    entry = QueueEntry
    looked_at = [entry.practice_id.in_([one for ids in alike for one in ids]), *_UNOFFERED]
    if len(alike) > 1:
        group = case(*((entry.practice_id.in_(ids), number) for number, ids in enumerate(alike)), else_=-1)
        place = func.row_number().over(partition_by=group, order_by=IN_TURN)
        ranked = select(entry.id, place.label("place")).where(*looked_at).subquery()
        looked_at = [entry.id.in_(select(ranked.c.id).where(ranked.c.place <= most)), *_UNOFFERED]
    known = last_spoken_with(_ENTRY.c.practice_id, _CALL.c.from_number, since=literal(at - KNOWN_FOR, Instant()))
    rows = session.execute(
        select(
            entry.id,
            entry.call_id,
            entry.practice_id,
            entry.joined_at,
            entry.ahead,
            entry.urgent,
            entry.priority,
            Practice.language,
            Practice.certified_only,
            known.correlate(_ENTRY, _CALL).scalar_subquery(),
        )
        .join(Call, Call.id == entry.call_id)
        .join(Practice, Practice.id == entry.practice_id)
        .where(*looked_at)
        .order_by(*IN_TURN)
        .limit(most * len(alike))
        # Rows that another transaction holds are being taken or offered right now: passed over, not waited for.
        .with_for_update(skip_locked=True, key_share=True, of=entry)
    )
    return [Waiting(*row) for row in rows]


def _free(session: Session, *, at: datetime) -> dict[int, datetime]:
    """Whoever is available and present, and since when."""
    rows = session.execute(select(Agent.staff_id, Agent.status_since).where(*_is_idle(at)))
    return {row.staff_id: row.status_since for row in rows}


def _with_skills(session: Session, free: Mapping[int, datetime]) -> list[Idle]:
    skills = skills_of(session, list(free))
    return [Idle(staff_id, since, skills[staff_id]) for staff_id, since in free.items()]


def _hold_idle(session: Session, staff_ids: Collection[int], *, at: datetime) -> set[int]:
    """Those of them who are idle still and whom nobody else is asking; theirs until the end of the transaction."""
    idle = select(Agent.staff_id).where(Agent.staff_id.in_(staff_ids), *_is_idle(at)).order_by(Agent.staff_id)
    return set(session.scalars(idle.with_for_update(skip_locked=True, key_share=True)))


def _is_idle(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Agent.status == AgentStatus.AVAILABLE, Agent.lease_until > at)


_Pairs = set[tuple[int, int]]


def _declined_by(session: Session, staff_ids: list[int], *, at: datetime) -> tuple[_Pairs, _Pairs]:
    """Who of them declined whom (entry id, staff id), and of those who may be asked again.

    What was declined before somebody took that caller counts no more, should she wait again.
    """
    taken = aliased(Reservation)
    rows = session.execute(
        select(Reservation.queue_entry_id, Reservation.staff_id, QueueEntry.urgent, Reservation.settled_at)
        .join(QueueEntry, QueueEntry.id == Reservation.queue_entry_id)
        .where(
            QueueEntry.status == QueueEntryStatus.WAITING,
            Reservation.staff_id.in_(staff_ids),
            Reservation.status == ReservationStatus.DECLINED,
            ~exists().where(
                taken.queue_entry_id == Reservation.queue_entry_id,
                taken.status == ReservationStatus.ACCEPTED,
                taken.id > Reservation.id,
            ),
        )
    ).all()
    declined = {(entry_id, staff_id) for entry_id, staff_id, _, _ in rows}
    lately = {
        (entry_id, staff_id)
        for entry_id, staff_id, is_urgent, declined_at in rows
        if declined_at is None or not is_asked_again(declined_at, is_urgent=is_urgent, at=at)
    }
    return declined, declined - lately


def _pending(session: Session, staff_id: int) -> list[Reservation]:
    pending = select(Reservation).where(
        Reservation.staff_id == staff_id, Reservation.status == ReservationStatus.PENDING
    )
    return list(session.scalars(pending))


def _offer(session: Session, match: Match, *, at: datetime) -> bool:
    """The unique indexes have the last word: an offer that another transaction was quicker to make is not made."""
    call, agent = match.call, match.agent
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
        rule=match.rule,
        idle_since=agent.since,
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
