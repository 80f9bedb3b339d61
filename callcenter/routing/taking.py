"""Taking a call: the offered one, or one pulled from the queue. Compare-and-set decides; the second gets a sentence."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.directory.models import Practice, Staff
from callcenter.routing.agents import move_agent, release, settle, was_changed
from callcenter.routing.ears import Telephone, telephone_of
from callcenter.routing.events import CallAccepted
from callcenter.routing.models import (
    IN_TURN,
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationRule,
    ReservationStatus,
)
from callcenter.routing.skills import may_take, refuse_unqualified
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole


class CallTaken(Conflict):
    """Somebody was faster; ``next_entry_id`` is the call whose turn it is and that can be had instead."""

    def __init__(self, sentence: str, /, *, next_entry_id: int | None, **values: object) -> None:
        super().__init__(sentence, **values)
        self.next_entry_id = next_entry_id


def accept_offer(session: Session, reservation_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Take the call that rings for her; the leg to dial once this is committed. Accepted twice, it is the same leg.

    Raises ``NotFound`` for an offer that was never hers, ``Invalid`` when she has no telephone, ``CallTaken`` when the
    offer is over.
    """
    reservation = session.scalar(
        select(Reservation).where(Reservation.id == reservation_id, Reservation.staff_id == staff_id)
    )
    if reservation is None:
        raise NotFound(N_("This call was not offered to you."))
    call = lock_call(session, reservation.call_id)
    entry = _lock_entry(session, reservation.queue_entry_id)
    session.refresh(reservation)
    if reservation.status == ReservationStatus.ACCEPTED:
        return _leg_of(session, reservation)
    telephone = telephone_of(session, staff_id)
    # A colleague who is with the patient asks her to join them: nobody waits for an answer then.
    joins = entry.status == QueueEntryStatus.ANSWERED and reservation.rule == ReservationRule.TRANSFER
    can_be_had = entry.status == QueueEntryStatus.WAITING or (joins and call.status != CallStatus.ENDED)
    if not can_be_had or not settle(session, reservation, ReservationStatus.ACCEPTED, at=at):
        raise _refusal(session, entry, staff_id, transferred=joins)
    if not move_agent(session, staff_id, from_=[AgentStatus.RESERVED], to=AgentStatus.ON_CALL, call_id=call.id, at=at):
        raise _refusal(session, entry, staff_id, transferred=joins)
    if joins:
        return _join(session, call, reservation, telephone=telephone, at=at)
    return _take(session, call, entry, reservation, telephone=telephone, at=at)


