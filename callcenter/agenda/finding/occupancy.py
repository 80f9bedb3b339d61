"""What is taken: read for those who look, locked and cleared for those who write."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_of, resource_of
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.occupation_models import Hold, Occupation
from callcenter.agenda.resource_models import Resource
from callcenter.agenda.rules.wall_clock import Interval, join
from callcenter.agenda.versions import note_actor
from callcenter.core.scope import scoped_connection


@dataclass(frozen=True, slots=True)
class Looker:
    """Whose eyes look, and when (UTC seconds).

    A hold that has lapsed is free to all, and her own is free to her; ``moving`` are appointments that are about to
    leave their time, ``joining`` a group that has a place left.
    """

    at: int
    staff_id: int | None = None
    moving: frozenset[int] = frozenset()
    joining: int | None = None

    def sees(self, taken: "Taken") -> bool:
        """Whether it counts as taken for her."""
        if taken.until is not None:
            return taken.until > self.at and (self.staff_id is None or taken.held_by != self.staff_id)
        if taken.group_visit_id is not None:
            return taken.group_visit_id != self.joining
        return taken.appointment_id not in self.moving

    def busy(self, taken: Iterable["Taken"]) -> list[Interval]:
        """What of it is taken for her, sorted and joined."""
        return join((one.start, one.end) for one in taken if self.sees(one))


class Taken(NamedTuple):
    """Time that is taken of an actor; held until a second (UTC) when it lapses then."""

    actor: int
    start: int
    end: int
    until: int | None
    held_by: int | None
    appointment_id: int | None
    group_visit_id: int | None


# Statements of every booking are built once, here and in the modules around: building costs more than running them.
_TAKEN = select(
    *(Occupation.actor, Occupation.start, Occupation.end, Occupation.until, Occupation.held_by),
    *(Occupation.appointment_id, Occupation.group_visit_id),
).where(
    Occupation.actor.in_(bindparam("actors", expanding=True)),
    Occupation.lane == 0,
    Occupation.start < bindparam("end"),
    Occupation.end > bindparam("begin"),
)


def read_taken(session: Session, actors: Collection[int], begin: int, end: int) -> Mapping[int, list[Taken]]:
    """What of the plan (lane 0) is taken or held by anybody between two instants, by actor; one query.

    The actors have been found within the scope.
    """
    found: dict[int, list[Taken]] = defaultdict(list)
    rows = scoped_connection(session).execute(_TAKEN, {"actors": list(actors), "begin": begin, "end": end})
    for one in map(Taken._make, rows.all()):
        found[one.actor].append(one)
    return found


def read_busy(
    session: Session, actors: Collection[int], begin: int, end: int, looker: Looker
) -> Mapping[int, list[Interval]]:
    """What of the plan (lane 0) is taken between two instants, by actor, sorted and joined; one query."""
    found = read_taken(session, actors, begin, end)
    return defaultdict(list, {actor: looker.busy(taken) for actor, taken in found.items()})


def free_again(looker: Looker) -> ColumnElement[bool]:
    """Which active holds take nothing from this looker: those that have lapsed, and her own."""
    lapsed = Hold.expires_at <= datetime.fromtimestamp(looker.at, UTC)
    return lapsed if looker.staff_id is None else or_(lapsed, Hold.staff_id == looker.staff_id)


_TAKE = insert(Occupation)
_FREE = {
    column.key: delete(Occupation)
    .where(column == bindparam("whose"))
    .returning(Occupation.practice_id, Occupation.actor)
    for column in (Occupation.appointment_id, Occupation.hold_id, Occupation.group_visit_id)
}


def take_time(
    session: Session,
    practice_id: int,
    spans: Iterable[Sequence[int]],
    *,
    appointment_id: int | None = None,
    group_visit_id: int | None = None,
    hold: Hold | None = None,
) -> None:
    """Take spans (actor, lane, start, end) for one of these. Raises ``IntegrityError`` when the guard refuses."""
    whose = {
        "appointment_id": appointment_id,
        "group_visit_id": group_visit_id,
        "hold_id": None if hold is None else hold.id,
        "until": None if hold is None else seconds(hold.expires_at),
        "held_by": None if hold is None else hold.staff_id,
    }
    rows = []
    for actor, lane, start, end in spans:
        rows.append({"practice_id": practice_id, "actor": actor, "lane": lane, "start": start, "end": end, **whose})
        note_actor(session, practice_id, actor)
    if rows:
        scoped_connection(session, practice_id).execute(_TAKE, rows)


def free_time(session: Session, what: Literal["appointment_id", "hold_id", "group_visit_id"], whose: int) -> None:
    """Nothing is taken any more by this appointment, hold or group, which has been found within the scope."""
    for practice_id, actor in scoped_connection(session).execute(_FREE[what], {"whose": whose}).all():
        note_actor(session, practice_id, actor)


_LOCK_SCHEDULES = (
    select(Schedule.id)
    .where(Schedule.practitioner_id.in_(bindparam("practitioners", expanding=True)))
    .order_by(Schedule.id)
    .with_for_update(key_share=True)
)
_LOCK_RESOURCES = (
    select(Resource.id)
    .where(Resource.id.in_(bindparam("resources", expanding=True)))
    .order_by(Resource.id)
    .with_for_update(key_share=True)
)
_LOCK_APPOINTMENTS = (
    select(Appointment)
    .where(Appointment.id.in_(bindparam("ids", expanding=True)))
    .order_by(Appointment.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def lock_actors(session: Session, actors: Iterable[int]) -> None:
    """Writers of the same actors go one after the other: practitioners first, then the rest, each in the order of ids.

    The constraint alone made storms of seconds (measured; see docs/decisions/0017). SQLite has no row locks and needs
    none: it lets one writer in. Rows that only refer to these are not held up.
    """
    actors = set(actors)
    practitioners = sorted(found for one in actors if (found := practitioner_of(one)) is not None)
    resources = sorted(found for one in actors if (found := resource_of(one)) is not None)
    connection = scoped_connection(session)
    connection.execute(_LOCK_SCHEDULES, {"practitioners": practitioners}).all()
    if resources:
        connection.execute(_LOCK_RESOURCES, {"resources": resources}).all()


def lock_appointments(session: Session, appointment_ids: Iterable[int]) -> list[Appointment]:
    """These appointments as they stand, kept from other writers; in the order of ids. Their actors come first."""
    return list(session.scalars(_LOCK_APPOINTMENTS, {"ids": list(appointment_ids)}))


def seconds(at: datetime) -> int:
    """An instant as the agenda keeps it."""
    return int(at.timestamp())
