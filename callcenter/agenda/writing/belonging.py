"""Whether everything that a form names is the practice's own."""

from typing import Any

from sqlalchemy import Label, and_, bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.visits import NEEDS_COMPANY, OWN_SETTINGS, visit_from
from callcenter.agenda.models import PractitionerService, ServiceType
from callcenter.agenda.rules.visit_rules import Visit
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practice, Practitioner
from callcenter.telephony.models import Call


def _of_practice(model: type[Practitioner | Patient | Call], name: str) -> Label[Any]:
    found = select(model.id).where(model.id == bindparam(name), model.practice_id == bindparam("practice_id"))
    return found.scalar_subquery().label(name)


# The practice stands alone in FROM: whatever else is missing, there is a row that says so.
_NAMED = (
    select(
        ServiceType,
        *OWN_SETTINGS,
        NEEDS_COMPANY,
        _of_practice(Practitioner, "practitioner_id"),
        _of_practice(Patient, "patient_id"),
        _of_practice(Call, "call_id"),
    )
    .select_from(Practice)
    .outerjoin(
        ServiceType,
        and_(ServiceType.id == bindparam("service_type_id"), ServiceType.practice_id == bindparam("practice_id")),
    )
    .outerjoin(
        PractitionerService,
        and_(
            PractitionerService.service_type_id == ServiceType.id,
            PractitionerService.practitioner_id == bindparam("practitioner_id"),
        ),
    )
    .where(Practice.id == bindparam("practice_id"))
)
_MISSING = {
    "practitioner_id": N_("There is no such practitioner."),
    "patient_id": N_("There is no such patient."),
    "call_id": N_("There is no such call."),
}


def check_belonging(
    session: Session,
    practice_id: int,
    *,
    practitioner_id: int,
    service_type_id: int,
    patient_id: int | None = None,
    call_id: int | None = None,
) -> tuple[ServiceType, Visit]:
    """The type of visit, and what it is with this practitioner, once everything named is this practice's; one query.

    Raises ``NotFound``.
    """
    named = {"practitioner_id": practitioner_id, "patient_id": patient_id, "call_id": call_id}
    asked = {"practice_id": practice_id, "service_type_id": service_type_id, **named}
    row = session.execute(_NAMED, asked).one_or_none()
    for name, one in named.items():
        if one is not None and (row is None or getattr(row, name) is None):
            raise NotFound(_MISSING[name])
    if row is None or row.ServiceType is None:
        raise NotFound(N_("There is no such type of visit."))
    return row.ServiceType, visit_from(row.ServiceType, row, needs_company=row.needs_company)
