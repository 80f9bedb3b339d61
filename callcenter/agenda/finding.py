"""Finding free time for a type of visit."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.company import Company, read_company
from callcenter.agenda.groups import Group, read_groups
from callcenter.agenda.models import Appointment, AppointmentStatus, PractitionerService, ServiceType
from callcenter.agenda.occupancy import Looker, seconds
from callcenter.agenda.offering import Question, Refusal, VisitRule, decide, free_starts, proposal_distance
from callcenter.agenda.opening_rules import Channel, Opened
from callcenter.agenda.openings import Agendas, OpenSchedule, local_time, read_schedules
from callcenter.agenda.resource_models import NeedKind
from callcenter.agenda.visit_rules import NewPatients, NotForHer, Visit, Visitor, visit_rule
from callcenter.agenda.wall_clock import Interval, subtract
from callcenter.directory.models import Patient


@dataclass(frozen=True, slots=True, order=True)
class Free:
    """A time that can be booked; ``start`` and ``end`` in UTC seconds."""

    start: int
    end: int
    schedule_id: int
    zone: str

    @property
    def starts_at(self) -> datetime:
        """The start as wall-clock time of the schedule's zone."""
        return local_time(self.start, self.zone)


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
    """Every start to propose on these days, both included, none before ``at``; sorted. What she holds is free to her."""
    looker = Looker(seconds(at), staff_id)
    schedules = read_schedules(session, [practitioner_id], first_day=first_day, last_day=last_day, looker=looker)
    visit = visit_of(session, practitioner_id, service_type)
    besides = read_besides(session, visit, schedules, looker)
    return free_in(schedules, visit, at=at, visitor=visitor, besides=besides)


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


@dataclass(frozen=True, slots=True)
class Besides:
    """What counts for a visit besides its practitioner's time: who comes along, and groups that have begun to fill."""

    company: Company | None = None
    groups: tuple[Group, ...] = ()

    def group_at(self, schedule_id: int, start: int) -> Group | None:
        """The group that meets then."""
        return next((one for one in self.groups if (one.schedule_id, one.start) == (schedule_id, start)), None)


ALONE = Besides()


def read_besides(session: Session, visit: Visit, schedules: Sequence[OpenSchedule], looker: Looker) -> Besides:
    """For these schedules on their days; one query when the type of visit needs nothing and is for one patient."""
    if not schedules:
        return ALONE
    groups: list[Group] = []
    if visit.capacity > 1:
        begin, end = min(one.days[0] for one in schedules), max(one.days[1] for one in schedules)
        practitioners = {one.practitioner_id for one in schedules}
        groups = read_groups(session, practitioners, visit.service_type_id, begin, end)
    return Besides(read_company(session, visit.service_type_id, schedules, looker), tuple(groups))


