"""Moving an appointment: it does not stand in its own way, and nothing is free in between."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentMoved
from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act, AppointmentEvent
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.belonging import check_belonging
from callcenter.agenda.writing.booking import write_visit
from callcenter.agenda.writing.changing import changed_appointments, standing_of
from callcenter.agenda.writing.history import Doing, record_event, snapshot
from callcenter.agenda.writing.placing import all_or_nothing, place
from callcenter.agenda.writing.vacating import vacate
from callcenter.agenda.writing.wanted import Wanted
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.scope import scoped_connection

_DONE = (
    select(AppointmentEvent.id)
    .where(
        AppointmentEvent.appointment_id == bindparam("appointment_id"),
        AppointmentEvent.act_key == bindparam("key"),
        AppointmentEvent.act == Act.MOVED,
    )
    .limit(1)
)


def move_appointment(
    session: Session,
    appointment_id: int,
    *,
    practitioner_id: int,
    start: int,
    staff_id: int | None,
    request_key: str,
    at: datetime,
    call_id: int | None = None,
    seen_start: int | None = None,
    overbooking_rule_id: int | None = None,
    tell: bool = True,
    reason: str = "",
) -> Appointment:
    """Give an appointment another time (UTC seconds), with this practitioner.

    ``seen_start`` is where she saw it: moved by somebody else meanwhile, it is not moved away under that person's
    hands. The same ``request_key`` again changes nothing. ``tell`` says whether the patient gets a text. Raises
    ``TimeTaken`` with the next choices, ``Conflict`` when it cannot be moved any more, ``NotFound`` out of the scope.
    """
    if not request_key or len(request_key) > 60:
        raise Invalid(N_("This form is not complete. Open it again."))
    standing = standing_of(session, [appointment_id])
    service_type, visit = check_belonging(
        session,
        standing[0].practice_id,
        practitioner_id=practitioner_id,
        service_type_id=standing[0].service_type_id,
        call_id=call_id,
    )
    [appointment] = changed_appointments(session, standing, towards=[(practitioner_id, visit)])
    if _is_done(session, appointment_id, request_key):
        return appointment
    if appointment.status != AppointmentStatus.BOOKED:
        raise Conflict(N_("Only a visit that is still to come can be moved."))
    if seen_start is not None and appointment.start != seen_start:
        raise Conflict(N_("This visit has just been moved by somebody else."))
    was, was_with = appointment.start, appointment.practitioner_id
    if (was, was_with) == (start, practitioner_id):
        return appointment
    wanted = Wanted(
        practice_id=appointment.practice_id,
        practitioner_id=practitioner_id,
        service_type=service_type,
        visit=visit,
        start=start,
        staff_id=staff_id,
        patient_id=appointment.patient_id,
        channel=Channel(appointment.channel),
        moving=frozenset({appointment_id}),
        overbooking_rule_id=overbooking_rule_id,
    )
    before = snapshot(session, appointment)
    # A refusal leaves it where it was, also for a page that goes on in this transaction.
    with all_or_nothing(session, wanted, at=at):
        # What it counts for is given back first: within one opening it does not stand in its own way either.
        vacate(session, appointment)
        placed = place(session, wanted, at=at)
        taken = write_visit(session, appointment, placed, service_type, at=at)
    doing = Doing(at=at, staff_id=staff_id, key=request_key, call_id=call_id, reason=reason)
    event_id = record_event(session, appointment, Act.MOVED, doing, before=before, taken=taken)
    tell_moved(session, appointment, doing, event_id, was_start=was, tell=tell)
    return appointment


def tell_moved(
    session: Session, appointment: Appointment, doing: Doing, event_id: int, *, was_start: int, tell: bool
) -> None:
    """Tell those above, and every screen, of a move that is a line of the history."""
    publish(
        session,
        AppointmentMoved(
            appointment.id,
            appointment.practice_id,
            appointment.patient_id,
            appointment.practitioner_id,
            doing.call_id,
            appointment.start,
            was_start,
            event_id,
            doing.at,
            tell,
        ),
    )
    touch_agenda(session, appointment.practice_id, appointment.practitioner_id)


def _is_done(session: Session, appointment_id: int, request_key: str) -> bool:
    asked = {"appointment_id": appointment_id, "key": request_key}
    return scoped_connection(session).execute(_DONE, asked).scalar() is not None
