"""What is taken: read for those who look, locked and cleared for those who write."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_of, resource_of
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.occupation_models import Hold, Occupation
from callcenter.agenda.resource_models import Resource
from callcenter.agenda.rules.wall_clock import Interval, join
from callcenter.agenda.versions import note_actor


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
        """Whether what is held counts as taken for her."""
        return taken.until is None or (
            taken.until > self.at and (self.staff_id is None or taken.held_by != self.staff_id)
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """Time that is taken of an actor; held until a second (UTC) when it lapses then."""

    start: int
    end: int
    until: int | None
    held_by: int | None


def read_taken(session: Session, actors: Collection[int], begin: int, end: int) -> Mapping[int, list[Taken]]:
    """What of the plan (lane 0) is taken or held by anybody between two instants, by actor; one query."""
    found: dict[int, list[Taken]] = defaultdict(list)
    rows = session.execute(
        select(Occupation.actor, Occupation.start, Occupation.end, Occupation.until, Occupation.held_by).where(
            Occupation.actor.in_(actors), Occupation.lane == 0, Occupation.start < end, Occupation.end > begin
        )
    )
    for actor, taken_from, taken_until, until, held_by in rows:
        found[actor].append(Taken(taken_from, taken_until, until, held_by))
    return found


def read_busy(
    session: Session, actors: Collection[int], begin: int, end: int, looker: Looker
) -> Mapping[int, list[Interval]]:
    """What of the plan (lane 0) is taken between two instants, by actor, sorted and joined; one query."""
    found: dict[int, list[Interval]] = defaultdict(list)
    rows = session.execute(
        select(Occupation.actor, Occupation.start, Occupation.end).where(
            Occupation.actor.in_(actors),
            Occupation.lane == 0,
            Occupation.start < end,
            Occupation.end > begin,
            *_seen_by(looker),
        )
    )
    for actor, taken_from, taken_until in rows:
        found[actor].append((taken_from, taken_until))
    return defaultdict(list, {actor: join(taken) for actor, taken in found.items()})


def _seen_by(looker: Looker) -> list[ColumnElement[bool]]:
    is_kept = Occupation.until > looker.at
    if looker.staff_id is not None:
        is_kept = and_(is_kept, Occupation.held_by != looker.staff_id)
    conditions = [or_(Occupation.until.is_(None), is_kept)]
    if looker.moving:
        conditions.append(or_(Occupation.appointment_id.is_(None), Occupation.appointment_id.not_in(looker.moving)))
    if looker.joining is not None:
        conditions.append(Occupation.group_visit_id.is_distinct_from(looker.joining))
    return conditions


def free_again(looker: Looker) -> ColumnElement[bool]:
    """Which active holds take nothing from this looker: those that have lapsed, and her own."""
    lapsed = Hold.expires_at <= datetime.fromtimestamp(looker.at, UTC)
    return lapsed if looker.staff_id is None else or_(lapsed, Hold.staff_id == looker.staff_id)


def free_time(session: Session, whose: ColumnElement[bool]) -> None:
    """Nothing of this is taken any more."""
    freed = session.execute(
        delete(Occupation)
        .where(whose)
        .returning(Occupation.practice_id, Occupation.actor)
        .execution_options(synchronize_session="fetch")
    ).all()
    for row in freed:
        note_actor(session, row.practice_id, row.actor)


def lock_actors(session: Session, actors: Iterable[int]) -> None:
    """Writers of the same actors go one after the other: practitioners first, then the rest, each in the order of ids.

    The constraint alone made storms of seconds (measured; see docs/decisions/0017). SQLite has no row locks and needs
    none: it lets one writer in. Rows that only refer to these are not held up.
    """
    actors = set(actors)
    practitioners = sorted(found for one in actors if (found := practitioner_of(one)) is not None)
    resources = sorted(found for one in actors if (found := resource_of(one)) is not None)
    session.execute(
        select(Schedule.id)
        .where(Schedule.practitioner_id.in_(practitioners))
        .order_by(Schedule.id)
        .with_for_update(key_share=True)
    ).all()
    if resources:
        session.execute(
            select(Resource.id).where(Resource.id.in_(resources)).order_by(Resource.id).with_for_update(key_share=True)
        ).all()


def lock_appointments(session: Session, appointment_ids: Iterable[int]) -> list[Appointment]:
    """These appointments as they stand, kept from other writers; in the order of ids. Their actors come first."""
    return list(
        session.scalars(
            select(Appointment)
            .where(Appointment.id.in_(list(appointment_ids)))
            .order_by(Appointment.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def seconds(at: datetime) -> int:
    """An instant as the agenda keeps it."""
    return int(at.timestamp())
