"""Taking back the last change of an agenda, for ten minutes: what was done together is undone together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from callcenter.agenda.events import AppointmentRestored
from callcenter.agenda.models import Appointment
from callcenter.agenda.occupation_models import Act, AppointmentEvent
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.changing import changed_appointments, standing_of
from callcenter.agenda.writing.history import Doing, record_event, snapshot
from callcenter.agenda.writing.moving import tell_moved
from callcenter.agenda.writing.vacating import come_back, vacate
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.events import publish
from callcenter.core.i18n import N_

UNDO_FOR = timedelta(minutes=10)
"""How long a change of the agenda can be taken back (``Ctrl+Z`` on the desk)."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """The last change of hers that can be taken back, of how many appointments."""

    event_id: int
    act: Act
    count: int
    until: datetime


def last_undoable(session: Session, staff_id: int, *, at: datetime, practice_id: int | None = None) -> Undoable | None:
    """Her last change of an agenda (of this practice's) in the last ten minutes that stands as she left it."""
    undoing = aliased(AppointmentEvent)
    found = (
        select(AppointmentEvent)
        .outerjoin(undoing, undoing.undoes_id == AppointmentEvent.id)
        .where(
            AppointmentEvent.staff_id == staff_id,
            AppointmentEvent.at > at - UNDO_FOR,
            AppointmentEvent.act != Act.UNDONE,
            undoing.id.is_(None),
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    )
    if practice_id is not None:
        found = found.where(AppointmentEvent.practice_id == practice_id)
    event = session.scalar(found)
    if event is None:
        return None
    together = _together(session, event)
    if not _stand_as_left(session, together):
        return None
    return Undoable(event.id, Act(event.act), len(together), event.at + UNDO_FOR)


def undo(session: Session, event_id: int, *, staff_id: int, at: datetime) -> list[Appointment]:
    """Take back a change of hers, and what was done with it; a repeat changes nothing.

    Raises ``NotFound`` for what is not hers, ``Conflict`` when it is too late, has been changed since, or the time has
    been taken.
    """
    event = session.scalar(select(AppointmentEvent).where(AppointmentEvent.id == event_id))
    if event is None or event.staff_id != staff_id or event.act == Act.UNDONE:
        raise NotFound(N_("There is nothing to undo."))
    together = _together(session, event)
    # Where they are and where they were, in one go.
    befores = [one.before or {} for one in together]
    were = {taken[0] for one in befores for name in ("occupied", "shared") for taken in one.get(name, [])}
    ids = sorted({one.appointment_id for one in together})
    appointments = {one.id: one for one in changed_appointments(session, standing_of(session, ids), also=were)}
    if _is_undone(session, event_id):
        return list(appointments.values())
    if at - event.at > UNDO_FOR:
        raise Conflict(N_("This can be undone for ten minutes only."))
    if not _stand_as_left(session, together):
        raise Conflict(N_("This has been changed since. It cannot be undone any more."))
    before = {one.id: snapshot(session, one) for one in appointments.values()}
    booked = [one for one in together if one.act == Act.BOOKED]
    others = [one for one in together if one.act != Act.BOOKED]
    with session.begin_nested():
        for one in others:
            if before[one.appointment_id]["status"] != "cancelled":
                vacate(session, appointments[one.appointment_id])
        for one in others:
            _take_back(
                session, appointments[one.appointment_id], one, before[one.appointment_id], staff_id=staff_id, at=at
            )
        for one in booked:
            cancel_appointment(session, one.appointment_id, staff_id=staff_id, at=at, doing=_doing(one, staff_id, at))
    return list(appointments.values())


def _take_back(
    session: Session,
    appointment: Appointment,
    event: AppointmentEvent,
    now: dict[str, object],
    *,
    staff_id: int,
    at: datetime,
) -> None:
    was_start = appointment.start
    come_back(session, appointment, event.before or {})
    doing = _doing(event, staff_id, at)
    line_id = record_event(session, appointment, Act.UNDONE, doing, before=now)
    if event.act == Act.MOVED:
        tell_moved(session, appointment, doing, line_id, was_start=was_start, tell=True)
    elif event.act == Act.CANCELLED:
        # The patient was told that it is off, or is about to be: it is on again.
        publish(session, AppointmentRestored(appointment.id, appointment.practice_id, event.call_id, at))
    touch_agenda(session, appointment.practice_id, appointment.practitioner_id)


def _doing(event: AppointmentEvent, staff_id: int, at: datetime) -> Doing:
    return Doing(at=at, staff_id=staff_id, key=f"undo-{event.id}", call_id=event.call_id, undoes_id=event.id)


def _together(session: Session, event: AppointmentEvent) -> Sequence[AppointmentEvent]:
    return session.scalars(
        select(AppointmentEvent)
        .where(
            AppointmentEvent.practice_id == event.practice_id,
            AppointmentEvent.act_key == event.act_key,
            AppointmentEvent.staff_id == event.staff_id,
            AppointmentEvent.act == event.act,
        )
        .order_by(AppointmentEvent.id)
    ).all()


def _stand_as_left(session: Session, together: Sequence[AppointmentEvent]) -> bool:
    """Whether each event is the last of its appointment."""
    last = session.scalars(
        select(func.max(AppointmentEvent.id))
        .where(AppointmentEvent.appointment_id.in_({one.appointment_id for one in together}))
        .group_by(AppointmentEvent.appointment_id)
    )
    return set(last) == {one.id for one in together}


def _is_undone(session: Session, event_id: int) -> bool:
    return session.scalar(select(AppointmentEvent.id).where(AppointmentEvent.undoes_id == event_id)) is not None
