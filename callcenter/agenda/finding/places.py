"""Which times a visit can have in schedules already read, with what it needs besides its practitioner. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from callcenter.agenda.finding.company import Company
from callcenter.agenda.finding.groups import Group
from callcenter.agenda.finding.occupancy import seconds
from callcenter.agenda.finding.openings import OpenSchedule, local_time
from callcenter.agenda.resource_models import NeedKind
from callcenter.agenda.rules.offering import Question, Refusal, VisitRule, decide, free_starts, proposal_distance
from callcenter.agenda.rules.opening_rules import Channel, Opened
from callcenter.agenda.rules.visit_rules import NotForHer, Visit, Visitor, visit_rule
from callcenter.agenda.rules.wall_clock import Interval, subtract


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


@dataclass(frozen=True, slots=True)
class Besides:
    """What counts for a visit besides its practitioner's time: who comes along, and groups that have begun to fill."""

    company: Company | None = None
    groups: tuple[Group, ...] = ()

    def group_at(self, schedule_id: int, start: int) -> Group | None:
        """The group that meets then."""
        return next((one for one in self.groups if (one.schedule_id, one.start) == (schedule_id, start)), None)


ALONE = Besides()


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
        for start in starts_in(one, rule, question, besides, apart=proposal_distance(rule)):
            found.setdefault(start, Free(start, start + rule.duration, one.schedule_id, one.zone))
    return [found[start] for start in sorted(found)]


def starts_in(
    schedule: OpenSchedule, rule: VisitRule, question: Question, besides: Besides = ALONE, *, apart: int | None = None
) -> list[int]:
    """Every start that can be had in one schedule on its days, sorted; with ``apart`` those to propose."""
    if besides.company is None:
        starts = free_starts(schedule.opened, schedule.busy, rule, question, zone=schedule.zone, apart=apart)
    else:
        every = free_starts(schedule.opened, schedule.busy, rule, question, zone=schedule.zone)
        starts = [one for one in every if not _blocked(besides.company, schedule, rule, one)]
        starts = starts if apart is None else _far_apart(starts, apart)
    starts = sorted({*starts, *_joinable(schedule, rule, question, besides)}) if besides.groups else starts
    return starts[bisect_left(starts, schedule.days[0]) : bisect_left(starts, schedule.days[1])]


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
