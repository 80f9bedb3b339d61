"""A practitioner's day and week, read from the database in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding import Free, first_free_in, free_in, today_in, visit_of
from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule, ServiceType
from callcenter.agenda.openings import Agendas, OpenSchedule, local_time
from callcenter.agenda.rows import AppointmentRow, DayView, FreeRow, day_rows, short_name
from callcenter.agenda.wall_clock import join
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practitioner


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekView:
    """A week of one practitioner: Monday to Friday, or to Sunday when there is something on the weekend."""

    first_day: date
    last_day: date
    number: int  # ISO week
    days: tuple[DayView, ...]
    service_types: tuple[ServiceType, ...]


def day_view(
    session: Session, *, practitioner_id: int, day: date, service_type_id: int | None = None, at: datetime
) -> DayView:
    """One day, free times for one type of visit (the practice's first when none is given).

    ``day`` is a date on the practitioner's wall. Raises ``NotFound`` for a practitioner or type out of the scope.
    """
    practitioner = _find_practitioner(session, practitioner_id)
    service_type = _choose_service_type(service_types_of(session, practitioner.practice_id), service_type_id)
    return _read_days(session, practitioner, service_type, first_day=day, last_day=day, at=at)[0]


def week_view(
    session: Session, *, practitioner_id: int, day: date, service_type_id: int | None = None, at: datetime
) -> WeekView:
    """The week that holds ``day``; otherwise as ``day_view``."""
    practitioner = _find_practitioner(session, practitioner_id)
    service_types = service_types_of(session, practitioner.practice_id)
    monday = day - timedelta(days=day.weekday())
    days = _read_days(
        session,
        practitioner,
        _choose_service_type(service_types, service_type_id),
        first_day=monday,
        last_day=monday + timedelta(days=6),
        at=at,
    )
    shown = days if any(one.rows for one in days[5:]) else days[:5]
    return WeekView(
        first_day=monday,
        last_day=shown[-1].day,
        number=monday.isocalendar().week,
        days=tuple(shown),
        service_types=tuple(service_types),
    )


def service_types_of(session: Session, practice_id: int) -> Sequence[ServiceType]:
    """A practice's types of visit, in its own order."""
    return session.scalars(
        select(ServiceType).where(ServiceType.practice_id == practice_id).order_by(ServiceType.position, ServiceType.id)
    ).all()


def today_for(session: Session, practitioner_id: int, *, at: datetime) -> date:
    """The date on the practitioner's wall (first schedule; UTC when there is none)."""
    zone = session.scalar(
        select(Schedule.zone).where(Schedule.practitioner_id == practitioner_id).order_by(Schedule.id).limit(1)
    )
    return today_in(zone or "UTC", at)


def _find_practitioner(session: Session, practitioner_id: int) -> Practitioner:
    found = session.scalar(select(Practitioner).where(Practitioner.id == practitioner_id))
    if found is None:
        raise NotFound(N_("There is no such practitioner."))
    return found


def _choose_service_type(service_types: Sequence[ServiceType], wanted: int | None) -> ServiceType | None:
    if wanted is None:
        return service_types[0] if service_types else None
    for service_type in service_types:
        if service_type.id == wanted:
            return service_type
    raise NotFound(N_("There is no such type of visit."))


def _read_days(
    session: Session,
    practitioner: Practitioner,
    service_type: ServiceType | None,
    *,
    first_day: date,
    last_day: date,
    at: datetime,
) -> list[DayView]:
    agendas = Agendas(session, [practitioner.id], since=min(first_day, at.date() - timedelta(days=1)))
    schedules = agendas.on(first_day, last_day)
    zone = schedules[0].zone if schedules else "UTC"
    instant = int(at.timestamp())
    visit = None if service_type is None else visit_of(session, practitioner.id, service_type)
    first = [] if visit is None else first_free_in(agendas, visit, at=at)
    free = [] if visit is None else free_in(schedules, visit, at=at)
    standing, cancelled = _read_appointments(
        session, schedules, first_day=first_day, last_day=last_day, instant=instant
    )
    views = []
    for offset in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        open_ = join(interval for one in schedules for interval in one.opened_on(day))
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
                rows=day_rows(standing[day], _free_rows(free, first, day=day), open_, zone=zone, at=instant),
                cancelled=tuple(cancelled[day]),
                first_free=first[0] if first else None,
                next_free=tuple(first[1:]),
            )
        )
    return views


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
) -> tuple[dict[date, list[AppointmentRow]], dict[date, list[AppointmentRow]]]:
    """What stands and what was cancelled, by day; one query."""
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
    standing: dict[date, list[AppointmentRow]] = defaultdict(list)
    cancelled: dict[date, list[AppointmentRow]] = defaultdict(list)
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
        )
        group = cancelled if line.status is AppointmentStatus.CANCELLED else standing
        group[local_time(appointment.start, zone).date()].append(line)
    return standing, cancelled
