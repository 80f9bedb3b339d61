"""A practitioner's day and week, as she sees them herself and as they stand beside a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.agenda.views.days import read_days
from callcenter.agenda.views.rows import DayView
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Practitioner


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekView:
    """A week of one practitioner: Monday to Friday, or to Sunday when there is something on the weekend."""

    first_day: date
    last_day: date
    number: int  # ISO week
    days: tuple[DayView, ...]
    service_types: tuple[ServiceType, ...]


def day_view(
    session: Session,
    *,
    practitioner_id: int,
    day: date,
    service_type_id: int | None = None,
    at: datetime,
    patient_id: int | None = None,
    staff_id: int | None = None,
) -> DayView:
    """One day, free times for one type of visit (the practice's first when none is given).

    With a patient, those that this patient can have; what ``staff_id`` holds is free to her.

    ``day`` is a date on the practitioner's wall. Raises ``NotFound`` for a practitioner or type out of the scope.
    """
    practitioner = _find_practitioner(session, practitioner_id)
    service_type = choose_service_type(service_types_of(session, practitioner.practice_id), service_type_id)
    return read_days(
        session,
        [practitioner],
        service_type,
        first_day=day,
        last_day=day,
        at=at,
        patient_id=patient_id,
        staff_id=staff_id,
    )[0]


def week_view(
    session: Session, *, practitioner_id: int, day: date, service_type_id: int | None = None, at: datetime
) -> WeekView:
    """The week that holds ``day``; otherwise as ``day_view``."""
    practitioner = _find_practitioner(session, practitioner_id)
    service_types = service_types_of(session, practitioner.practice_id)
    monday = day - timedelta(days=day.weekday())
    days = read_days(
        session,
        [practitioner],
        choose_service_type(service_types, service_type_id),
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


def choose_service_type(service_types: Sequence[ServiceType], wanted: int | None) -> ServiceType | None:
    """The one that is asked for, else the practice's first. Raises ``NotFound`` for one of another practice."""
    if wanted is None:
        return service_types[0] if service_types else None
    for service_type in service_types:
        if service_type.id == wanted:
            return service_type
    raise NotFound(N_("There is no such type of visit."))
