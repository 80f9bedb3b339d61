"""What the agenda's facts put into the outbox, in the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRestored,
    SeriesBooked,
)
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule
from callcenter.core.db import touch
from callcenter.core.i18n import N_
from callcenter.core.phone import is_mobile
from callcenter.directory.models import Patient, Practice
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.messaging.wording import confirmation_text, moved_text, series_text

# A booking taken back at once must not ring anybody's telephone; longer, and the caller hangs up before the text that
# she is told to expect.
UNDO_FOR = timedelta(seconds=3)

APPOINTMENT_BOOKED = "appointment_booked"
APPOINTMENT_MOVED = "appointment_moved"
SERIES_BOOKED = "series_booked"
_OF_THE_VISIT = (APPOINTMENT_BOOKED, APPOINTMENT_MOVED)

# Built once: every booking asks it, and building takes longer than asking.
_WHOM_TO_TELL = (
    select(Patient, Practice, Schedule.zone)
    .join(Practice, Practice.id == Patient.practice_id)
    .join(Appointment, Appointment.patient_id == Patient.id)
    .join(Schedule, Schedule.id == Appointment.schedule_id)
    .where(Appointment.id == bindparam("appointment_id"))
)


def confirm_booking(session: Session, event: AppointmentBooked) -> None:
    """Put the confirmation into the outbox, once per appointment; nothing for a number that texts cannot reach."""
    _confirm(
        session,
        event,
        kind=APPOINTMENT_BOOKED,
        key=f"appointment-booked-{event.appointment_id}",
        words=confirmation_text_for,
    )


def confirm_series(session: Session, event: SeriesBooked) -> None:
    """One text for a whole series, once; nothing for a number that texts cannot reach."""

    def words(practice: Practice, _start: int, zone: str) -> str:
        times = [local_time(start, zone) for start in event.starts]
        return series_text(times, practice=practice.short_name, language=practice.language)

    first = AppointmentBooked(
        event.first_appointment_id,
        event.practice_id,
        event.patient_id,
        event.practitioner_id,
        event.call_id,
        event.starts[0],
        event.at,
    )
    _confirm(session, first, kind=SERIES_BOOKED, key=_key_of_series(event.series_id), words=words)


def confirm_move(session: Session, event: AppointmentMoved) -> None:
    """Take back what has not left yet and put the new time into the outbox, once per move.

    A confirmation that had not left says the new time instead, whether or not she is to be told of the move.
    """
    withdrawn = _withdraw(session, OutboxMessage.appointment_id == event.appointment_id, at=event.at)
    if not event.tell and not withdrawn:
        return
    told = select(OutboxMessage.id).where(
        OutboxMessage.appointment_id == event.appointment_id,
        OutboxMessage.kind.in_(_OF_THE_VISIT),
        OutboxMessage.status != OutboxStatus.CANCELED,
    )
    # Whoever was told nothing yet is told of no move: it is her confirmation, late.
    is_news = not withdrawn or session.scalar(told.limit(1)) is not None
    _confirm(
        session,
        event,
        kind=APPOINTMENT_MOVED if is_news else APPOINTMENT_BOOKED,
        key=f"appointment-moved-{event.event_id}",
        words=moved_text_for if is_news else confirmation_text_for,
    )


def cancel_confirmation(session: Session, event: AppointmentCancelled) -> None:
    """Take back what has not left yet; a text already on its way is the carrier's.

    The text of a series goes as long as one of its visits stands.
    """
    withdrawn = _withdraw(session, OutboxMessage.appointment_id == event.appointment_id, at=event.at)
    series_id = session.scalar(select(Appointment.series_id).where(Appointment.id == event.appointment_id))
    if series_id is not None:
        others = select(Appointment.id).where(
            Appointment.series_id == series_id,
            Appointment.id != event.appointment_id,
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        if session.scalar(others.limit(1)) is None:
            of_series = OutboxMessage.dedupe_key == _key_of_series(series_id)
            withdrawn = _withdraw(session, of_series, kinds=(SERIES_BOOKED,), at=event.at) or withdrawn
    if withdrawn:
        _signal(session, event.call_id)


def restore_confirmation(session: Session, event: AppointmentRestored) -> None:
    """Send after all what the cancellation had withdrawn: the last of it, which says where the visit is."""
    last = session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.appointment_id == event.appointment_id, OutboxMessage.kind.in_(_OF_THE_VISIT))
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    )
    if last is None or last.status != OutboxStatus.CANCELED:
        return
    last.status, last.settled_at, last.due_at = OutboxStatus.PENDING, None, event.at + UNDO_FOR
    _signal(session, event.call_id)


def _key_of_series(series_id: int) -> str:
    return f"series-booked-{series_id}"


def _withdraw(
    session: Session, of_what: ColumnElement[bool], *, kinds: Sequence[str] = _OF_THE_VISIT, at: datetime
) -> bool:
    withdrawn = session.scalars(
        update(OutboxMessage)
        .where(
            of_what,
            OutboxMessage.kind.in_(kinds),
            OutboxMessage.status == OutboxStatus.PENDING,
        )
        .values(status=OutboxStatus.CANCELED, settled_at=at)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(withdrawn)


def _confirm(
    session: Session,
    event: AppointmentBooked | AppointmentMoved,
    *,
    kind: str,
    key: str,
    words: Callable[[Practice, int, str], str],
) -> None:
    patient, practice, zone = session.execute(_WHOM_TO_TELL, {"appointment_id": event.appointment_id}).one()
    if confirmation_for(patient) is not None or patient.phone is None:
        return
    session.add(
        OutboxMessage(
            practice_id=event.practice_id,
            dedupe_key=key,
            kind=kind,
            to_number=patient.phone,
            body=words(practice, event.start, zone),
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


def moved_text_for(practice: Practice, start: int, zone: str) -> str:
    """The new time of a visit in the practice's language; otherwise as ``confirmation_text_for``."""
    return moved_text(local_time(start, zone), practice=practice.short_name, language=practice.language)


def _signal(session: Session, call_id: int | None) -> None:
    touch(session, "outbox")
    if call_id is not None:
        touch(session, f"call-{call_id}")
