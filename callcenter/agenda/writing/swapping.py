"""Two appointments exchange their times, both or neither."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.visits import visit_of
from callcenter.agenda.models import Appointment, AppointmentStatus, ServiceType
from callcenter.agenda.occupation_models import Act, AppointmentEvent
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.writing.booking import write_visit
from callcenter.agenda.writing.changing import changed_appointments, standing_of
from callcenter.agenda.writing.history import Doing, record_event, snapshot
from callcenter.agenda.writing.moving import tell_moved
from callcenter.agenda.writing.placing import all_or_nothing, place
from callcenter.agenda.writing.vacating import vacate
from callcenter.agenda.writing.wanted import Wanted
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_


def swap_appointments(
    session: Session,
    first_id: int,
    second_id: int,
    *,
    staff_id: int | None,
    request_key: str,
    at: datetime,
    call_id: int | None = None,
    tell: bool = True,
) -> tuple[Appointment, Appointment]:
    """Exchange the times and practitioners of two visits of one practice.

    The same ``request_key`` again changes nothing. Raises ``TimeTaken`` when one does not fit where the other was,
    ``Conflict`` when one cannot be moved any more, ``NotFound`` out of the scope.
    """
    if not request_key or len(request_key) > 60 or first_id == second_id:
        raise Invalid(N_("This form is not complete. Open it again."))
    standing = standing_of(session, [first_id, second_id])
    found = {row.id: row for row in standing}
    if len({row.practice_id for row in standing}) > 1:
        raise NotFound(N_("There is no such appointment."))
    types = {one: session.get_one(ServiceType, row.service_type_id) for one, row in found.items()}
    aims = {first_id: found[second_id].practitioner_id, second_id: found[first_id].practitioner_id}
    visits = {one: visit_of(session, practitioner_id, types[one]) for one, practitioner_id in aims.items()}
    towards = [(practitioner_id, visits[one]) for one, practitioner_id in aims.items()]
    first, second = changed_appointments(session, standing, towards=towards)
    done = select(AppointmentEvent.id).where(
        AppointmentEvent.appointment_id == first_id, AppointmentEvent.act_key == request_key
    )
    if session.scalar(done.limit(1)) is not None:
        return first, second
    if {first.status, second.status} != {AppointmentStatus.BOOKED}:
        raise Conflict(N_("Only a visit that is still to come can be moved."))
    if (second.practitioner_id, first.practitioner_id) != (aims[first_id], aims[second_id]):
        raise Conflict(N_("This visit has just been moved by somebody else."))
    before = {one.id: snapshot(session, one) for one in (first, second)}
    starts = {first: second.start, second: first.start}
    doing = Doing(at=at, staff_id=staff_id, key=request_key, call_id=call_id)
    # Each in its own, within one for both: of whichever is refused it is said what else there is.
    with session.begin_nested():
        for one in (first, second):
            vacate(session, one)
        for one, start in starts.items():
            wanted = Wanted(
                practice_id=one.practice_id,
                practitioner_id=aims[one.id],
                service_type=types[one.id],
                visit=visits[one.id],
                start=start,
                staff_id=staff_id,
                patient_id=one.patient_id,
                channel=Channel(one.channel),
            )
            with all_or_nothing(session, wanted, at=at):
                taken = write_visit(session, one, place(session, wanted, at=at), types[one.id], at=at)
            event_id = record_event(session, one, Act.MOVED, doing, before=before[one.id], taken=taken)
            tell_moved(session, one, doing, event_id, was_start=before[one.id]["start"], tell=tell)
    return first, second
