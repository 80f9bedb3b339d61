"""The rules of schedules as they are kept, made into what decides: weekly openings, exceptions, days closed by law."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.agenda import models
from callcenter.agenda.finding.occupancy import Looker, free_again
from callcenter.agenda.models import Opening, OpeningChannel, OpeningServiceType, OpeningUse, Schedule
from callcenter.agenda.occupation_models import Hold, HoldStatus
from callcenter.agenda.rules.opening_rules import (
    AgendaRules,
    Channel,
    ChannelRule,
    DayException,
    ExceptionKind,
    OpeningKind,
    OpeningRule,
    Release,
    SchoolDays,
)
from callcenter.agenda.rules.public_holidays import public_holidays, school_holidays
from callcenter.directory.models import Practice, Site


@dataclass(frozen=True, slots=True)
class ScheduleRules:
    """One schedule and what says when it is open."""

    schedule_id: int
    practitioner_id: int
    rules: AgendaRules


def read_rules(session: Session, practitioner_ids: Sequence[int], *, since: date) -> list[ScheduleRules]:
    """The schedules of these practitioners and their rules from a day on, for the two years that follow; five queries.

    Sorted by schedule.
    """
    places = session.execute(
        select(
            Schedule.id,
            Schedule.practice_id,
            Schedule.practitioner_id,
            Schedule.zone,
            Schedule.keeps_holidays,
            Site.postal_code,
            Practice.country,
        )
        .join(Site, Site.id == Schedule.site_id)
        .join(Practice, Practice.id == Schedule.practice_id)
        .where(Schedule.practitioner_id.in_(practitioner_ids))
        .order_by(Schedule.id)
    ).all()
    ids = [place.id for place in places]
    openings = read_openings(session, ids)
    exceptions = _read_exceptions(session, ids, {one.practice_id for one in places}, since=since)
    years = range(since.year - 1, since.year + 3)
    return [
        ScheduleRules(
            place.id,
            place.practitioner_id,
            AgendaRules(
                zone=place.zone,
                openings=openings[place.id],
                exceptions=(*exceptions[None, place.practice_id], *exceptions[place.id, place.practice_id]),
                holidays=_holidays(place, years),
                school_holidays=_school_holidays(place, openings[place.id], years),
            ),
        )
        for place in places
    ]


def read_openings(session: Session, schedule_ids: Sequence[int]) -> dict[int, list[OpeningRule]]:
    """The weekly rules of these schedules, in the order in which they were made; three queries."""
    of_these = select(Opening.id).where(Opening.schedule_id.in_(schedule_ids))
    types: dict[int, set[int]] = defaultdict(set)
    for opening_id, type_id in session.execute(
        select(OpeningServiceType.opening_id, OpeningServiceType.service_type_id).where(
            OpeningServiceType.opening_id.in_(of_these)
        )
    ):
        types[opening_id].add(type_id)
    channels: dict[int, dict[Channel, ChannelRule]] = defaultdict(dict)
    for row in session.scalars(select(OpeningChannel).where(OpeningChannel.opening_id.in_(of_these))):
        channels[row.opening_id][Channel(row.channel)] = ChannelRule(
            quota=row.quota,
            latest=timedelta(minutes=row.latest_minutes),
            earliest=None if row.earliest_minutes is None else timedelta(minutes=row.earliest_minutes),
        )
    found: dict[int, list[OpeningRule]] = {schedule_id: [] for schedule_id in schedule_ids}
    for opening in session.scalars(select(Opening).where(Opening.schedule_id.in_(schedule_ids)).order_by(Opening.id)):
        found[opening.schedule_id].append(
            _rule(opening, frozenset(types[opening.id]) or None, channels[opening.id] or None)
        )
    return found


def _rule(
    row: Opening, service_type_ids: frozenset[int] | None, channels: Mapping[Channel, ChannelRule] | None
) -> OpeningRule:
    release = None
    if row.release_days is not None and row.release_at is not None:
        release = Release(row.release_days, row.release_at)
    return OpeningRule(
        id=row.id,
        weekday=row.weekday,
        starts=row.starts,
        ends=row.ends,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        cycle_weeks=row.cycle_weeks,
        cycle_week=row.cycle_week,
        anchor=row.anchor_on,
        school_days=SchoolDays(row.school_days),
        service_type_ids=service_type_ids,
        channels=channels,
        kind=OpeningKind(row.kind),
        release=release,
    )


def _read_exceptions(
    session: Session, schedule_ids: Sequence[int], practice_ids: Iterable[int], *, since: date
) -> Mapping[tuple[int | None, int], list[DayException]]:
    """By schedule, None for the whole practice, and practice; the day before too, for its night."""
    found: dict[tuple[int | None, int], list[DayException]] = defaultdict(list)
    for row in session.scalars(
        select(models.DayException)
        .where(
            models.DayException.practice_id.in_(practice_ids),
            or_(models.DayException.schedule_id.is_(None), models.DayException.schedule_id.in_(schedule_ids)),
            models.DayException.last_on >= since - timedelta(days=1),
        )
        .order_by(models.DayException.id)
    ):
        found[row.schedule_id, row.practice_id].append(
            DayException(
                kind=ExceptionKind(row.kind),
                first_day=row.first_on,
                last_day=row.last_on,
                starts=row.starts,
                ends=row.ends,
                reason=row.reason,
            )
        )
    return found


def read_use(
    session: Session, rules: Iterable[AgendaRules], *, first_day: date, last_day: date, looker: Looker
) -> Mapping[tuple[int, date, Channel], int]:
    """How many visits channels have had on these days, of openings that limit them; holds as the looker sees them."""
    limited = [
        one.id
        for each in rules
        for one in each.openings
        if any(allowed.quota is not None for allowed in (one.channels or {}).values())
    ]
    if not limited:
        return {}
    first_day -= timedelta(days=1)
    used = {
        (row.opening_id, row.day, Channel(row.channel)): row.taken
        for row in session.scalars(
            select(OpeningUse).where(
                OpeningUse.opening_id.in_(limited), OpeningUse.day >= first_day, OpeningUse.day <= last_day
            )
        )
    }
    for hold in session.scalars(
        select(Hold).where(
            Hold.status == HoldStatus.ACTIVE,
            Hold.opening_id.in_(limited),
            Hold.opening_day >= first_day,
            Hold.opening_day <= last_day,
            free_again(looker),
        )
    ):
        if hold.opening_id is not None and hold.opening_day is not None:
            key = (hold.opening_id, hold.opening_day, Channel(hold.channel))
            used[key] = used.get(key, 1) - 1
    return used


def _holidays(place: Any, years: Iterable[int]) -> frozenset[date]:
    if not place.keeps_holidays:
        return frozenset()
    return frozenset(day for year in years for day in public_holidays(place.country, place.postal_code, year))


def _school_holidays(place: Any, openings: Iterable[OpeningRule], years: Iterable[int]) -> frozenset[date]:
    if all(one.school_days is SchoolDays.ANY for one in openings):
        return frozenset()
    return frozenset().union(*(school_holidays(place.country, place.postal_code, year) for year in years))
