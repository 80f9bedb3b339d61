"""An operator asks a colleague into her call: an offer addressed to that colleague, who takes it as any other."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict
from callcenter.core.events import publish
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.scope import Centre, CentreReason
from callcenter.core.text import clean_line
from callcenter.routing.agents import move_agent, release, whole_floor
from callcenter.routing.events import CallOffered
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationRule,
    ReservationStatus,
)
from callcenter.routing.offers import OFFER_FOR
from callcenter.telephony.holding import lift_hold
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON

NOTE_LIMIT = 300
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10
_NOT_TAKEN = (ReservationStatus.DECLINED, ReservationStatus.EXPIRED, ReservationStatus.CANCELED)


def offer_transfer(
    session: Session, call_id: int, *, to_staff_id: int, from_staff_id: int, note: str, at: datetime
) -> Reservation:
    """Have a call that was answered ring for one colleague; offered twice to the same, it is one offer.

    ``note`` is what the colleague should know, 300 characters at most. Raises ``Conflict`` when the patient has left,
    when the call rings for somebody already, and when the colleague is not free.
    """
    with whole_floor(session):
        call = lock_call(session, call_id)
        locked = select(QueueEntry).where(QueueEntry.call_id == call_id).with_for_update(key_share=True)
        entry = session.scalar(locked.execution_options(populate_existing=True))
        if entry is None or call.status == CallStatus.ENDED or entry.status != QueueEntryStatus.ANSWERED:
            raise Conflict(N_("The patient has hung up."))
        pending = _pending(session, call_id)
        if pending is not None:
            if (pending.staff_id, pending.from_staff_id) == (to_staff_id, from_staff_id):
                return pending
            raise Conflict(N_("This call rings for somebody already."))
        is_present = session.scalar(select(Agent.staff_id).where(Agent.staff_id == to_staff_id, Agent.lease_until > at))
        is_new = is_present is not None and insert_new(
            session,
            Reservation,
            queue_entry_id=entry.id,
            call_id=call_id,
            practice_id=call.practice_id,
            staff_id=to_staff_id,
            status=ReservationStatus.PENDING,
            offered_at=at,
            expires_at=at + OFFER_FOR,
            rule=ReservationRule.TRANSFER,
            from_staff_id=from_staff_id,
            note=clean_line(note, limit=NOTE_LIMIT),
        )
        # Refused as a whole, so that nothing of the offer stays.
        if not is_new or not move_agent(
            session, to_staff_id, from_=[AgentStatus.AVAILABLE], to=AgentStatus.RESERVED, at=at
        ):
            raise Conflict(N_("This colleague is not free any more."))
        offer = _pending(session, call_id)
        assert offer is not None
        touch(session, f"call-{call_id}", f"desk-{from_staff_id}")
        publish(
            session,
            CallOffered(
                call_id=call_id, practice_id=call.practice_id, staff_id=to_staff_id, reservation_id=offer.id, at=at
            ),
        )
        return offer


def take_back_transfer(session: Session, call_id: int, *, from_staff_id: int, at: datetime) -> None:
    """End the offer she made; the colleague is available again. Taking back what is over changes nothing."""
    with whole_floor(session):
        lock_call(session, call_id)
        offer = _pending(session, call_id)
        if offer is not None and offer.from_staff_id == from_staff_id:
            release(session, offer, ReservationStatus.CANCELED, at=at)
            touch(session, f"call-{call_id}", f"desk-{from_staff_id}")


def transfers_of(session: Session, call_id: int) -> int:
    """How often this call was offered to a colleague by another."""
    found = select(Reservation.id).where(Reservation.call_id == call_id, Reservation.rule == ReservationRule.TRANSFER)
    return len(session.scalars(found).all())


def lift_holds_after_refusal(database: Database, provider: Provider, clock: Clock) -> None:
    """Take back patients who were held while a colleague was asked who did not come. Run every second."""
    company = aliased(Leg)
    still = aliased(Reservation)
    refused = (
        select(Leg.id)
        .join(Call, Call.id == Leg.call_id)
        .join(Reservation, Reservation.call_id == Leg.call_id)
        .where(
            Call.status.in_(GOING_ON),
            Leg.role == LegRole.PATIENT,
            Leg.status == LegStatus.JOINED,
            Leg.on_hold,
            Reservation.rule == ReservationRule.TRANSFER,
            Reservation.status.in_(_NOT_TAKEN),
            Reservation.settled_at >= Leg.held_at,
            # Somebody else was asked since: she is held for that one.
            ~exists().where(
                still.call_id == Leg.call_id,
                still.id > Reservation.id,
                still.status.in_((ReservationStatus.PENDING, ReservationStatus.ACCEPTED)),
            ),
            ~exists().where(
                company.call_id == Leg.call_id,
                company.role.in_((LegRole.PRACTITIONER, LegRole.CONTACT)),
                company.status.not_in((LegStatus.LEFT, LegStatus.FAILED)),
            ),
        )
        .distinct()
        .order_by(Leg.id)
        .limit(_AT_ONCE)
    )
    with database.reading(_SCOPE) as session:
        ids = session.scalars(refused).all()
    for leg_id in ids:
        with guarded(f"leg {leg_id}, on hold"):
            if not lift_hold(database, provider, leg_id, clock):
                return


def _pending(session: Session, call_id: int) -> Reservation | None:
    found = select(Reservation).where(Reservation.call_id == call_id, Reservation.status == ReservationStatus.PENDING)
    return session.scalar(found.execution_options(populate_existing=True))
