"""Whether everything that a form names is the practice's own."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import ServiceType
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practitioner
from callcenter.telephony.models import Call


def check_belonging(
    session: Session,
    practice_id: int,
    *,
    practitioner_id: int,
    service_type_id: int,
    patient_id: int | None = None,
    call_id: int | None = None,
) -> ServiceType:
    """The type of visit, once everything named is this practice's. Raises ``NotFound``."""
    if practitioner_id not in session.scalars(
        select(Practitioner.id).where(Practitioner.id == practitioner_id, Practitioner.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such practitioner."))
    if patient_id is not None and patient_id not in session.scalars(
        select(Patient.id).where(Patient.id == patient_id, Patient.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such patient."))
    if call_id is not None and call_id not in session.scalars(
        select(Call.id).where(Call.id == call_id, Call.practice_id == practice_id)
    ):
        raise NotFound(N_("There is no such call."))
    service_type = session.scalar(
        select(ServiceType).where(ServiceType.id == service_type_id, ServiceType.practice_id == practice_id)
    )
    if service_type is None:
        raise NotFound(N_("There is no such type of visit."))
    return service_type
