"""Several visits in a row, one every so many weeks: proposed, then booked all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.events import SeriesBooked
from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Free
from callcenter.agenda.models import Appointment, Schedule, ServiceType
from callcenter.agenda.occupation_models import AppointmentSeries
from callcenter.agenda.rules.visit_rules import Visitor
from callcenter.agenda.writing.belonging import check_belonging
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.placing import lock_for
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.events import publish
from callcenter.core.i18n import N_

LONGEST = 52
"""Visits in one series: a year of weeks."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One visit of a series: the day it was meant for, and the time nearest to the first one's hour, if any is free."""

    meant_for: date
    free: Free | None
    is_as_meant: bool  # the same weekday and hour as the first


def propose_series(
    session: Session,
    *,
    practitioner_id: int,
    service_type: ServiceType,
    start: int,
    every_weeks: int,
    count: int,
    at: datetime,
    visitor: Visitor | None = None,
    staff_id: int | None = None,
) -> list[Proposal]:
    """A time for each of ``count`` visits, the first at ``start`` (UTC seconds), then every so many weeks.

    The hour on the wall is kept when the clocks change. Where that time is taken, the nearest of that day, then of that
    week, is proposed. Raises ``Invalid`` for a series that makes no sense.
    """
    if not 2 <= count <= LONGEST or not 1 <= every_weeks <= LONGEST:
        raise Invalid(N_("A series has 2 to 52 visits, one every 1 to 52 weeks."))
    first = local_time(start, _zone_of(session, practitioner_id))
    proposals = []
    for number in range(count):
        day = first.date() + timedelta(weeks=every_weeks * number)
        monday = day - timedelta(days=day.weekday())
        free = find_free(
            session,
            practitioner_id,
            service_type,
            first_day=monday,
            last_day=monday + timedelta(days=6),
            at=at,
            visitor=visitor,
            staff_id=staff_id,
        )
        nearest = min(free, key=lambda one: _distance(one, day, first.time()), default=None)
        as_meant = nearest is not None and _distance(nearest, day, first.time()) == (0, 0.0)
        proposals.append(Proposal(day, nearest, as_meant))
    return proposals


def book_series(
    session: Session,
    *,
    practice_id: int,
    practitioner_id: int,
    patient_id: int,
    service_type_id: int,
    starts: Sequence[int],
    call_id: int | None,
    staff_id: int | None,
    request_key: str,
    at: datetime,
) -> list[Appointment]:
    """Book every one of these times (UTC seconds), or none. The same ``request_key`` again gives the same series.

    Raises ``TimeTaken`` for the first that cannot be had, with its next choices; ``Invalid`` for a series of fewer than
    two different times.
    """
    starts = sorted(set(starts))
    if not request_key or len(request_key) > 50 or not 2 <= len(starts) <= LONGEST:
        raise Invalid(N_("A series has 2 to 52 visits, one every 1 to 52 weeks."))
    _type, visit = check_belonging(
        session,
        practice_id,
        practitioner_id=practitioner_id,
        service_type_id=service_type_id,
        patient_id=patient_id,
        call_id=call_id,
    )
    lock_for(session, practice_id, [(practitioner_id, visit)])
    known = select(AppointmentSeries).where(
        AppointmentSeries.practice_id == practice_id, AppointmentSeries.request_key == request_key
    )
    earlier = session.scalar(known)
    if earlier is not None:
        there = select(Appointment).where(Appointment.series_id == earlier.id).order_by(Appointment.start)
        return list(session.scalars(there))
    series = AppointmentSeries(
        practice_id=practice_id, patient_id=patient_id, booked_by=staff_id, booked_at=at, request_key=request_key
    )
    try:
        with session.begin_nested():
            session.add(series)
            session.flush()
    except IntegrityError as refused:
        raise Conflict(N_("This form has already been used for another appointment.")) from refused
    with session.begin_nested():
        booked = [
            book_appointment(
                session,
                practice_id=practice_id,
                practitioner_id=practitioner_id,
                patient_id=patient_id,
                service_type_id=service_type_id,
                start=start,
                call_id=call_id,
                staff_id=staff_id,
                request_key=f"{request_key}-{number}",
                at=at,
                series_id=series.id,
                is_locked=True,
            )
            for number, start in enumerate(starts)
        ]
    publish(
        session,
        SeriesBooked(series.id, practice_id, patient_id, practitioner_id, call_id, booked[0].id, tuple(starts), at),
    )
    return booked


def _distance(free: Free, day: date, hour: time) -> tuple[int, float]:
    """How far a free time is from what was meant: days first, then seconds on the wall."""
    local = free.starts_at
    wanted = datetime.combine(local.date(), hour)
    return abs((local.date() - day).days), abs((local.replace(tzinfo=None) - wanted).total_seconds())


def _zone_of(session: Session, practitioner_id: int) -> str:
    zone = select(Schedule.zone).where(Schedule.practitioner_id == practitioner_id).order_by(Schedule.id).limit(1)
    return session.scalar(zone) or "UTC"
