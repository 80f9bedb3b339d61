"""Texts that would tell what is no longer so: before anything leaves they are taken out of the outbox."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.core.db import touch
from callcenter.messaging.callback_links import CALLBACK_LINK, link_serves
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.messaging.subscribers import APPOINTMENT_BOOKED


def withdraw_outdated(session: Session, *, at: datetime) -> None:
    """Whatever became of them while they waited, were being sent or looked up: they are not sent (again)."""
    _withdraw(session, _confirms_a_cancelled_appointment(at), at=at)
    _withdraw(session, and_(OutboxMessage.kind == CALLBACK_LINK, ~link_serves(at=at)), at=at)


def _confirms_a_cancelled_appointment(at: datetime) -> ColumnElement[bool]:
    cancelled = select(Appointment.id).where(Appointment.status == AppointmentStatus.CANCELLED)
    return and_(
        OutboxMessage.due_at <= at,
        OutboxMessage.kind == APPOINTMENT_BOOKED,
        OutboxMessage.appointment_id.in_(cancelled),
    )


def _withdraw(session: Session, outdated: ColumnElement[bool], *, at: datetime) -> None:
    withdrawn = session.scalars(
        update(OutboxMessage)
        .where(OutboxMessage.status == OutboxStatus.PENDING, outdated)
        .values(status=OutboxStatus.CANCELED, settled_at=at)
        .returning(OutboxMessage.call_id)
        .execution_options(synchronize_session=False)
    ).all()
    if withdrawn:
        touch(session, "outbox", *(f"call-{call_id}" for call_id in withdrawn if call_id is not None))
