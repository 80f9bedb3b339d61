"""Where an operator hears her calls: the softphone in her browser, or her own telephone."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.directory.models import Staff


@dataclass(frozen=True, slots=True)
class Telephone:
    """What is rung to bring her into a call: E.164 or ``client:identity``; whether it asks her to press 1 first."""

    address: str
    asks_key: bool = False


def telephone_of(session: Session, staff_id: int) -> Telephone:
    """The telephone that is rung for her now. Raises ``Invalid`` (field ``endpoint``) when she has none."""
    endpoint = session.scalars(select(Staff.endpoint).where(Staff.id == staff_id)).one()
    if not endpoint:
        raise Invalid(
            N_("You have no telephone yet. An administrator sets it under Staff, in your account."), field="endpoint"
        )
    return Telephone(endpoint)
