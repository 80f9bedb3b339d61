"""Who and what must be free with the practitioner: rooms, devices, a second practitioner."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, practitioner_of, resource_actor
from callcenter.agenda.finding.occupancy import Looker, read_busy
from callcenter.agenda.finding.openings import OpenSchedule, local_time
from callcenter.agenda.finding.rule_reading import read_rules
from callcenter.agenda.models import Schedule
from callcenter.agenda.resource_models import NeedKind, Resource, ServiceNeed
from callcenter.agenda.rules.opening_rules import opened_between
from callcenter.agenda.rules.wall_clock import Interval, join
from callcenter.core.scope import scoped_connection

_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Need:
    """One of these actors must be free."""

    kind: NeedKind
    candidates: tuple[int, ...]


def accompany(needs: Sequence[Need], is_free: Callable[[int], bool]) -> tuple[int, ...] | NeedKind:
    """An actor for each need, none twice, in the order of the needs; else the kind of the need that is in the way."""
    chosen: list[int] = []
    blocked = needs[0].kind if needs else NeedKind.ROOM
    deepest = 0

    def choose(index: int) -> bool:
        nonlocal blocked, deepest
        if index == len(needs):
            return True
        for actor in needs[index].candidates:
            if actor not in chosen and is_free(actor):
                chosen.append(actor)
                if choose(index + 1):
                    return True
                chosen.pop()
        if index >= deepest:
            blocked, deepest = needs[index].kind, index
        return False

    return tuple(chosen) if choose(0) else blocked


class Company:
    """What a type of visit needs besides its practitioner, as it stands over some days."""

    def __init__(
        self,
        needs: Mapping[int, Sequence[Need]],
        busy: Mapping[int, Sequence[Interval]],
        opened: Mapping[int, Sequence[Interval]],
    ) -> None:
        self._needs, self._busy, self._opened = needs, busy, opened

    def actors(self, schedule_id: int) -> set[int]:
        """Everybody and everything that may have to come along in this schedule."""
        return {actor for need in self._needs[schedule_id] for actor in need.candidates}

    def at(self, schedule_id: int, visit: Interval, occupied: Interval) -> tuple[int, ...] | NeedKind:
        """Who and what comes along to this visit; practitioners must be open for it, all free for what is occupied."""

        def is_free(actor: int) -> bool:
            busy = self._busy.get(actor, ())
            index = bisect_left(busy, (occupied[1], 0))
            if index and busy[index - 1][1] > occupied[0]:
                return False
            if practitioner_of(actor) is None:
                return True
            opened = self._opened.get(actor, ())
            index = bisect_right(opened, (visit[0], _FAR))
            return bool(index) and opened[index - 1][1] >= visit[1]

        return accompany(self._needs[schedule_id], is_free)


_NEEDS = (
    select(ServiceNeed.practice_id, ServiceNeed.kind, ServiceNeed.category, ServiceNeed.practitioner_id)
    .where(ServiceNeed.service_type_id == bindparam("service_type_id"))
    .order_by(ServiceNeed.id)
)


NeedRow: TypeAlias = Row[int, NeedKind, str, int | None]  # as in the statement


def needs_of(session: Session, service_type_id: int) -> Sequence[NeedRow]:
    """What a type of visit, found within the scope, needs."""
    return scoped_connection(session).execute(_NEEDS, {"service_type_id": service_type_id}).all()


def read_company(
    session: Session, service_type_id: int, schedules: Sequence[OpenSchedule], looker: Looker
) -> Company | None:
    """For these schedules on their days; None when the type of visit needs nothing, after one query."""
    asked = needs_of(session, service_type_id)
    if not asked or not schedules:
        return None
    these = select(Schedule.id, Schedule.site_id).where(Schedule.id.in_([one.schedule_id for one in schedules]))
    sites = {row.id: row.site_id for row in session.execute(these)}
    resources = session.scalars(
        select(Resource)
        .where(Resource.practice_id == asked[0].practice_id, Resource.is_active)
        .order_by(Resource.site_id.is_(None), Resource.id)
    ).all()
    colleagues = session.scalars(
        select(Schedule.practitioner_id)
        .where(Schedule.practice_id == asked[0].practice_id)
        .group_by(Schedule.practitioner_id)
        .order_by(Schedule.practitioner_id)
    ).all()
    needs = {
        one.schedule_id: [
            Need(NeedKind(need.kind), _candidates(need, one, sites[one.schedule_id], resources, colleagues))
            for need in asked
        ]
        for one in schedules
    }
    actors = {actor for each in needs.values() for need in each for actor in need.candidates}
    begin = min(one.days[0] for one in schedules) - 86_400
    end = max(one.days[1] for one in schedules) + 86_400
    busy = read_busy(session, actors, begin, end, looker)
    return Company(needs, busy, _opened_of(session, actors, begin, end))


def _candidates(
    need: NeedRow,
    schedule: OpenSchedule,
    site_id: int,
    resources: Sequence[Resource],
    colleagues: Collection[int],
) -> tuple[int, ...]:
    if need.kind == NeedKind.PRACTITIONER:
        named = colleagues if need.practitioner_id is None else [need.practitioner_id]
        return tuple(practitioner_actor(one) for one in named if one != schedule.practitioner_id)
    return tuple(
        resource_actor(one.id)
        for one in resources
        if one.kind == need.kind
        and (not need.category or one.category == need.category)
        and one.site_id in {None, site_id}
    )


def _opened_of(session: Session, actors: Collection[int], begin: int, end: int) -> dict[int, list[Interval]]:
    """When the practitioners among them are open, at any of their sites."""
    practitioners = [found for actor in actors if (found := practitioner_of(actor)) is not None]
    if not practitioners:
        return {}
    first, last = local_time(begin, "UTC").date(), local_time(end, "UTC").date() + timedelta(days=1)
    opened: dict[int, list[Interval]] = {}
    for one in read_rules(session, practitioners, since=first):
        hours = [(piece.begin, piece.end) for piece in opened_between(one.rules, first, last)]
        opened.setdefault(practitioner_actor(one.practitioner_id), []).extend(hours)
    return {actor: join(hours) for actor, hours in opened.items()}
