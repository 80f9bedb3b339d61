"""A practitioner's schedules as they stand: when each is open, and what is occupied."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Occupation, Opening, Schedule
from callcenter.agenda.opening_rules import AgendaRules, Opened, OpeningRule, opened_between
from callcenter.agenda.wall_clock import Interval, join, wall_day


@dataclass(frozen=True, slots=True)
class OpenSchedule:
    """One schedule over some days. ``busy`` holds what occupies its practitioner anywhere: nobody is in two places.

    ``opened`` also holds the day before, whose night may reach into the first; ``days`` is from midnight to midnight.
    """

    schedule_id: int
    practitioner_id: int
    zone: str
    days: Interval
    opened: tuple[Opened, ...]
    busy: tuple[Interval, ...]

    def opened_on(self, day: date) -> list[Interval]:
        """What opens on this day of its zone, sorted and joined."""
        return join((one.begin, one.end) for one in self.opened if one.day == day)


def read_schedules(
    session: Session, practitioner_ids: Sequence[int], *, first_day: date, last_day: date
) -> list[OpenSchedule]:
    """The schedules of these practitioners over these days (of each schedule's zone), both included; three queries."""
    schedules = session.execute(
        select(Schedule.id, Schedule.practitioner_id, Schedule.zone)
        .where(Schedule.practitioner_id.in_(practitioner_ids))
        .order_by(Schedule.id)
    ).all()
    ids = [schedule.id for schedule in schedules]
    rules: dict[int, list[OpeningRule]] = defaultdict(list)
    for row in session.scalars(select(Opening).where(Opening.schedule_id.in_(ids)).order_by(Opening.id)):
        rules[row.schedule_id].append(
            OpeningRule(
                id=row.id,
                weekday=row.weekday,
                starts=row.starts,
                ends=row.ends,
                valid_from=row.valid_from,
                valid_until=row.valid_until,
            )
        )
    practitioner_of = {schedule.id: schedule.practitioner_id for schedule in schedules}
    busy: dict[int, list[Interval]] = defaultdict(list)
    # A day more on both sides: the days are wall-clock, the instants are not.
    begin, end = _utc_midnight(first_day - timedelta(days=1)), _utc_midnight(last_day + timedelta(days=2))
    for taken in session.execute(
        select(Occupation.schedule_id, Occupation.start, Occupation.end).where(
            Occupation.schedule_id.in_(ids), Occupation.start < end, Occupation.end > begin
        )
    ):
        busy[practitioner_of[taken.schedule_id]].append((taken.start, taken.end))
    return [
        OpenSchedule(
            schedule_id=schedule.id,
            practitioner_id=schedule.practitioner_id,
            zone=schedule.zone,
            days=(wall_day(first_day, schedule.zone)[0], wall_day(last_day, schedule.zone)[1]),
            opened=tuple(opened_between(AgendaRules(schedule.zone, rules[schedule.id]), first_day, last_day)),
            busy=tuple(join(busy[schedule.practitioner_id])),
        )
        for schedule in schedules
    ]


def local_time(instant: int, zone: str) -> datetime:
    """UTC seconds as wall-clock time of ``zone``."""
    return datetime.fromtimestamp(instant, ZoneInfo(zone))


def _utc_midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp())
