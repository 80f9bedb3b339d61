"""The first free time with any of several practitioners."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from callcenter.agenda.finding.firsts import Firsts
from callcenter.agenda.finding.free_times import read_besides
from callcenter.agenda.finding.occupancy import Looker, seconds
from callcenter.agenda.finding.openings import Agendas, OpenSchedule
from callcenter.agenda.finding.places import Free, free_in
from callcenter.agenda.finding.visits import visitors_for, visits_of
from callcenter.agenda.models import ServiceType
from callcenter.agenda.rules.visit_rules import Visit, Visitor


@dataclass(frozen=True, slots=True)
class FreeWith:
    """A free time and whose it is."""

    free: Free
    practitioner_id: int


def first_free_of_group(
    session: Session,
    practitioner_ids: Sequence[int],
    service_type: ServiceType,
    *,
    at: datetime,
    days: int = 60,
    patient_id: int | None = None,
    staff_id: int | None = None,
) -> FreeWith | None:
    """The first free time with any of these practitioners; of two at the same moment, the one named first."""
    firsts = Firsts(session, service_type, days=days)
    known = firsts.known(practitioner_ids, seconds(at))
    found = {practitioner_id: one.free for practitioner_id, one in known.items()}
    others = [one for one in practitioner_ids if one not in found]
    if others:
        looker = Looker(seconds(at), staff_id)
        agendas = Agendas(session, others, since=at.date() - timedelta(days=1), looker=looker)
        visits = visits_of(session, others, service_type)
        visitors = {} if patient_id is None else visitors_for(session, others, patient_id)
        each = first_free_each(agendas, visits, visitors=visitors, at=at, count=1, days=days)
        new = {practitioner_id: next(iter(times), None) for practitioner_id, times in each.items()}
        firsts.note(session, new, visits, at=at)
        found |= new
    return soonest({one: [free] if (free := found[one]) else [] for one in practitioner_ids})


def soonest(each: Mapping[int, Sequence[Free]]) -> FreeWith | None:
    """The first of what several practitioners have; of two at the same moment, the one named first."""
    firsts = [FreeWith(found[0], practitioner_id) for practitioner_id, found in each.items() if found]
    return min(firsts, key=lambda one: one.free.start, default=None)


def first_free_each(
    agendas: Agendas,
    visits: Mapping[int, Visit],
    *,
    visitors: Mapping[int, Visitor],
    at: datetime,
    count: int = 3,
    days: int = 60,
) -> dict[int, list[Free]]:
    """Each practitioner's first ``count`` free times from ``at`` on; the agendas are looked at together."""
    # Yesterday too: "today" in UTC may still be yesterday where the schedule is.
    today = at.date() - timedelta(days=1)
    found: dict[int, list[Free]] = {practitioner_id: [] for practitioner_id in visits}
    # Most often the first week has them; the long look is only taken for those whose week has not.
    for ahead in (7, days):
        missing = [practitioner_id for practitioner_id, times in found.items() if len(times) < count]
        if not missing:
            break
        together = agendas.on(today, today + timedelta(days=ahead + 1))
        besides = read_besides(agendas.session, visits[missing[0]], together, agendas.looker)
        schedules = by_practitioner(together)
        for practitioner_id in missing:
            visitor = visitors.get(practitioner_id)
            own = schedules.get(practitioner_id, [])
            times = free_in(own, visits[practitioner_id], at=at, visitor=visitor, besides=besides)
            found[practitioner_id] = times[:count]
    return found


def by_practitioner(schedules: Sequence[OpenSchedule]) -> dict[int, list[OpenSchedule]]:
    """Schedules by whose they are."""
    found: dict[int, list[OpenSchedule]] = defaultdict(list)
    for one in schedules:
        found[one.practitioner_id].append(one)
    return dict(found)
