"""Whom practitioners assist: visits of their colleagues that take their time too."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, practitioner_of
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Appointment, AppointmentStatus, ServiceType
from callcenter.agenda.occupation_models import GroupVisit, Occupation
from callcenter.agenda.rules.wall_clock import wall_seconds
from callcenter.agenda.views.rows import AssistRow, short_name
from callcenter.directory.models import Patient, Practitioner

_DAY = timedelta(days=1)


def read_assisting(
    session: Session, zones: Mapping[int, str], *, first_day: date, last_day: date, at: datetime
) -> Mapping[tuple[int, date], list[AssistRow]]:
    """By practitioner and day, of practitioners in their zones; one query."""
    whose = func.coalesce(Appointment.practitioner_id, GroupVisit.practitioner_id)
    rows = session.execute(
        select(
            Occupation.actor,
            Occupation.start,
            Occupation.end,
            func.coalesce(Appointment.start, GroupVisit.start).label("visit_start"),
            Appointment.id,
            Appointment.status,
            Patient.family_name,
            Patient.given_name,
            ServiceType.name,
            ServiceType.short_name,
            ServiceType.colour,
            Practitioner.name.label("colleague"),
        )
        .outerjoin(Appointment, Appointment.id == Occupation.appointment_id)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(GroupVisit, GroupVisit.id == Occupation.group_visit_id)
        .join(Practitioner, Practitioner.id == whose)
        .join(ServiceType, ServiceType.id == func.coalesce(Appointment.service_type_id, GroupVisit.service_type_id))
        .where(
            Occupation.actor.in_([practitioner_actor(one) for one in zones]),
            Occupation.actor != practitioner_actor(cast(Any, whose)),  # her own visits stand there already
            # A day of margin on both sides: the days are wall-clock, the instants are not.
            Occupation.start >= wall_seconds(first_day - _DAY),
            Occupation.start < wall_seconds(last_day + 2 * _DAY),
        )
        .order_by(Occupation.start, Occupation.id)
    ).all()
    found: dict[tuple[int, date], list[AssistRow]] = defaultdict(list)
    for row in rows:
        practitioner_id = practitioner_of(row.actor)
        assert practitioner_id is not None, "no room and no device was asked for"
        zone = zones[practitioner_id]
        line = AssistRow(
            start=row.start,
            end=row.end,
            zone=zone,
            colleague=row.colleague,
            visit_start=row.visit_start,
            appointment_id=row.id,
            patient="" if row.id is None else short_name(row.family_name, row.given_name),
            service=row.name,
            service_short=row.short_name,
            colour=row.colour,
            status=AppointmentStatus.BOOKED if row.status is None else AppointmentStatus(row.status),
            is_over=row.end <= at.timestamp(),
        )
        found[practitioner_id, local_time(row.start, zone).date()].append(line)
    return found
