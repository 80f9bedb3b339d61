"""Booking an appointment: its actors are locked first, the database's constraint has the last word."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentBooked
from callcenter.agenda.finding.groups import join_group
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.occupation_models import Act, GroupVisit
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.belonging import check_belonging
from callcenter.agenda.writing.history import Doing, record_event
from callcenter.agenda.writing.overbooking import count_overbooking
from callcenter.agenda.writing.placing import Placed, all_or_nothing, count_share, lock_for, occupy, place
from callcenter.agenda.writing.wanted import Wanted, refused
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.events import publish
from callcenter.core.i18n import N_
from callcenter.core.scope import scoped_connection

_SAME_REQUEST = select(Appointment.id).where(
    Appointment.practice_id == bindparam("practice_id"), Appointment.request_key == bindparam("request_key")
)


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
    overbooking_rule_id: int | None = None,
    series_id: int | None = None,
    is_locked: bool = False,
) -> Appointment:
    """Give a patient a time; ``start`` in UTC seconds, any start that ``agenda.rules.offering`` lets this channel have.

    What she holds at that time is confirmed by it; a hold that has lapsed counts for nothing, and the time is asked for
    anew. With an overbooking rule a time that is taken can be had in a lane beside the plan. The same ``request_key``
    again gives the same appointment. Raises ``TimeTaken`` with the next choices, ``NotFound`` when practitioner,
    patient, type or call are not this practice's, ``Invalid`` without a key.
    """
    if not request_key or len(request_key) > 60:
        raise Invalid(N_("This form is not complete. Open it again."))
    service_type, visit = check_belonging(
        session,
        practice_id,
        practitioner_id=practitioner_id,
        patient_id=patient_id,
        service_type_id=service_type_id,
        call_id=call_id,
    )
    if not is_locked:
        lock_for(session, practice_id, [(practitioner_id, visit)])
    appointment = Appointment(
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
        series_id=series_id,
    )
    # Only after the lock: of two identical requests at once, the second waits there and then sees what the first wrote.
    earlier = _same_request(session, appointment)
    if earlier is not None:
        return earlier
    wanted = Wanted(
        practice_id=practice_id,
        practitioner_id=practitioner_id,
        service_type=service_type,
        visit=visit,
        start=start,
        staff_id=staff_id,
        patient_id=patient_id,
        channel=channel,
        overbooking_rule_id=overbooking_rule_id,
    )
    # A refusal leaves everything as it was, her holds too.
    with all_or_nothing(session, wanted, at=at):
        placed = place(session, wanted, at=at)
        taken = write_visit(session, appointment, placed, service_type, at=at)
    doing = Doing(at=at, staff_id=staff_id, key=_act_key(request_key, series_id), call_id=call_id)
    record_event(session, appointment, Act.BOOKED, doing, before=None, taken=taken)
    if series_id is None:  # a series is told as a whole
        publish(
            session,
            AppointmentBooked(appointment.id, practice_id, patient_id, practitioner_id, call_id, start, at),
        )
    touch_agenda(session, practice_id, practitioner_id)
    return appointment


def write_visit(
    session: Session, appointment: Appointment, placed: Placed, service_type: ServiceType, *, at: datetime
) -> list[list[int]]:
    """Write an appointment, new or moved, at its place, and count it; what it occupies, unless it shares that.

    What it occupied before is free already. Within ``all_or_nothing``, which says what the database refuses.
    """
    wanted = placed.wanted
    appointment.schedule_id, appointment.practitioner_id = placed.place.schedule_id, wanted.practitioner_id
    appointment.start, appointment.end = wanted.start, placed.place.end
    appointment.lane = 0 if placed.lane is None else placed.lane.number
    appointment.overbooking_rule_id = None if placed.lane is None else placed.lane.rule_id
    appointment.group_visit_id = placed.place.group_visit_id
    _count(session, appointment, placed, at=at)
    session.add(appointment)
    session.flush()
    if appointment.group_visit_id is not None:
        return []
    if service_type.capacity > 1 and placed.lane is None:
        group = _open_group(session, placed, service_type)
        appointment.group_visit_id = group.id
        occupy(session, placed, group_visit_id=group.id, at=at)
        return []
    return occupy(session, placed, appointment_id=appointment.id, at=at)


def _count(session: Session, appointment: Appointment, placed: Placed, *, at: datetime) -> None:
    """Every counter that this visit counts for: its channel's share, its lane's rule, its group's places."""
    if not count_share(session, appointment, placed, at=at):
        raise refused(session, placed.wanted, Refusal.FULL, at=at)
    lane = placed.lane
    if lane is not None and not count_overbooking(session, appointment.practice_id, lane.rule_id, lane.day):
        raise refused(session, placed.wanted, Refusal.OVERBOOKED, at=at)
    group_id = placed.place.group_visit_id
    if group_id is not None and not join_group(session, group_id):
        raise refused(session, placed.wanted, Refusal.GROUP_FULL, at=at)


def _open_group(session: Session, placed: Placed, service_type: ServiceType) -> GroupVisit:
    """A group with its first patient; one that had emptied meets again."""
    wanted = placed.wanted
    group = session.scalar(
        select(GroupVisit).where(
            GroupVisit.practitioner_id == wanted.practitioner_id,
            GroupVisit.service_type_id == service_type.id,
            GroupVisit.start == wanted.start,
        )
    )
    if group is None:
        group = GroupVisit(
            practice_id=wanted.practice_id,
            practitioner_id=wanted.practitioner_id,
            service_type_id=service_type.id,
            start=wanted.start,
        )
        session.add(group)
    group.schedule_id, group.end = placed.place.schedule_id, placed.place.end
    group.capacity, group.taken = service_type.capacity, 1
    session.flush()
    return group


def _same_request(session: Session, wanted: Appointment) -> Appointment | None:
    """What this key booked before; raises ``Conflict`` when it was for something else."""
    asked = {"practice_id": wanted.practice_id, "request_key": wanted.request_key}
    earlier_id = scoped_connection(session, wanted.practice_id).execute(_SAME_REQUEST, asked).scalar()
    if earlier_id is None:
        return None
    earlier = session.get_one(Appointment, earlier_id)
    same = ("practitioner_id", "patient_id", "service_type_id", "start", "call_id")
    if any(getattr(earlier, name) != getattr(wanted, name) for name in same):
        raise Conflict(N_("This form has already been used for another appointment."))
    return earlier


def _act_key(request_key: str, series_id: int | None) -> str:
    return request_key if series_id is None else f"series-{series_id}"
