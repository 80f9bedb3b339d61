"""Booking an appointment: the schedule is locked first, the database's constraint has the last word."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentBooked
from callcenter.agenda.finding import Free, Place, find_free, first_free_times, place_for, visit_of, visitor_for
from callcenter.agenda.models import Appointment, Occupation, Schedule, ServiceType
from callcenter.agenda.offering import Refusal
from callcenter.agenda.opening_rules import Channel
from callcenter.agenda.openings import local_time, read_schedules
from callcenter.agenda.quotas import count_use
from callcenter.agenda.refusals import sentence_of
from callcenter.agenda.visit_rules import NotForHer, Visitor
from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practitioner, Staff
from callcenter.telephony.models import Call

_CHOICES = 3


class TimeTaken(Conflict):
    """The time cannot be had any more; ``next_choices`` can, and ``taken_by`` names who has it when known."""

    def __init__(self, sentence: str, /, *, next_choices: Sequence[Free], taken_by: str = "", **values: object) -> None:
        super().__init__(sentence, **values)
        self.next_choices = tuple(next_choices)
        self.taken_by = taken_by


def book_appointment(
    session: Session,
    *,
    practice_id: int,
    practitioner_id: int,
    patient_id: int,
    service_type_id: int,
    start: int,
    call_id: int | None,
    staff_id: int | None,
    request_key: str,
    at: datetime,
    channel: Channel = Channel.PHONE,
) -> Appointment:
    """Give a patient a time; ``start`` in UTC seconds, any start that ``agenda.offering`` lets this channel have.

    The same ``request_key`` again gives the same appointment. Raises ``TimeTaken`` with the next choices, ``NotFound``
    when practitioner, patient, type or call are not this practice's, ``Invalid`` without a key.
    """
    if not request_key or len(request_key) > 60:
        raise Invalid(N_("This form is not complete. Open it again."))
    service_type = _check_belonging(session, practice_id, practitioner_id, patient_id, service_type_id, call_id)
    _lock_schedules(session, practitioner_id)
    wanted = Appointment(
        practice_id=practice_id,
        practitioner_id=practitioner_id,
        patient_id=patient_id,
        service_type_id=service_type_id,
        start=start,
        end=start + service_type.duration_minutes * 60,
        call_id=call_id,
        booked_by=staff_id,
        booked_at=at,
        request_key=request_key,
        channel=channel,
    )
    # Only after the lock: of two identical requests at once, the second waits there and then sees what the first wrote.
    earlier = _same_request(session, wanted)
    if earlier is not None:
        return earlier
    place = _place_for(session, wanted, service_type, at=at)
    wanted.schedule_id, wanted.end = place.schedule_id, place.end
    try:
        with session.begin_nested():
            if not count_use(session, wanted, place.opened):
                raise _refused(session, wanted, service_type, Refusal.FULL, at=at)
            session.add(wanted)
            session.flush()
            session.add(
                Occupation(
                    practice_id=practice_id,
                    schedule_id=wanted.schedule_id,
                    appointment_id=wanted.id,
                    start=wanted.start - place.before,
                    end=wanted.end + place.after,
                )
            )
    except IntegrityError as refused:
        if not _is_overlap(refused):
            # The same key was being used for another practitioner at this very moment.
            raise Conflict(N_("This form has already been used for another appointment.")) from refused
        raise _refused(session, wanted, service_type, Refusal.TAKEN, at=at) from refused
    record_act(
        session,
        "appointment.booked",
        f"appointment {wanted.id}",
        at=at,
        staff_id=staff_id,
        practice_id=practice_id,
    )
    publish(
        session,
        AppointmentBooked(wanted.id, practice_id, patient_id, practitioner_id, call_id, start, at),
    )
    touch(session, f"agenda-{practice_id}")
    return wanted


def _check_belonging(
    session: Session,
    practice_id: int,
    practitioner_id: int,
    patient_id: int,
    service_type_id: int,
    call_id: int | None,
) -> ServiceType:
    """The type of visit, once everything named is this practice's."""
    if practitioner_id not in session.scalars(
        select(Practitioner.id).where(Practitioner.id == practitioner_id, Practitioner.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such practitioner."))
    if patient_id not in session.scalars(
        select(Patient.id).where(Patient.id == patient_id, Patient.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such patient."))
    if call_id is not None and call_id not in session.scalars(
        select(Call.id).where(Call.id == call_id, Call.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such call."))
    service_type = session.scalar(
        select(ServiceType).where(ServiceType.id == service_type_id, ServiceType.practice_id == practice_id)
    )
    if service_type is None:
        raise NotFound(N_("There is no such type of visit."))
    return service_type


def _lock_schedules(session: Session, practitioner_id: int) -> None:
    """Bookers of one practitioner go one after the other, in id order: constraint storms cost seconds, measured.

    SQLite has no row locks and needs none: it lets one writer in.
    """
    session.execute(
        select(Schedule.id).where(Schedule.practitioner_id == practitioner_id).order_by(Schedule.id).with_for_update()
    ).all()


def _same_request(session: Session, wanted: Appointment) -> Appointment | None:
    """What this key booked before; raises ``Conflict`` when it was for something else."""
    earlier = session.scalar(
        select(Appointment).where(
            Appointment.practice_id == wanted.practice_id, Appointment.request_key == wanted.request_key
        )
    )
    if earlier is None:
        return None
    same = ("practitioner_id", "patient_id", "service_type_id", "start", "call_id")
    if any(getattr(earlier, name) != getattr(wanted, name) for name in same):
        raise Conflict(N_("This form has already been used for another appointment."))
    return earlier


def _place_for(session: Session, wanted: Appointment, service_type: ServiceType, *, at: datetime) -> Place:
    """Where the wanted time is free; raises ``TimeTaken``."""
    near = local_time(wanted.start, "UTC").date()
    schedules = read_schedules(
        session,
        [wanted.practitioner_id],
        first_day=near - timedelta(days=1),
        last_day=near + timedelta(days=1),
    )
    found = place_for(
        schedules,
        visit_of(session, wanted.practitioner_id, service_type),
        start=wanted.start,
        at=at,
        channel=wanted.channel,
        visitor=visitor_for(session, wanted.practitioner_id, wanted.patient_id),
    )
    if isinstance(found, Place):
        return found
    raise _refused(session, wanted, service_type, found, at=at)


def _refused(
    session: Session, wanted: Appointment, service_type: ServiceType, why: Refusal | NotForHer, *, at: datetime
) -> TimeTaken:
    """The refusal with its sentence, and the next times that this patient can have."""
    visitor = visitor_for(session, wanted.practitioner_id, wanted.patient_id)
    choices = _next_choices(session, wanted, service_type, visitor, at=at)
    # Who has it is said also where the rules would have refused it: that is what two at their desks want to know.
    if why in {Refusal.TAKEN, Refusal.CLOSED}:
        name = _taken_by(session, wanted, service_type)
        if name is not None and name:
            return TimeTaken(N_("%(name)s has just taken this time."), next_choices=choices, taken_by=name, name=name)
        why = Refusal.TAKEN if name is not None else why
    return TimeTaken(sentence_of(why), next_choices=choices)


def _taken_by(session: Session, wanted: Appointment, service_type: ServiceType) -> str | None:
    """The colleague who has this time, empty when it is the asker's own or nobody's; None when it is not taken."""
    occupied = session.execute(
        select(Appointment.booked_by, Staff.name)
        .join(Occupation, Occupation.appointment_id == Appointment.id)
        .outerjoin(Staff, Staff.id == Appointment.booked_by)
        .where(
            Appointment.practitioner_id == wanted.practitioner_id,
            Occupation.start < wanted.end + service_type.after_minutes * 60,
            Occupation.end > wanted.start - service_type.before_minutes * 60,
        )
        .limit(1)
    ).first()
    if occupied is None:
        return None
    return "" if occupied.booked_by == wanted.booked_by else occupied.name or ""


def _next_choices(
    session: Session, wanted: Appointment, service_type: ServiceType, visitor: Visitor, *, at: datetime
) -> list[Free]:
    """Three times as near after the wanted one as there are; when none follows within a week, the first free ones."""
    day = local_time(wanted.start, "UTC").date()
    after = [
        one
        for one in find_free(
            session,
            wanted.practitioner_id,
            service_type,
            first_day=day - timedelta(days=1),
            last_day=day + timedelta(days=7),
            at=at,
            visitor=visitor,
        )
        if one.start > wanted.start
    ]
    if len(after) >= _CHOICES:
        return after[:_CHOICES]
    return first_free_times(session, wanted.practitioner_id, service_type, at=at, count=_CHOICES, visitor=visitor)


def _is_overlap(refused: IntegrityError) -> bool:
    """Whether it was the overlap guard of the migrations (a trigger on SQLite, a constraint on PostgreSQL)."""
    return "occupation_overlap" in str(refused.orig)
