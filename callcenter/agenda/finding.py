"""Finding free time for a type of visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.agenda.free_time import free_starts
from callcenter.agenda.models import ServiceType
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
    return free_in(schedules, minutes=service_type.duration_minutes, not_before=int(at.timestamp()))


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


def free_in(schedules: Iterable[OpenSchedule], *, minutes: int, not_before: int) -> list[Free]:
    """The starts to propose in schedules already read."""
    # The same start at two sites would be the same person twice: the first schedule keeps it.
    found: dict[int, Free] = {}
    for schedule in schedules:
        for start in free_starts(schedule.open, schedule.busy, duration=minutes * 60, at=not_before):
            found.setdefault(start, Free(start, start + minutes * 60, schedule.schedule_id, schedule.zone))
    return [found[start] for start in sorted(found)]


def today_in(zone: str, at: datetime) -> date:
    """The date on the wall in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()
