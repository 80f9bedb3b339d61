"""The roster as a ribbon: a row a week, a stretch as long as it lasts on the wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.i18n import format_day_short, format_time
from callcenter.core.wall_time import instant_of
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import read_whole_stretches
from callcenter.dispatch.rules.roster import Shift

WEEKS = 5
_COLOURS = 8
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Stint:
    """A part of one stretch within a week; ``left`` and ``width`` are shares of the week, ``colour`` 0: nobody."""

    left: float
    width: float
    name: str  # as short as a tab; empty: nobody
    colour: int
    starts_at: datetime  # of the whole stretch, where the practice's clocks stand
    ends_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class RibbonWeek:
    """Seven days from a Monday on; ``now`` is the share of the week that is over, None in another week."""

    days: Sequence[date]
    now: float | None
    stints: Sequence[Stint]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Some weeks in order, and which day it is."""

    weeks: Sequence[RibbonWeek]
    today: date
    before: date  # the first day of the ribbon that comes before this one
    after: date


@dataclass(frozen=True, slots=True)
class Person:
    """A practitioner as a roster shows one."""

    name: str
    short_name: str
    colour: int
    signs_in: bool


def people_of(session: Session, practice_id: int) -> dict[int, Person]:
    """The practice's practitioners by id, in the order of their tabs, each with a colour of the eight."""
    rows = session.scalars(
        select(Practitioner)
        .where(Practitioner.practice_id == practice_id)
        .order_by(Practitioner.position, Practitioner.id)
    )
    return {
        one.id: Person(one.name, one.family_name, number % _COLOURS + 1, one.staff_id is not None)
        for number, one in enumerate(rows)
    }


def read_ribbon(
    session: Session,
    practice_id: int,
    people: Mapping[int, Person],
    *,
    zone: ZoneInfo,
    day: date | None,
    at: datetime,
) -> Ribbon:
    """Five weeks from the Monday of this day on; without a day, of the current week."""
    now = at.astimezone(zone)
    shown = day or now.date()
    monday = shown - timedelta(days=shown.weekday())
    first, last = datetime.combine(monday, datetime.min.time()), datetime.combine(monday, datetime.min.time())
    last += WEEKS * _WEEK
    starts_at, ends_at = instant_of(first, zone), instant_of(last, zone)
    shifts = read_whole_stretches(session, practice_id, starts_at=starts_at, ends_at=ends_at)
    weeks = [_week(first + number * _WEEK, shifts, people, zone, now) for number in range(WEEKS)]
    return Ribbon(weeks, now.date(), monday - WEEKS * _WEEK, monday + WEEKS * _WEEK)


def day_and_hour(instant: datetime, zone: ZoneInfo) -> str:
    """« lun. 23 nov. 18:00 »."""
    local = instant.astimezone(zone)
    return f"{format_day_short(local)} {format_time(local)}"


def _week(
    begins: datetime, shifts: Sequence[Shift], people: Mapping[int, Person], zone: ZoneInfo, now: datetime
) -> RibbonWeek:
    """One row. Places are those of the wall clock: a night of 25 hours is as long as others."""
    stints: list[Stint] = []
    covered = begins
    for one in shifts:
        person = people.get(one.practitioner_id or 0)
        local = one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)
        start, end = (max(begins, min(begins + _WEEK, moment.replace(tzinfo=None))) for moment in local)
        if end <= start or person is None:
            continue
        if start > covered:
            stints.append(_nobody(begins, covered, start))
        stints.append(
            Stint(
                (start - begins) / _WEEK,
                (end - start) / _WEEK,
                person.short_name,
                person.colour,
                *local,
                one.source.value,
            )
        )
        covered = max(covered, end)
    if covered < begins + _WEEK:
        stints.append(_nobody(begins, covered, begins + _WEEK))
    over = (now.replace(tzinfo=None) - begins) / _WEEK
    days = [begins.date() + number * _DAY for number in range(7)]
    return RibbonWeek(days, over if 0 <= over < 1 else None, stints)


def _nobody(begins: datetime, start: datetime, end: datetime) -> Stint:
    return Stint((start - begins) / _WEEK, (end - start) / _WEEK, "", 0, start, end, "")
