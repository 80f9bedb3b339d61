"""What the agenda's facts put into the outbox, in the same transaction."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentBooked, AppointmentCancelled
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.openings import local_time
from callcenter.core.db import touch
from callcenter.core.i18n import N_
from callcenter.core.phone import is_mobile
from callcenter.directory.models import Patient, Practice
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.messaging.wording import confirmation_text

# A booking taken back at once must not ring anybody's telephone; longer, and the caller hangs up before the text that
# she is told to expect.
UNDO_FOR = timedelta(seconds=3)

APPOINTMENT_BOOKED = "appointment_booked"


def confirm_booking(session: Session, event: AppointmentBooked) -> None:
    """Put the confirmation into the outbox, once per appointment; nothing for a number that texts cannot reach."""
    patient, practice, zone = session.execute(
        select(Patient, Practice, Schedule.zone)
        .join(Practice, Practice.id == Patient.practice_id)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .where(Appointment.id == event.appointment_id)
    ).one()
    if confirmation_for(patient) is not None or patient.phone is None:
        return
    session.add(
        OutboxMessage(
            practice_id=event.practice_id,
            dedupe_key=f"appointment-booked-{event.appointment_id}",
            kind=APPOINTMENT_BOOKED,
            to_number=patient.phone,
            body=confirmation_text_for(practice, event.start, zone),
            status=OutboxStatus.PENDING,
            created_at=event.at,
            due_at=event.at + UNDO_FOR,
            attempts=0,
            error="",
            appointment_id=event.appointment_id,
            call_id=event.call_id,
        )
    )
    _signal(session, event.call_id)


def cancel_confirmation(session: Session, event: AppointmentCancelled) -> None:
    """Take back what has not left yet; a text already on its way is the carrier's."""
    withdrawn = session.scalars(
        update(OutboxMessage)
        .where(
            OutboxMessage.appointment_id == event.appointment_id,
            OutboxMessage.kind == APPOINTMENT_BOOKED,
            OutboxMessage.status == OutboxStatus.PENDING,
        )
        .values(status=OutboxStatus.CANCELED, settled_at=event.at)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    if withdrawn:
        _signal(session, event.call_id)


def confirmation_for(patient: Patient) -> str | None:
    """Why this patient gets no text, as a message to translate; None when she gets one."""
    if not patient.phone:
        return N_("No text: no telephone number")
    if not is_mobile(patient.phone):
        return N_("No text: landline number")
    return None


def confirmation_text_for(practice: Practice, start: int, zone: str) -> str:
    """The confirmation in the practice's language; ``start`` in UTC seconds, ``zone`` where the visit takes place."""
    return confirmation_text(local_time(start, zone), practice=practice.short_name, language=practice.language)


def _signal(session: Session, call_id: int | None) -> None:
    touch(session, "outbox")
    if call_id is not None:
        touch(session, f"call-{call_id}")
