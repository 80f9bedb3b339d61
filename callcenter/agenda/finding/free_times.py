"""Finding free time for a type of visit."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.agenda.finding.company import read_company
from callcenter.agenda.finding.groups import Group, read_groups
from callcenter.agenda.finding.occupancy import Looker, seconds
from callcenter.agenda.finding.openings import Agendas, OpenSchedule, local_time, read_schedules
from callcenter.agenda.finding.places import ALONE, Besides, Free, Place, free_in, place_for, starts_in
from callcenter.agenda.finding.visits import visit_of, visitor_for
from callcenter.agenda.models import ServiceType
from callcenter.agenda.rules.offering import Question, Refusal, proposal_distance
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.rules.visit_rules import NotForHer, Visit, Visitor, visit_rule


def find_free(
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    *,
    first_day: date,
    last_day: date,
    at: datetime,
    visitor: Visitor | None = None,
    staff_id: int | None = None,
) -> list[Free]:
    """Every start to propose on these days, both included, none before ``at``; sorted. Her holds are free to her."""
    looker = Looker(seconds(at), staff_id)
    schedules = read_schedules(session, [practitioner_id], first_day=first_day, last_day=last_day, looker=looker)
    visit = visit_of(session, practitioner_id, service_type)
    besides = read_besides(session, visit, schedules, looker)
    return free_in(schedules, visit, at=at, visitor=visitor, besides=besides)


def list_starts(
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    *,
    first_day: date,
    last_day: date,
    at: datetime,
    staff_id: int | None = None,
) -> list[int]:
    """The same starts as ``find_free`` for somebody the practitioner knows, as bare UTC seconds."""
    looker = Looker(seconds(at), staff_id)
    schedules = read_schedules(session, [practitioner_id], first_day=first_day, last_day=last_day, looker=looker)
    visit = visit_of(session, practitioner_id, service_type)
    besides = read_besides(session, visit, schedules, looker)
    each = []
    for one in schedules:
        rule = visit_rule(visit, None, zone=one.zone)
        if isinstance(rule, NotForHer):
            return []
        question = Question(Channel.PHONE, looker.at, one.used)
        each.append(starts_in(one, rule, question, besides, apart=proposal_distance(rule)))
    return each[0] if len(each) == 1 else sorted(set().union(*each))


def first_free_times(
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    *,
    at: datetime,
    count: int = 3,
    days: int = 60,
    visitor: Visitor | None = None,
    staff_id: int | None = None,
) -> list[Free]:
    """The first ``count`` starts from ``at`` on, at most ``days`` days ahead."""
    looker = Looker(seconds(at), staff_id)
    agendas = Agendas(session, [practitioner_id], since=at.date() - timedelta(days=1), looker=looker)
    visit = visit_of(session, practitioner_id, service_type)
    return first_free_in(agendas, visit, at=at, count=count, days=days, visitor=visitor)


def first_free_in(
    agendas: Agendas, visit: Visit, *, at: datetime, count: int = 3, days: int = 60, visitor: Visitor | None = None
) -> list[Free]:
    """The first ``count`` starts from ``at`` on in agendas already read, at most ``days`` days ahead."""
    # Yesterday too: "today" in UTC may still be yesterday where the schedule is.
    today = at.date() - timedelta(days=1)
    found: list[Free] = []
    # Most often the first week has them; the long look is only taken when it has not.
    for ahead in (7, days):
        schedules = agendas.on(today, today + timedelta(days=ahead + 1))
        besides = read_besides(agendas.session, visit, schedules, agendas.looker)
        found = free_in(schedules, visit, at=at, visitor=visitor, besides=besides)
        if len(found) >= count:
            break
    return found[:count]


def place_at(
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    start: int,
    *,
    at: datetime,
    patient_id: int | None = None,
    staff_id: int | None = None,
    moving: frozenset[int] = frozenset(),
) -> Place | Refusal | NotForHer:
    """Where a start (UTC seconds) can be had by telephone as things stand, or why it cannot; nothing is locked."""
    day = local_time(start, "UTC").date()
    looker = Looker(seconds(at), staff_id, moving)
    around = timedelta(days=1)
    schedules = read_schedules(session, [practitioner_id], first_day=day - around, last_day=day + around, looker=looker)
    visit = visit_of(session, practitioner_id, service_type)
    visitor = None if patient_id is None else visitor_for(session, practitioner_id, patient_id)
    besides = read_besides(session, visit, schedules, looker)
    return place_for(schedules, visit, start=start, at=at, visitor=visitor, besides=besides)


def read_besides(session: Session, visit: Visit, schedules: Sequence[OpenSchedule], looker: Looker) -> Besides:
    """For these schedules on their days; no query when the type of visit needs nothing and is for one patient."""
    if not schedules:
        return ALONE
    groups: list[Group] = []
    if visit.capacity > 1:
        begin, end = min(one.days[0] for one in schedules), max(one.days[1] for one in schedules)
        practitioners = {one.practitioner_id for one in schedules}
        groups = read_groups(session, practitioners, visit.service_type_id, begin, end, looker)
    company = read_company(session, visit.service_type_id, schedules, looker) if visit.needs_company else None
    return Besides(company, tuple(groups))


def today_in(zone: str, at: datetime) -> date:
    """The date on the wall in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()
