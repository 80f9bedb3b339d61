"""Appointments that are about to be changed: their actors locked, then they themselves, read as they stand."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.finding.occupancy import lock_appointments
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.writing.placing import lock_for
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_

_ACTORS = (
    select(Appointment.id, Appointment.practitioner_id, Occupation.actor)
    .outerjoin(Occupation, Occupation.appointment_id == Appointment.id)
    .where(Appointment.id.in_(bindparam("ids", expanding=True)))
)


def changed_appointment(session: Session, appointment_id: int) -> Appointment:
    """One appointment to be changed where it is. Raises ``NotFound`` out of the scope."""
    return changed_appointments(session, [appointment_id])[0]


def changed_appointments(
    session: Session,
    appointment_ids: Iterable[int],
    *,
    towards: Iterable[tuple[int, ServiceType]] = (),
    also: Iterable[int] = (),
) -> list[Appointment]:
    """Appointments in the order asked, locked with all that they occupy, and with what they are about to occupy.

    That is whatever visits ``towards`` these practitioners may need, and the actors named in ``also``.

    Raises ``NotFound`` when one is out of the scope.
    """
    ids = list(appointment_ids)
    rows = session.execute(_ACTORS, {"ids": ids}).all()
    if {row.id for row in rows} != set(ids):
        raise NotFound(N_("There is no such appointment."))
    actors = {practitioner_actor(row.practitioner_id) for row in rows}
    actors |= {row.actor for row in rows if row.actor is not None}
    lock_for(session, towards, also=actors | set(also))
    found = {one.id: one for one in lock_appointments(session, ids)}
    return [found[one] for one in ids]
