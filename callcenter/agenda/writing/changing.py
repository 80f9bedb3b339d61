"""Appointments that are about to be changed: their actors locked, then they themselves, read as they stand."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.finding.occupancy import lock_appointments
from callcenter.agenda.models import Appointment
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.rules.visit_rules import Visit
from callcenter.agenda.writing.placing import lock_for
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_

_STANDING = (
    select(
        *(Appointment.id, Appointment.practice_id, Appointment.practitioner_id, Appointment.service_type_id),
        Occupation.actor,
    )
    .outerjoin(Occupation, Occupation.appointment_id == Appointment.id)
    .where(Appointment.id.in_(bindparam("ids", expanding=True)))
)
StandingRow: TypeAlias = Row[int, int, int, int, int | None]  # as in the statement; no actor where none is taken


def changed_appointment(session: Session, appointment_id: int) -> Appointment:
    """One appointment to be changed where it is. Raises ``NotFound`` out of the scope."""
    [appointment] = changed_appointments(session, standing_of(session, [appointment_id]))
    return appointment


def standing_of(session: Session, appointment_ids: Iterable[int]) -> Sequence[StandingRow]:
    """These appointments as they stand before they are locked, a row for each actor that they occupy; in that order.

    Raises ``NotFound`` when one is out of the scope.
    """
    ids = list(appointment_ids)
    rows = session.execute(_STANDING, {"ids": ids}).all()
    if {row.id for row in rows} != set(ids):
        raise NotFound(N_("There is no such appointment."))
    return sorted(rows, key=lambda row: ids.index(row.id))


def changed_appointments(
    session: Session,
    standing: Sequence[StandingRow],
    *,
    towards: Iterable[tuple[int, Visit]] = (),
    also: Iterable[int] = (),
) -> list[Appointment]:
    """The appointments of a practice, locked with all that they occupy, and with what they are about to occupy.

    That is whatever visits ``towards`` these practitioners may need, and the actors named in ``also``.
    """
    actors = {practitioner_actor(row.practitioner_id) for row in standing}
    actors |= {row.actor for row in standing if row.actor is not None}
    lock_for(session, standing[0].practice_id, towards, also=actors | set(also))
    ids = list(dict.fromkeys(row.id for row in standing))
    found = {one.id: one for one in lock_appointments(session, ids)}
    return [found[one] for one in ids]
