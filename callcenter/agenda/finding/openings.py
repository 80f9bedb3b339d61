"""A practitioner's schedules as they stand: the rules that open them, and what is occupied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.finding.kept import KeptAgenda, KeptSchedule, read_kept, rules_for_writer
from callcenter.agenda.finding.occupancy import Looker, read_taken
from callcenter.agenda.finding.rule_reading import ScheduleRules, read_rules, read_use
from callcenter.agenda.rules.opening_rules import Channel, Opened, opened_between
from callcenter.agenda.rules.wall_clock import Interval, join, wall_day

EVERYBODY = Looker(at=0)  # sees every hold, also those that have lapsed


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
    used: Mapping[tuple[int, date, Channel], int]  # visits that channels have had of openings that limit them
    is_held: bool  # some of it is held, by whomever and lapsed or not

    def opened_on(self, day: date) -> list[Interval]:
        """What opens on this day of its zone, sorted and joined."""
        return join((one.begin, one.end) for one in self.opened if one.day == day)


class Agendas:
    """The schedules of some practitioners, their rules read once (from ``since`` on), to be looked at on any days."""

    def __init__(
        self, session: Session, practitioner_ids: Sequence[int], *, since: date, looker: Looker | None = None
    ) -> None:
        self.session = session
        self.looker = looker or EVERYBODY
        self._practitioner_ids, self._since = practitioner_ids, since
        self._rules: list[ScheduleRules] | None = None

    def on(self, first_day: date, last_day: date, *, within: Interval | None = None) -> list[OpenSchedule]:
        """As they stand on these days of each one's zone, both included.

        One query when they are remembered as they stand (``agenda.finding.kept``), a few more otherwise. ``within``
        (UTC seconds): whoever looks at one visit need not know what else is taken on these days.
        """
        if not self.looker.moving and self.looker.joining is None:
            kept = read_kept(self.session, self._practitioner_ids, first_day, last_day)
            if kept is not None:
                return self._remembered(kept, first_day, last_day)
        standing = self._unfold(first_day, last_day)
        rules = [one.rules for _practitioner_id, one in standing]
        used = read_use(self.session, rules, first_day=first_day, last_day=last_day, looker=self.looker)
        # A day more on both sides: the days are wall-clock, the instants are not.
        days = _utc_midnight(first_day - timedelta(days=1)), _utc_midnight(last_day + timedelta(days=2))
        actors = {practitioner_actor(practitioner_id) for practitioner_id, _one in standing}
        taken = read_taken(self.session, actors, *(within or days))
        return [
            OpenSchedule(
                schedule_id=one.schedule_id,
                practitioner_id=practitioner_id,
                zone=one.rules.zone,
                days=(wall_day(first_day, one.rules.zone)[0], wall_day(last_day, one.rules.zone)[1]),
                opened=one.opened_between(first_day, last_day),
                busy=tuple(self.looker.busy(taken[practitioner_actor(practitioner_id)])),
                used=used,
                is_held=any(each.until is not None for each in taken[practitioner_actor(practitioner_id)]),
            )
            for practitioner_id, one in standing
        ]

    def _unfold(self, first_day: date, last_day: date) -> list[tuple[int, KeptSchedule]]:
        """The schedules and what their rules open, with the practitioner of each."""
        if self._rules is None:
            standing = rules_for_writer(self.session, self._practitioner_ids, first_day, last_day)
            if standing is not None:
                return standing
            self._rules = read_rules(self.session, self._practitioner_ids, since=self._since)
        return [
            (
                one.practitioner_id,
                KeptSchedule(one.schedule_id, one.rules, tuple(opened_between(one.rules, first_day, last_day))),
            )
            for one in self._rules
        ]

    def _remembered(self, kept: Mapping[int, KeptAgenda], first_day: date, last_day: date) -> list[OpenSchedule]:
        limited = [each.rules for one in kept.values() if one.is_limited for each in one.schedules]
        used = read_use(self.session, limited, first_day=first_day, last_day=last_day, looker=self.looker)
        found = [
            OpenSchedule(
                schedule_id=each.schedule_id,
                practitioner_id=practitioner_id,
                zone=each.rules.zone,
                days=(wall_day(first_day, each.rules.zone)[0], wall_day(last_day, each.rules.zone)[1]),
                opened=each.opened_between(first_day, last_day),
                busy=one.busy(self.looker),
                used=used,
                is_held=bool(one.held),
            )
            for practitioner_id, one in kept.items()
            for each in one.schedules
        ]
        return sorted(found, key=lambda one: one.schedule_id)


def read_schedules(
    session: Session,
    practitioner_ids: Sequence[int],
    *,
    first_day: date,
    last_day: date,
    looker: Looker | None = None,
    within: Interval | None = None,
) -> list[OpenSchedule]:
    """The schedules of these practitioners as they stand on these days: see ``Agendas.on``."""
    return Agendas(session, practitioner_ids, since=first_day, looker=looker).on(first_day, last_day, within=within)


def local_time(instant: int, zone: str) -> datetime:
    """UTC seconds as wall-clock time of ``zone``."""
    return datetime.fromtimestamp(instant, ZoneInfo(zone))


def _utc_midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp())
