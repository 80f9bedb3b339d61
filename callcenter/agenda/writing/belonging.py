"""Whether everything that a form names is the practice's own."""

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from callcenter.agenda.models import ServiceType
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practice, Practitioner
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
    """The type of visit, once everything named is this practice's; one query. Raises ``NotFound``."""
    named: list[tuple[type[Practitioner | Patient | Call], int | None, str]] = [
        (Practitioner, practitioner_id, N_("There is no such practitioner.")),
        (Patient, patient_id, N_("There is no such patient.")),
        (Call, call_id, N_("There is no such call.")),
    ]
    asked = [(model, one, sentence) for model, one, sentence in named if one is not None]
    there = [
        select(model.id).where(model.id == one, model.practice_id == practice_id).scalar_subquery()
        for model, one, _sentence in asked
    ]
    kind = aliased(ServiceType)
    of_practice = and_(kind.id == service_type_id, kind.practice_id == practice_id)
    # The practice stands alone in FROM: whatever else is missing, there is a row that says so.
    row = session.execute(
        select(kind, *there).select_from(Practice).outerjoin(kind, of_practice).where(Practice.id == practice_id)
    ).one_or_none()
    found = (None,) * (1 + len(there)) if row is None else tuple(row)
    for one, (_model, _id, sentence) in zip(found[1:], asked, strict=True):
        if one is None:
            raise NotFound(sentence)
    if found[0] is None:
        raise NotFound(N_("There is no such type of visit."))
    service_type: ServiceType = found[0]
    return service_type
