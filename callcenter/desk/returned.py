"""What is shown of a conversation that was cut: to whom was in it, and to whoever has the patient next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from callcenter.desk.card import CallCard, CardState
from callcenter.directory.models import Staff
from callcenter.routing.choice import PriorityReason
from callcenter.routing.company import has_company
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.routing.telephones import telephones_of
from callcenter.telephony.models import Leg, LegRole, LegStatus

_STILL_TOLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Cut:
    """Her telephone has left the conversation. ``until``: how long she is waited for; None with somebody else there."""

    since: datetime
    until: datetime | None
    rings: bool  # to bring her back
    failure: str  # why the last try did not, a message id


@dataclass(frozen=True, slots=True)
class Former:
    """Who spoke with this patient before, and until when."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Handed:
    """Her conversation ended without the patient: who has her now; no name while she waits.

    ``asked`` is whom she put the patient through to, and who did not answer. ``was_cut``: she put nobody through, her
    telephone was lost.
    """

    name: str
    asked: str
    was_cut: bool


def read_cut(session: Session, card: CallCard | None, staff_id: int) -> Cut | None:
    """How her cut conversation stands; None when it is not cut."""
    if card is None or card.state is not CardState.CUT:
        return None
    own = session.scalars(
        select(Leg)
        .where(Leg.call_id == card.call_id, Leg.role == LegRole.OPERATOR, Leg.staff_id == staff_id)
        .order_by(Leg.id)
    ).all()
    left = [leg.left_at for leg in own if leg.joined_at is not None and leg.left_at is not None]
    until = session.scalar(select(QueueEntry.requeue_at).where(QueueEntry.call_id == card.call_id))
    last = own[-1]
    return Cut(
        since=max(left, default=card.state_since),
        until=None if has_company(telephones_of(session, card.call_id)) else until,
        rings=last.status not in (LegStatus.LEFT, LegStatus.FAILED),
        failure=last.failure if last.status == LegStatus.FAILED else "",
    )


def read_former(session: Session, card: CallCard | None, staff_id: int) -> Former | None:
    """Who was on the line with the patient of this card before her; None when nobody was lost, or she is back in it."""
    if card is None or card.state is CardState.WRAP_UP:
        return None
    again = aliased(Leg)
    # Her own telephone: the line that she had rung in an emergency bears her name too.
    is_back = exists().where(
        again.call_id == Leg.call_id,
        again.role == LegRole.OPERATOR,
        again.staff_id == Leg.staff_id,
        again.status == LegStatus.JOINED,
    )
    row = session.execute(
        select(Leg.left_at, Staff.first_name, Staff.name)
        .join(Staff, Staff.id == Leg.staff_id)
        .join(QueueEntry, QueueEntry.call_id == Leg.call_id)
        .where(
            Leg.call_id == card.call_id,
            Leg.role == LegRole.OPERATOR,
            Leg.staff_id != staff_id,
            Leg.joined_at.is_not(None),
            Leg.left_at.is_not(None),
            QueueEntry.priority_reason == PriorityReason.RETURNED,
            ~is_back,
        )
        .order_by(Leg.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.left_at is None:
        return None
    return Former(name=row.first_name or row.name, until=row.left_at)


def read_handed(session: Session, agent: Agent | None) -> Handed | None:
    """Who has the patient of the conversation she was cut off from, while she wraps up or has been away."""
    if agent is None or agent.status not in {AgentStatus.WRAP_UP, AgentStatus.OFFLINE}:
        return None
    mine = session.execute(
        select(Reservation.id, Reservation.call_id, QueueEntry.status, QueueEntry.priority_reason)
        .join(QueueEntry, QueueEntry.id == Reservation.queue_entry_id)
        .where(Reservation.staff_id == agent.staff_id, Reservation.status == ReservationStatus.ACCEPTED)
        .order_by(Reservation.id.desc())
        .limit(1)
    ).one_or_none()
    if mine is None or mine.priority_reason != PriorityReason.RETURNED or not _was_hers(session, agent, mine.call_id):
        return None
    taker = None
    if mine.status != QueueEntryStatus.WAITING:  # else nobody has her, whoever was in the call before
        taker = session.execute(
            select(Staff.first_name, Staff.name)
            .join(Reservation, Reservation.staff_id == Staff.id)
            .where(
                Reservation.call_id == mine.call_id,
                Reservation.id > mine.id,
                Reservation.staff_id != agent.staff_id,
                Reservation.status == ReservationStatus.ACCEPTED,
            )
            .order_by(Reservation.id.desc())
            .limit(1)
        ).one_or_none()
    if taker is None and mine.status != QueueEntryStatus.WAITING:
        return None  # she was the last to speak with the patient
    left_at = _left_at(session, mine.call_id, agent.staff_id)
    # Of her gesture as she left; what a colleague answered before is over.
    of_then = or_(Reservation.status == ReservationStatus.PENDING, Reservation.settled_at >= left_at)
    colleague = session.execute(
        select(Reservation.status, Staff.first_name, Staff.name)
        .join(Staff, Staff.id == Reservation.staff_id)
        .where(Reservation.call_id == mine.call_id, Reservation.from_staff_id == agent.staff_id, of_then)
        .order_by(Reservation.id.desc())
        .limit(1)
    ).one_or_none()
    if colleague is not None and colleague.status == ReservationStatus.PENDING:
        return None  # it rings there
    has_taken = colleague is not None and colleague.status == ReservationStatus.ACCEPTED
    if colleague is not None:
        asked = "" if has_taken else (colleague.first_name or colleague.name)
    else:
        asked = _asked_in_vain(session, mine.call_id, left_at)
    return Handed(
        name=(taker.first_name or taker.name) if taker else "",
        asked=asked,
        was_cut=not asked and not has_taken,
    )


def _left_at(session: Session, call_id: int, staff_id: int) -> datetime | None:
    """When her telephone left this call last."""
    left_at: datetime | None = session.scalar(
        select(Leg.left_at)
        .where(Leg.call_id == call_id, Leg.staff_id == staff_id, Leg.role == LegRole.OPERATOR)
        .order_by(Leg.id.desc())
        .limit(1)
    )
    return left_at


def _asked_in_vain(session: Session, call_id: int, left_at: datetime | None) -> str:
    """Whose telephone outside she had put the patient through to as she left, and who did not come; else empty."""
    if left_at is None:
        return ""
    asked = session.scalar(
        select(Leg.name)
        .where(
            Leg.call_id == call_id,
            Leg.role.in_([LegRole.PRACTITIONER, LegRole.CONTACT]),
            Leg.joined_at.is_(None),
            Leg.wanted_at <= left_at,
            or_(Leg.left_at.is_(None), Leg.left_at >= left_at),
        )
        .order_by(Leg.id.desc())
        .limit(1)
    )
    return asked or ""


def _was_hers(session: Session, agent: Agent, call_id: int) -> bool:
    """Whether she wraps this call up, or was in it when her browser fell silent; earlier ones are told no more."""
    if agent.status == AgentStatus.WRAP_UP:
        return agent.call_id == call_id
    left_at = _left_at(session, call_id, agent.staff_id)
    return left_at is not None and agent.lapsed_at is not None and agent.lapsed_at - left_at < _STILL_TOLD
