"""Days of several practitioners as lines to read, in a fixed number of queries however many they are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import by_practitioner, first_free_each
from callcenter.agenda.finding.free_times import read_besides, today_in
from callcenter.agenda.finding.occupancy import Looker, seconds
from callcenter.agenda.finding.openings import Agendas, OpenSchedule, local_time
from callcenter.agenda.finding.places import ALONE, Free, free_in
from callcenter.agenda.finding.visits import visitors_for, visits_of
from callcenter.agenda.models import Appointment, AppointmentStatus, ServiceType
from callcenter.agenda.rules.wall_clock import Interval, join, wall_day
from callcenter.agenda.views.assisting import read_assisting
from callcenter.agenda.views.rows import AppointmentRow, DayView, FreeRow, WithheldRow, day_rows, short_name
from callcenter.agenda.views.withholding import shares_left, withheld_rows
from callcenter.directory.models import Patient, Practitioner

_Cell = tuple[int, date]  # practitioner and day


def read_days(
    session: Session,
    practitioners: Sequence[Practitioner],
    service_type: ServiceType | None,
    *,
    first_day: date,
    last_day: date,
    at: datetime,
    patient_id: int | None = None,
    staff_id: int | None = None,
    moving: frozenset[int] = frozenset(),
) -> list[DayView]:
    """Each practitioner's days, both included, one practitioner after the other; free times for one type of visit.

    With a patient, only those that this patient can have. What ``staff_id`` holds is free to her.
    Appointments that are about to move do not stand in their own way.
    """
    ids = [one.id for one in practitioners]
    looker = Looker(seconds(at), staff_id, moving)
    agendas = Agendas(session, ids, since=min(first_day, at.date() - timedelta(days=1)), looker=looker)
    visits = {} if service_type is None else visits_of(session, ids, service_type)
    visitors = {} if patient_id is None else visitors_for(session, ids, patient_id)
    together = agendas.on(first_day, last_day)
    schedules = by_practitioner(together)
    besides = ALONE if not visits else read_besides(session, next(iter(visits.values())), together, looker)
    soonest = first_free_each(agendas, visits, visitors=visitors, at=at)
    standing, cancelled = _read_appointments(
        session,
        [one for own in schedules.values() for one in own],
        first_day=first_day,
        last_day=last_day,
        instant=int(at.timestamp()),
    )
    zones = {one: schedules[one][0].zone if one in schedules else "UTC" for one in ids}
    assisting = read_assisting(session, zones, first_day=first_day, last_day=last_day, at=at)
    views = []
    for practitioner in practitioners:
        own, zone = schedules.get(practitioner.id, []), zones[practitioner.id]
        visit, first = visits.get(practitioner.id), soonest.get(practitioner.id, [])
        visitor = visitors.get(practitioner.id)
        free = [] if visit is None else free_in(own, visit, at=at, visitor=visitor, besides=besides)
        for offset in range((last_day - first_day).days + 1):
            day = first_day + timedelta(days=offset)
            open_ = _open_on(own, day, zone)
            key = (practitioner.id, day)
            offered = _free_rows(free, first, day=day)
            kept: list[WithheldRow] = []
            if visit is not None:
                kept = withheld_rows(own, visit, visitor, offered, day=day, at=looker.at)
            views.append(
                DayView(
                    practice_id=practitioner.practice_id,
                    practitioner_id=practitioner.id,
                    practitioner=practitioner.name,
                    family_name=practitioner.family_name,
                    day=day,
                    zone=zone,
                    is_today=today_in(zone, at) == day,
                    open=tuple((local_time(begin, zone), local_time(end, zone)) for begin, end in open_),
                    rows=day_rows(
                        [*standing[key], *assisting.get(key, ())],
                        [*offered, *kept],
                        open_,
                        zone=zone,
                        at=int(at.timestamp()),
                    ),
                    cancelled=tuple(cancelled[key]),
                    first_free=first[0] if first else None,
                    next_free=tuple(first[1:]),
                    share_left=() if visit is None else tuple(shares_left(own, visit, visitor, offered, looker.at)),
                )
            )
    return views


def _open_on(schedules: Sequence[OpenSchedule], day: date, zone: str) -> list[Interval]:
    """What is open between this day's midnights, also what began the evening before."""
    midnight, next_midnight = wall_day(day, zone)
    return join(
        (max(one.begin, midnight), min(one.end, next_midnight))
        for schedule in schedules
        for one in schedule.opened
        if one.begin < next_midnight and one.end > midnight
    )


def _free_rows(free: Sequence[Free], first: Sequence[Free], *, day: date) -> list[FreeRow]:
    return [
        FreeRow(
            start=one.start,
            end=one.end,
            zone=one.zone,
            schedule_id=one.schedule_id,
            is_first=bool(first) and one.start == first[0].start,
        )
        for one in free
        if one.starts_at.date() == day
    ]


def _read_appointments(
    session: Session, schedules: Sequence[OpenSchedule], *, first_day: date, last_day: date, instant: int
) -> tuple[dict[_Cell, list[AppointmentRow]], dict[_Cell, list[AppointmentRow]]]:
    """What stands and what was cancelled, by practitioner and day; one query."""
    zones = {one.schedule_id: one.zone for one in schedules}
    midnight = int(datetime.fromisoformat(f"{first_day}T00:00:00+00:00").timestamp())
    rows = session.execute(
        select(Appointment, Patient.family_name, Patient.given_name, ServiceType)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(ServiceType, ServiceType.id == Appointment.service_type_id)
        .where(
            Appointment.schedule_id.in_(zones),
            # A day of margin on both sides: the days are wall-clock, the instants are not.
            Appointment.start >= midnight - 86_400,
            Appointment.start < midnight + ((last_day - first_day).days + 2) * 86_400,
        )
        .order_by(Appointment.start, Appointment.id)
    )
    standing: dict[_Cell, list[AppointmentRow]] = defaultdict(list)
    cancelled: dict[_Cell, list[AppointmentRow]] = defaultdict(list)
    for appointment, family_name, given_name, service_type in rows:
        zone = zones[appointment.schedule_id]
        line = AppointmentRow(
            start=appointment.start,
            end=appointment.end,
            zone=zone,
            appointment_id=appointment.id,
            patient_id=appointment.patient_id,
            patient=short_name(family_name, given_name),
            service=service_type.name,
            service_short=service_type.short_name,
            colour=service_type.colour,
            status=AppointmentStatus(appointment.status),
            booked_at=appointment.booked_at,
            is_over=appointment.end <= instant,
            lane=appointment.lane,
        )
        group = cancelled if line.status is AppointmentStatus.CANCELLED else standing
        group[appointment.practitioner_id, local_time(appointment.start, zone).date()].append(line)
    return standing, cancelled
