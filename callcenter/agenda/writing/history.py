"""An appointment's history: every change with who made it and when, and enough to take it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act, AppointmentEvent, AppointmentParticipant, Occupation
from callcenter.core.audit import record_act
from callcenter.core.scope import scoped_connection
from callcenter.directory.models import Practitioner, Staff

_COLUMNS = (
    "status",
    "start",
    "end",
    "schedule_id",
    "practitioner_id",
    "opening_id",
    "lane",
    "overbooking_rule_id",
    "group_visit_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Who does something, and as part of what: what is done together shares its key. ``at`` is aware."""

    at: datetime
    staff_id: int | None
    key: str
    call_id: int | None = None
    reason: str = ""
    undoes_id: int | None = None


_OCCUPIED = {
    column.key: select(Occupation.actor, Occupation.lane, Occupation.start, Occupation.end)
    .where(column == bindparam("whose"))
    .order_by(Occupation.id)
    for column in (Occupation.appointment_id, Occupation.group_visit_id)
}
_ADD_EVENT = insert(AppointmentEvent).returning(AppointmentEvent.id)
_PARTICIPANTS = select(AppointmentParticipant.actor).where(
    AppointmentParticipant.appointment_id == bindparam("appointment_id")
)
_LEAVES = delete(AppointmentParticipant).where(
    AppointmentParticipant.appointment_id == bindparam("appointment_id"),
    AppointmentParticipant.actor == bindparam("actor"),
)
_TAKES_PART = insert(AppointmentParticipant)


def snapshot(session: Session, appointment: Appointment, taken: Sequence[Sequence[int]] = ()) -> dict[str, Any]:
    """The appointment and what it occupies (actor, lane, start, end), as plain values; the inverse is ``put_back``."""
    session.flush()
    day = appointment.opening_day
    found = {name: getattr(appointment, name) for name in _COLUMNS} | {
        "opening_day": None if day is None else day.isoformat(),
        "occupied": list(taken) or _occupied(session, "appointment_id", appointment.id),
    }
    if appointment.group_visit_id is not None and appointment.status != AppointmentStatus.CANCELLED:
        # What the group has in common; who comes back to one that has emptied takes it again.
        found["shared"] = _occupied(session, "group_visit_id", appointment.group_visit_id)
    return found


def _occupied(session: Session, what: str, whose: int) -> list[list[int]]:
    return [list(row) for row in scoped_connection(session).execute(_OCCUPIED[what], {"whose": whose})]


def put_back(appointment: Appointment, before: dict[str, Any]) -> None:
    """Give the appointment the values of a snapshot; its occupation is not written here."""
    for name in _COLUMNS:
        setattr(appointment, name, before[name])
    appointment.status = AppointmentStatus(before["status"])
    appointment.opening_day = None if before["opening_day"] is None else date.fromisoformat(before["opening_day"])


def record_event(
    session: Session,
    appointment: Appointment,
    act: Act,
    doing: Doing,
    *,
    before: dict[str, Any] | None,
    taken: Sequence[Sequence[int]] = (),
) -> int:
    """Write a line of the history, and of the audit; what takes part is written down beside it. The line's id.

    ``taken`` is what it occupies when that has just been written; otherwise it is read.
    """
    after = snapshot(session, appointment, taken)
    line = {
        "practice_id": appointment.practice_id,
        "appointment_id": appointment.id,
        "act": act,
        "act_key": doing.key,
        "at": doing.at,
        "staff_id": doing.staff_id,
        "call_id": doing.call_id,
        "reason": doing.reason,
        "before": before,
        "after": after,
        "undoes_id": doing.undoes_id,
    }
    event_id = scoped_connection(session, appointment.practice_id).execute(_ADD_EVENT, line).scalar_one()
    _note_participants(session, appointment, after, is_new=before is None)
    record_act(
        session,
        f"appointment.{act.value}",
        f"appointment {appointment.id}",
        at=doing.at,
        staff_id=doing.staff_id,
        practice_id=appointment.practice_id,
    )
    return event_id


def _note_participants(session: Session, appointment: Appointment, after: dict[str, Any], *, is_new: bool) -> None:
    actors = {taken[0] for taken in (*after["occupied"], *after.get("shared", ()))}
    if not actors:
        return  # a cancelled visit keeps those who would have taken part
    connection = scoped_connection(session, appointment.practice_id)
    of_visit = {"appointment_id": appointment.id}
    there = set() if is_new else set(connection.execute(_PARTICIPANTS, of_visit).scalars())
    for actor in there - actors:
        connection.execute(_LEAVES, of_visit | {"actor": actor})
    new = [{"practice_id": appointment.practice_id, **of_visit, "actor": actor} for actor in sorted(actors - there)]
    if new:
        connection.execute(_TAKES_PART, new)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change as people read it. ``start`` and ``was_start`` in UTC seconds."""

    event_id: int
    act: Act
    at: datetime
    who: str  # empty when nobody of the staff did it
    reason: str
    start: int | None
    was_start: int | None
    practitioner: str
    was_practitioner: str
    is_undone: bool
    undoes: Act | None


def history_of(session: Session, appointment_id: int) -> list[HistoryLine]:
    """Every change of an appointment, the oldest first. Empty out of the scope."""
    rows = session.execute(
        select(AppointmentEvent, Staff.name)
        .outerjoin(Staff, Staff.id == AppointmentEvent.staff_id)
        .where(AppointmentEvent.appointment_id == appointment_id)
        .order_by(AppointmentEvent.id)
    ).all()
    events = [row.AppointmentEvent for row in rows]
    acts = {event.id: Act(event.act) for event in events}
    undone = {event.undoes_id for event in events}
    names = _names(session, events)
    return [
        HistoryLine(
            event_id=event.id,
            act=Act(event.act),
            at=event.at,
            who=name or "",
            reason=event.reason,
            start=event.after.get("start"),
            was_start=(event.before or {}).get("start"),
            practitioner=names.get(event.after.get("practitioner_id", 0), ""),
            was_practitioner=names.get((event.before or {}).get("practitioner_id", 0), ""),
            is_undone=event.id in undone,
            undoes=acts.get(event.undoes_id) if event.undoes_id is not None else None,
        )
        for event, name in rows
    ]


def _names(session: Session, events: Sequence[AppointmentEvent]) -> dict[int, str]:
    ids = {each.get("practitioner_id") for event in events for each in (event.before or {}, event.after)}
    found = select(Practitioner.id, Practitioner.name).where(Practitioner.id.in_([one for one in ids if one]))
    return {row.id: row.name for row in session.execute(found)}
