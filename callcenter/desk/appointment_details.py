"""What is known of one appointment, as the wide agenda shows it beside the grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_of, resource_of
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule, ServiceType
from callcenter.agenda.occupation_models import GroupVisit, Occupation
from callcenter.agenda.resource_models import NeedKind, OverbookingRule, Resource
from callcenter.agenda.writing.history import HistoryLine, history_of
from callcenter.agenda.writing.overbooking import OpenRule, rules_on
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.desk.queue_view import person_name
from callcenter.directory.models import Patient, Practitioner


@dataclass(frozen=True, slots=True)
class Companion:
    """Who or what is taken with the practitioner."""

    kind: NeedKind
    name: str


@dataclass(frozen=True, slots=True)
class Places:
    """A group's places."""

    taken: int
    capacity: int


@dataclass(frozen=True, slots=True)
class AppointmentDetails:
    """One appointment. ``start`` is an instant, ``zone`` where it takes place."""

    id: int
    practice_id: int
    practitioner_id: int
    start: datetime
    minutes: int
    zone: str
    practitioner: str
    service: str
    service_short: str
    colour: int
    status: AppointmentStatus
    patient: str
    birth_on: date | None
    phone: str | None
    added_by: str  # the name of the rule by which it stands beside the plan; empty in the plan
    company: Sequence[Companion]
    places: Places | None  # None for a visit of one patient
    history: Sequence[HistoryLine]
    rules: Sequence[OpenRule]  # by which one more may be added beside it

    @property
    def epoch(self) -> int:
        """The start in seconds since 1970."""
        return int(self.start.timestamp())


def appointment_details(session: Session, appointment_id: int) -> AppointmentDetails:
    """One appointment of the practices that the session sees. Raises ``NotFound``."""
    found = session.execute(
        select(Appointment, Patient, ServiceType, Practitioner.name, Schedule.zone, OverbookingRule.name, GroupVisit)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(ServiceType, ServiceType.id == Appointment.service_type_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .outerjoin(OverbookingRule, OverbookingRule.id == Appointment.overbooking_rule_id)
        .outerjoin(GroupVisit, GroupVisit.id == Appointment.group_visit_id)
        .where(Appointment.id == appointment_id)
    ).one_or_none()
    if found is None:
        raise NotFound(N_("There is no such appointment."))
    appointment, patient, service, practitioner, zone, overbooking, group = found
    day = local_time(appointment.start, zone).date()
    is_cancelled = appointment.status == AppointmentStatus.CANCELLED
    rules = rules_on(session, appointment.practitioner_id, service.id, day)
    return AppointmentDetails(
        id=appointment.id,
        practice_id=appointment.practice_id,
        practitioner_id=appointment.practitioner_id,
        start=datetime.fromtimestamp(appointment.start, tz=UTC),
        minutes=(appointment.end - appointment.start) // 60,
        zone=zone,
        practitioner=practitioner,
        service=service.name,
        service_short=service.short_name,
        colour=service.colour,
        status=AppointmentStatus(appointment.status),
        patient=person_name(patient),
        birth_on=patient.birth_on,
        phone=patient.phone,
        added_by=overbooking or "",
        company=[] if is_cancelled else _company_of(session, appointment),
        places=None if group is None or is_cancelled else Places(group.taken, group.capacity),
        history=history_of(session, appointment_id),
        rules=[one for one in rules if one.admits(appointment.start, zone)],
    )


def _company_of(session: Session, appointment: Appointment) -> list[Companion]:
    """What it takes besides its practitioner as it stands: colleagues, then rooms and devices by name."""
    group_id = appointment.group_visit_id
    whose = Occupation.appointment_id == appointment.id if group_id is None else Occupation.group_visit_id == group_id
    actors = session.scalars(select(Occupation.actor).where(whose)).all()
    colleagues = [one for actor in actors if (one := practitioner_of(actor)) not in {None, appointment.practitioner_id}]
    resources = [one for actor in actors if (one := resource_of(actor)) is not None]
    found: list[Companion] = []
    if colleagues:
        names = select(Practitioner.name).where(Practitioner.id.in_(colleagues)).order_by(Practitioner.position)
        found += [Companion(NeedKind.PRACTITIONER, name) for name in session.scalars(names)]
    if resources:
        rows = session.execute(
            select(Resource.kind, Resource.name).where(Resource.id.in_(resources)).order_by(Resource.name, Resource.id)
        )
        found += [Companion(NeedKind(kind), name) for kind, name in rows]
    return found
