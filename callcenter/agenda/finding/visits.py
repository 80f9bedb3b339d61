"""A type of visit as a practitioner gives it, and what counts of the patient who asks for it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, PractitionerService, ServiceType
from callcenter.agenda.resource_models import ServiceNeed
from callcenter.agenda.rules.visit_rules import NewPatients, Visit, Visitor
from callcenter.core.scope import scoped_connection
from callcenter.directory.models import Patient

_MAY_DIFFER = ("duration_minutes", "new_patients", "new_patient_minutes", "notice_minutes", "horizon_days")
NEEDS_COMPANY = exists().where(ServiceNeed.service_type_id == ServiceType.id).label("needs_company")
OWN_SETTINGS = (PractitionerService.is_offered, *(getattr(PractitionerService, name) for name in _MAY_DIFFER))
_VISITS = (
    select(PractitionerService.practitioner_id, *OWN_SETTINGS, NEEDS_COMPANY)
    .select_from(ServiceType)
    .outerjoin(
        PractitionerService,
        and_(
            PractitionerService.service_type_id == ServiceType.id,
            PractitionerService.practitioner_id.in_(bindparam("practitioners", expanding=True)),
        ),
    )
    .where(ServiceType.id == bindparam("service_type_id"))
)


def visit_of(session: Session, practitioner_id: int, service_type: ServiceType) -> Visit:
    """A type of visit as this practitioner gives it."""
    return visits_of(session, [practitioner_id], service_type)[practitioner_id]


def visits_of(session: Session, practitioner_ids: Collection[int], service_type: ServiceType) -> dict[int, Visit]:
    """The same for several practitioners, by practitioner; one query."""
    asked = {"practitioners": list(practitioner_ids), "service_type_id": service_type.id}
    rows = scoped_connection(session, service_type.practice_id).execute(_VISITS, asked).all()
    needs_company = any(row.needs_company for row in rows)  # where none has settings of their own, one row of nobody
    own = {row.practitioner_id: row for row in rows}
    return {one: visit_from(service_type, own.get(one), needs_company=needs_company) for one in practitioner_ids}


def visit_from(service_type: ServiceType, own: Row[Any] | None, *, needs_company: bool) -> Visit:
    """The same from a row with ``OWN_SETTINGS``; what is empty there is as the type says."""

    def either(name: str) -> Any:
        said = getattr(own, name) if own is not None else None
        return getattr(service_type, name) if said is None else said

    return Visit(
        service_type_id=service_type.id,
        duration_minutes=either("duration_minutes"),
        before_minutes=service_type.before_minutes,
        after_minutes=service_type.after_minutes,
        step_minutes=service_type.step_minutes,
        notice_minutes=either("notice_minutes"),
        horizon_days=either("horizon_days"),
        new_patients=NewPatients(either("new_patients")),
        new_patient_minutes=either("new_patient_minutes"),
        youngest=service_type.youngest,
        oldest=service_type.oldest,
        is_urgent=service_type.is_urgent,
        is_offered=own is None or own.is_offered is not False,
        capacity=service_type.capacity,
        needs_company=needs_company,
    )


def visitor_for(session: Session, practitioner_id: int, patient_id: int) -> Visitor:
    """What counts of a patient here; new is who never had a visit with this practitioner that was not cancelled."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = session.scalar(
        select(Appointment.id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.practitioner_id == practitioner_id,
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .limit(1)
    )
    return Visitor(is_new=known is None, birth_on=born)


def visitor_asked(session: Session, practitioner_id: int, patient_id: int, visit: Visit) -> Visitor:
    """Of a patient only what this type of visit asks: often nothing, and no query."""
    asks_age = visit.youngest is not None or visit.oldest is not None
    if visit.new_patients is NewPatients.WELCOME and not asks_age:
        return Visitor(is_new=False)
    return visitor_for(session, practitioner_id, patient_id)


def visitors_for(session: Session, practitioner_ids: Collection[int], patient_id: int) -> dict[int, Visitor]:
    """The same for several practitioners, by practitioner; two queries."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = set(
        session.scalars(
            select(Appointment.practitioner_id).where(
                Appointment.patient_id == patient_id,
                Appointment.practitioner_id.in_(practitioner_ids),
                Appointment.status != AppointmentStatus.CANCELLED,
            )
        )
    )
    return {one: Visitor(is_new=one not in known, birth_on=born) for one in practitioner_ids}