def pull_call(session: Session, queue_entry_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Take a waiting call out of the queue, also one that rings for a colleague; the leg to dial after the commit.

    Pulled twice by the same operator, it is the same leg. Raises ``NotFound``, ``Invalid`` when she has no telephone,
    ``CallTaken`` when somebody was faster, ``Conflict`` when she is not available or not qualified.
    """
    found = session.scalar(select(QueueEntry).where(QueueEntry.id == queue_entry_id))
    if found is None:
        raise NotFound(N_("This call is no longer in the queue."))
    call = lock_call(session, found.call_id)
    entry = _lock_entry(session, queue_entry_id)
    agent = session.scalar(select(Agent).where(Agent.staff_id == staff_id).execution_options(populate_existing=True))
    if entry.status != QueueEntryStatus.WAITING:
        mine = _last_taken(session, entry)
        if mine is not None and mine.staff_id == staff_id and agent is not None and agent.call_id == call.id:
            return _leg_of(session, mine)
        raise _refusal(session, entry, staff_id)
    pending = session.scalar(
        select(Reservation).where(
            Reservation.queue_entry_id == entry.id, Reservation.status == ReservationStatus.PENDING
        )
    )
    if pending is not None and pending.staff_id == staff_id:
        return accept_offer(session, pending.id, staff_id=staff_id, at=at)
    refuse_unqualified(session, staff_id, entry.practice_id)
    telephone = telephone_of(session, staff_id)
    idle_since = agent.status_since if agent is not None else None
    _move_puller(session, agent, staff_id, call, at=at)
    if pending is not None:
        release(session, pending, ReservationStatus.CANCELED, at=at)
    taken = Reservation(
        queue_entry_id=entry.id,
        call_id=call.id,
        practice_id=call.practice_id,
        staff_id=staff_id,
        status=ReservationStatus.ACCEPTED,
        offered_at=at,
        expires_at=at,
        settled_at=at,
        rule=ReservationRule.PULLED,
        idle_since=idle_since,
    )
    session.add(taken)
    session.flush()
    return _take(session, call, entry, taken, telephone=telephone, at=at)


def leave_to_others(session: Session, call_id: int, staff_id: int, *, at: datetime) -> None:
    """She took a call that goes on and never came in: she is available again, as if she had declined it.

    Should the patient wait now, it rings for others. Who was sent away by the colleague who had asked her in has
    declined nothing. Needs the whole floor; changes nothing when it is not her call any more.
    """
    hers = select(func.max(Reservation.id)).where(
        Reservation.call_id == call_id,
        Reservation.staff_id == staff_id,
        Reservation.status == ReservationStatus.ACCEPTED,
    )
    taken = session.scalar(select(Reservation).where(Reservation.id == hers.scalar_subquery()))
    if taken is not None:
        host = select(Agent.staff_id).where(
            Agent.staff_id == taken.from_staff_id, Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL
        )
        has_host = session.scalar(host) is not None
        given_up = update(Reservation).where(Reservation.id == taken.id, Reservation.status == taken.status)
        status = ReservationStatus.CANCELED if has_host else ReservationStatus.DECLINED
        session.execute(given_up.values(status=status, settled_at=at))
    on_call = [AgentStatus.ON_CALL]
    move_agent(session, staff_id, from_=on_call, to=AgentStatus.AVAILABLE, on_call_id=call_id, at=at)


def _move_puller(session: Session, agent: Agent | None, staff_id: int, call: Call, *, at: datetime) -> None:
    if move_agent(session, staff_id, from_=[AgentStatus.AVAILABLE], to=AgentStatus.ON_CALL, call_id=call.id, at=at):
        return
    if agent is not None and agent.status == AgentStatus.RESERVED:
        raise Conflict(N_("Another call is ringing for you: answer or decline it first."))
    if agent is not None and agent.status in {AgentStatus.ON_CALL, AgentStatus.WRAP_UP}:
        raise Conflict(N_("Finish your present call first."))
    raise Conflict(N_("Set yourself available first."))


def _take(
    session: Session, call: Call, entry: QueueEntry, reservation: Reservation, *, telephone: Telephone, at: datetime
) -> Leg:
    won = was_changed(
        session,
        update(QueueEntry)
        .where(QueueEntry.id == entry.id, QueueEntry.status == QueueEntryStatus.WAITING)
        .values(status=QueueEntryStatus.ANSWERED, left_at=at),
    )
    if not won:
        raise _refusal(session, entry, reservation.staff_id)
    return _join(session, call, reservation, telephone=telephone, at=at)


def _join(session: Session, call: Call, reservation: Reservation, *, telephone: Telephone, at: datetime) -> Leg:
    leg = want_leg(
        session,
        call,
        role=LegRole.OPERATOR,
        label=_label(reservation),
        address=telephone.address,
        asks_key=telephone.asks_key,
        staff_id=reservation.staff_id,
        at=at,
    )
    touch(session, "queue", f"desk-{reservation.staff_id}")
    publish(
        session,
        CallAccepted(call_id=call.id, practice_id=call.practice_id, staff_id=reservation.staff_id, at=at),
    )
    return leg


def _label(reservation: Reservation) -> str:
    return f"operator-{reservation.id}"


def _leg_of(session: Session, reservation: Reservation) -> Leg:
    return session.scalars(
        select(Leg).where(Leg.call_id == reservation.call_id, Leg.label == _label(reservation))
    ).one()


def _lock_entry(session: Session, entry_id: int) -> QueueEntry:
    locked = select(QueueEntry).where(QueueEntry.id == entry_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _last_taken(session: Session, entry: QueueEntry) -> Reservation | None:
    taken = select(Reservation).where(
        Reservation.queue_entry_id == entry.id, Reservation.status == ReservationStatus.ACCEPTED
    )
    return session.scalar(taken.order_by(Reservation.id.desc()).limit(1))


def _refusal(session: Session, entry: QueueEntry, staff_id: int, *, transferred: bool = False) -> CallTaken:
    """Why she cannot have this call, and which one she can."""
    following = session.scalar(
        select(QueueEntry.id)
        .join(Practice, Practice.id == QueueEntry.practice_id)
        .join(Staff, Staff.id == staff_id)
        .where(QueueEntry.status == QueueEntryStatus.WAITING, may_take())
        .order_by(*IN_TURN)
        .limit(1)
    )
    if transferred:
        return CallTaken(N_("Your colleague has taken this call back."), next_entry_id=following)
    taken = _last_taken(session, entry) if entry.status == QueueEntryStatus.ANSWERED else None
    if taken is not None and taken.staff_id != staff_id:
        staff = session.scalars(select(Staff).where(Staff.id == taken.staff_id)).one()
        return CallTaken(
            N_("%(name)s has just taken this call."), next_entry_id=following, name=staff.first_name or staff.name
        )
    if entry.status == QueueEntryStatus.WAITING:
        return CallTaken(N_("This call no longer rings for you; it still waits in the queue."), next_entry_id=following)
    return CallTaken(N_("The patient has hung up."), next_entry_id=following)