def free_in(
    schedules: Iterable[OpenSchedule],
    visit: Visit,
    *,
    at: datetime,
    visitor: Visitor | None = None,
    besides: Besides = ALONE,
) -> list[Free]:
    """The starts to propose in schedules already read, on their days."""
    # The same start at two sites would be the same person twice: the first schedule keeps it.
    found: dict[int, Free] = {}
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if isinstance(rule, NotForHer):
            return []
        question = Question(Channel.PHONE, seconds(at), one.used)
        apart = proposal_distance(rule)
        if besides.company is None:
            starts = free_starts(one.opened, one.busy, rule, question, zone=one.zone, apart=apart)
        else:
            every = free_starts(one.opened, one.busy, rule, question, zone=one.zone)
            starts = _far_apart((s for s in every if not _blocked(besides.company, one, rule, s)), apart)
        starts = sorted({*starts, *_joinable(one, rule, question, besides)}) if besides.groups else starts
        for start in starts[bisect_left(starts, one.days[0]) : bisect_left(starts, one.days[1])]:
            found.setdefault(start, Free(start, start + rule.duration, one.schedule_id, one.zone))
    return [found[start] for start in sorted(found)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a start can be had: the schedule, the opening that counts it, until when it lasts, who comes along."""

    schedule_id: int
    opened: Opened
    end: int
    before: int
    after: int
    company: tuple[int, ...] = ()  # actors, in the order of what the type of visit needs
    group_visit_id: int | None = None  # the group that it joins


def place_for(
    schedules: Iterable[OpenSchedule],
    visit: Visit,
    *,
    start: int,
    at: datetime,
    channel: Channel = Channel.PHONE,
    visitor: Visitor | None = None,
    besides: Besides = ALONE,
) -> Place | Refusal | NotForHer:
    """Where among these schedules a start can be had, the first that has it, or why it cannot be had in any."""
    why = Refusal.CLOSED
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if isinstance(rule, NotForHer):
            return rule
        question = Question(channel, seconds(at), one.used)
        group = besides.group_at(one.schedule_id, start)
        found = decide(start, one.opened, _busy_for(one, rule, group), rule, question, zone=one.zone)
        if isinstance(found, Opened):
            if group is not None:
                if group.left > 0:
                    return Place(one.schedule_id, found, group.end, rule.before, rule.after, (), group.id)
                why = Refusal.GROUP_FULL
                continue
            company = _company_at(besides.company, one, rule, start)
            if not isinstance(company, NeedKind):
                return Place(one.schedule_id, found, start + rule.duration, rule.before, rule.after, company)
            found = _MISSING[company]
        # Of two sites the one that is open then says more than the one that is closed.
        if why is Refusal.CLOSED:
            why = found
    return why


_MISSING = {
    NeedKind.ROOM: Refusal.NO_ROOM,
    NeedKind.DEVICE: Refusal.NO_DEVICE,
    NeedKind.PRACTITIONER: Refusal.NO_COLLEAGUE,
}


def _company_at(
    company: Company | None, schedule: OpenSchedule, rule: VisitRule, start: int
) -> tuple[int, ...] | NeedKind:
    if company is None:
        return ()
    end = start + rule.duration
    return company.at(schedule.schedule_id, (start, end), (start - rule.before, end + rule.after))


def _blocked(company: Company, schedule: OpenSchedule, rule: VisitRule, start: int) -> bool:
    return isinstance(_company_at(company, schedule, rule, start), NeedKind)


def _far_apart(starts: Iterable[int], apart: int) -> list[int]:
    """Of sorted starts the first, and each that is that far from the one before."""
    found: list[int] = []
    for start in starts:
        if not found or start - found[-1] >= apart:
            found.append(start)
    return found


def _joinable(schedule: OpenSchedule, rule: VisitRule, question: Question, besides: Besides) -> list[int]:
    """When groups meet that have a place left for this question."""
    return [
        one.start
        for one in besides.groups
        if one.schedule_id == schedule.schedule_id
        and one.left > 0
        and isinstance(
            decide(one.start, schedule.opened, _busy_for(schedule, rule, one), rule, question, zone=schedule.zone),
            Opened,
        )
    ]


def _busy_for(schedule: OpenSchedule, rule: VisitRule, group: Group | None) -> Sequence[Interval]:
    """What is busy for whoever joins this group: all but the group itself."""
    if group is None:
        return schedule.busy
    return subtract(schedule.busy, [(group.start - rule.before, group.end + rule.after)])


def visit_of(session: Session, practitioner_id: int, service_type: ServiceType) -> Visit:
    """A type of visit as this practitioner gives it."""
    return _visit(service_type, session.get(PractitionerService, (practitioner_id, service_type.id)))


def visits_of(session: Session, practitioner_ids: Collection[int], service_type: ServiceType) -> dict[int, Visit]:
    """The same for several practitioners, by practitioner; one query."""
    own = {
        one.practitioner_id: one
        for one in session.scalars(
            select(PractitionerService).where(
                PractitionerService.service_type_id == service_type.id,
                PractitionerService.practitioner_id.in_(practitioner_ids),
            )
        )
    }
    return {practitioner_id: _visit(service_type, own.get(practitioner_id)) for practitioner_id in practitioner_ids}


def _visit(service_type: ServiceType, own: PractitionerService | None) -> Visit:
    def either(name: str) -> Any:
        said = getattr(own, name) if own is not None else None
        return getattr(service_type, name) if said is None else said

    return Visit(
        service_type_id=service_type.id,
        duration_minutes=either("duration_minutes"),
        before_minutes=service_type.before_minutes,
        after_minutes=service_type.after_minutes,
        step_minutes=service_type.step_minutes,
        notice_minutes=either("notice_minutes"),
        horizon_days=either("horizon_days"),
        new_patients=NewPatients(either("new_patients")),
        new_patient_minutes=either("new_patient_minutes"),
        youngest=service_type.youngest,
        oldest=service_type.oldest,
        is_urgent=service_type.is_urgent,
        is_offered=own is None or own.is_offered,
        capacity=service_type.capacity,
    )


def visitor_for(session: Session, practitioner_id: int, patient_id: int) -> Visitor:
    """What counts of a patient here; new is who never had a visit with this practitioner that was not cancelled."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = session.scalar(
        select(Appointment.id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.practitioner_id == practitioner_id,
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .limit(1)
    )
    return Visitor(is_new=known is None, birth_on=born)


def visitors_for(session: Session, practitioner_ids: Collection[int], patient_id: int) -> dict[int, Visitor]:
    """The same for several practitioners, by practitioner; two queries."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = set(
        session.scalars(
            select(Appointment.practitioner_id).where(
                Appointment.patient_id == patient_id,
                Appointment.practitioner_id.in_(practitioner_ids),
                Appointment.status != AppointmentStatus.CANCELLED,
            )
        )
    )
    return {one: Visitor(is_new=one not in known, birth_on=born) for one in practitioner_ids}


def today_in(zone: str, at: datetime) -> date:
    """The date on the wall in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()
