"""Leaving a time, and coming back to it: what an appointment occupied and counted for."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.finding.groups import join_group, leave_group
from callcenter.agenda.finding.occupancy import free_time, take_time
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.occupation_models import GroupVisit
from callcenter.agenda.writing.history import put_back
from callcenter.agenda.writing.overbooking import count_overbooking, give_back_overbooking
from callcenter.agenda.writing.quotas import count_again, give_back_use
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_

_GONE = N_("This time has been taken since. It cannot be taken back.")


def vacate(session: Session, appointment: Appointment) -> None:
    """Free its time and give back what it counted for; called once, under the lock of its actors."""
    free_time(session, "appointment_id", appointment.id)
    give_back_use(session, appointment)
    if appointment.overbooking_rule_id is not None:
        give_back_overbooking(session, appointment, zone=_zone(session, appointment))
    if appointment.group_visit_id is not None:
        leave_group(session, appointment.group_visit_id)


def come_back(session: Session, appointment: Appointment, before: dict[str, Any]) -> None:
    """Put it back where a snapshot says it was, counters included. Raises ``Conflict`` when others have that by now."""
    put_back(appointment, before)
    try:
        with session.begin_nested():
            session.flush()
            if not count_again(session, appointment) or not _count_lane(session, appointment):
                raise Conflict(_GONE)
            if appointment.group_visit_id is not None:
                _rejoin(session, appointment, before.get("shared", []))
            take_time(session, appointment.practice_id, before["occupied"], appointment_id=appointment.id)
    except IntegrityError as refused:
        raise Conflict(_GONE) from refused


def _count_lane(session: Session, appointment: Appointment) -> bool:
    if appointment.overbooking_rule_id is None:
        return True
    day: date = local_time(appointment.start, _zone(session, appointment)).date()
    return count_overbooking(session, appointment.practice_id, appointment.overbooking_rule_id, day)


def _rejoin(session: Session, appointment: Appointment, shared: Sequence[Sequence[int]]) -> None:
    group_id = appointment.group_visit_id
    if group_id is None or not join_group(session, group_id):
        raise Conflict(_GONE)
    group = session.get_one(GroupVisit, group_id, populate_existing=True)
    if group.taken == 1:  # it had emptied: all that it took is taken anew
        take_time(session, appointment.practice_id, shared, group_visit_id=group_id)


def _zone(session: Session, appointment: Appointment) -> str:
    return session.scalars(select(Schedule.zone).where(Schedule.id == appointment.schedule_id)).one()
