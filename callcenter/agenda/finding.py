"""Finding free time for a type of visit."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.agenda.models import ServiceType
from callcenter.agenda.offering import Question, Refusal, VisitRule, free_starts, proposal_distance, refusal
from callcenter.agenda.opening_rules import Channel
from callcenter.agenda.openings import OpenSchedule, local_time, read_schedules


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
    session: Session, practitioner_id: int, service_type: ServiceType, *, first_day: date, last_day: date, at: datetime
) -> list[Free]:
    """Every start to propose on these days, both included, none before ``at``; sorted."""
    schedules = read_schedules(session, [practitioner_id], first_day=first_day, last_day=last_day)
    return free_in(schedules, service_type, at=at)


def first_free_times(
    session: Session, practitioner_id: int, service_type: ServiceType, *, at: datetime, count: int = 3, days: int = 60
) -> list[Free]:
    """The first ``count`` starts from ``at`` on, at most ``days`` days ahead."""
    # Most often the first week has them; the long look is only taken when it has not.
    for ahead in (7, days):
        # Yesterday too: "today" in UTC may still be yesterday where the schedule is.
        today = at.date() - timedelta(days=1)
        found = find_free(
            session, practitioner_id, service_type, first_day=today, last_day=today + timedelta(days=ahead + 1), at=at
        )
        if len(found) >= count:
            break
    return list(islice(found, count))


def free_in(schedules: Iterable[OpenSchedule], service_type: ServiceType, *, at: datetime) -> list[Free]:
    """The starts to propose in schedules already read, on their days."""
    visit, question = visit_rule(service_type), asked_by_phone(at)
    # The same start at two sites would be the same person twice: the first schedule keeps it.
    found: dict[int, Free] = {}
    for one in schedules:
        starts = free_starts(one.opened, one.busy, visit, question, zone=one.zone, apart=proposal_distance(visit))
        for start in starts[bisect_left(starts, one.days[0]) : bisect_left(starts, one.days[1])]:
            found.setdefault(start, Free(start, start + visit.duration, one.schedule_id, one.zone))
    return [found[start] for start in sorted(found)]


def schedule_with(
    schedules: Iterable[OpenSchedule], service_type: ServiceType, *, start: int, at: datetime
) -> OpenSchedule | Refusal:
    """The first of these schedules in which the start can be had, or why it cannot be had in any."""
    visit, question = visit_rule(service_type), asked_by_phone(at)
    why = Refusal.CLOSED
    for one in schedules:
        refused = refusal(start, one.opened, one.busy, visit, question, zone=one.zone)
        if refused is None:
            return one
        # Of two sites the one that is open then says more than the one that is closed.
        if why is Refusal.CLOSED:
            why = refused
    return why


def visit_rule(service_type: ServiceType) -> VisitRule:
    """What a type of visit asks of the agenda."""
    return VisitRule(service_type.id, service_type.duration_minutes * 60)


def asked_by_phone(at: datetime) -> Question:
    """An operator asks, now."""
    return Question(Channel.PHONE, int(at.timestamp()))


def today_in(zone: str, at: datetime) -> date:
    """The date on the wall in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()
