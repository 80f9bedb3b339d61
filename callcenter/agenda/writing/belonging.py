"""Whether everything that a form names is the practice's own."""

from typing import Any

from sqlalchemy import ScalarSelect, and_, bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import ServiceType
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practice, Practitioner
from callcenter.telephony.models import Call


def _of_practice(model: type[Practitioner | Patient | Call], name: str) -> ScalarSelect[Any]:
    return (
        select(model.id).where(model.id == bindparam(name), model.practice_id == bindparam("practice_id"))
    ).scalar_subquery()


# The practice stands alone in FROM: whatever else is missing, there is a row that says so.
_NAMED = (
    select(
        ServiceType,
        _of_practice(Practitioner, "practitioner_id"),
        _of_practice(Patient, "patient_id"),
        _of_practice(Call, "call_id"),
    )
    .select_from(Practice)
    .outerjoin(
        ServiceType,
        and_(ServiceType.id == bindparam("service_type_id"), ServiceType.practice_id == bindparam("practice_id")),
    )
    .where(Practice.id == bindparam("practice_id"))
)
_MISSING = (
    N_("There is no such practitioner."),
    N_("There is no such patient."),
    N_("There is no such call."),
)


def check_belonging(
    session: Session,
    practice_id: int,
    *,
    practitioner_id: int,
    service_type_id: int,
    patient_id: int | None = None,
    call_id: int | None = None,
) -> ServiceType:
    """The type of visit, once everything named is this practice's; one query. Raises ``NotFound``."""
    named = {"practitioner_id": practitioner_id, "patient_id": patient_id, "call_id": call_id}
    asked = {"practice_id": practice_id, "service_type_id": service_type_id, **named}
    row = session.execute(_NAMED, asked).one_or_none()
    found = (None,) * (1 + len(named)) if row is None else tuple(row)
    for one, there, sentence in zip(named.values(), found[1:], _MISSING, strict=True):
        if one is not None and there is None:
            raise NotFound(sentence)
    if found[0] is None:
        raise NotFound(N_("There is no such type of visit."))
    service_type: ServiceType = found[0]
    return service_type
