"""Giving a visit its time: the one way in which booking, holding, moving, swapping and series occupy an agenda.

Actors are locked in the order of ids, lapsed holds and the writer's own are cleared, the same decision is asked as for
finding, and the rows are written; the database's constraint has the last word.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, resource_actor
from callcenter.agenda.finding.company import needs_of
from callcenter.agenda.finding.free_times import read_besides
from callcenter.agenda.finding.occupancy import Looker, lock_actors, seconds, take_time
from callcenter.agenda.finding.openings import OpenSchedule, local_time, read_schedules
from callcenter.agenda.finding.places import Besides, Place, place_for
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.occupation_models import Hold
from callcenter.agenda.resource_models import NeedKind, Resource
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.rules.visit_rules import MINUTE, NotForHer, Visit, Visitor, visit_rule
from callcenter.agenda.rules.wall_clock import Interval
from callcenter.agenda.writing.lapsing import clear_holds, clear_share
from callcenter.agenda.writing.overbooking import Lane, lane_for
from callcenter.agenda.writing.quotas import count_use
from callcenter.agenda.writing.wanted import Wanted, refused, visitor_of
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A time that can be had while its actors stay locked."""

    wanted: Wanted
    place: Place
    lane: Lane | None = None  # the plan without one

    @property
    def actors(self) -> tuple[int, ...]:
        """Who and what is occupied, the practitioner first."""
        return practitioner_actor(self.wanted.practitioner_id), *self.place.company


def actors_for(session: Session, practice_id: int, practitioner_id: int, visit: Visit) -> set[int]:
    """Everybody and everything that such a visit may come to occupy: what to lock before looking."""
    actors = {practitioner_actor(practitioner_id)}
    needs = needs_of(session, visit.service_type_id) if visit.needs_company else ()
    if any(need.kind == NeedKind.PRACTITIONER for need in needs):
        named = {need.practitioner_id for need in needs if need.kind == NeedKind.PRACTITIONER}
        colleagues = select(Schedule.practitioner_id).where(Schedule.practice_id == practice_id)
        found = set(session.scalars(colleagues)) if None in named else {one for one in named if one is not None}
        actors |= {practitioner_actor(one) for one in found}
    if any(need.kind != NeedKind.PRACTITIONER for need in needs):
        resources = select(Resource.id).where(Resource.practice_id == practice_id)
        actors |= {resource_actor(one) for one in session.scalars(resources)}
    return actors


def place(session: Session, wanted: Wanted, *, at: datetime) -> Placed:
    """Where the wanted time can be had now. Raises ``TimeTaken``.

    The caller has locked all that it needs in one go (``lock_for``): a second lock out of turn could stand in a circle.
    """
    visit, visitor = wanted.visit, visitor_of(session, wanted)
    begin, end = _reach(visit, visitor, wanted.start)
    looker = Looker(seconds(at), wanted.staff_id, wanted.moving)
    schedules = _around(session, wanted, looker, within=(begin, end))
    is_group = visit.capacity > 1
    if is_group or any(one.is_held for one in schedules):
        # Her own hold counts for her; when the time is refused after all, the whole transaction is taken back.
        clear_holds(
            session,
            [practitioner_actor(wanted.practitioner_id)],
            begin,
            end,
            staff_id=wanted.staff_id,
            at=at,
            confirming=(wanted.service_type.id, wanted.start),
            in_groups=is_group,
        )
    besides = read_besides(session, visit, schedules, looker)
    found = place_for(
        schedules, visit, start=wanted.start, at=at, channel=wanted.channel, visitor=visitor, besides=besides
    )
    if isinstance(found, Place):
        return Placed(wanted, found)
    if found is Refusal.TAKEN and wanted.overbooking_rule_id is not None:
        return _overbooked(session, wanted, schedules, besides, visitor, at=at)
    raise refused(session, wanted, found, at=at)


def occupy(
    session: Session,
    placed: Placed,
    *,
    appointment_id: int | None = None,
    hold: Hold | None = None,
    group_visit_id: int | None = None,
    at: datetime,
) -> list[list[int]]:
    """Write what is taken, for an appointment, a hold or a group; actor, lane, start and end of each.

    Raises ``IntegrityError`` when the guard refuses.
    """
    place = placed.place
    begin, end = placed.wanted.start - place.before, place.end + place.after
    if place.company:  # the practitioner's own time is clear since it was looked at
        clear_holds(session, place.company, begin, end, staff_id=placed.wanted.staff_id, at=at)
    lane = 0 if placed.lane is None else placed.lane.number  # of the practitioner: who comes along does so in the plan
    practitioner = placed.actors[0]
    taken = [[actor, lane if actor == practitioner else 0, begin, end] for actor in placed.actors]
    take_time(
        session,
        placed.wanted.practice_id,
        taken,
        appointment_id=appointment_id,
        hold=hold,
        group_visit_id=group_visit_id,
    )
    return taken


def count_share(session: Session, visit: Appointment | Hold, placed: Placed, *, at: datetime) -> bool:
    """Count it for its channel's share of the opening; what only her own or lapsed holds have used up is hers."""
    opened = placed.place.opened
    if count_use(session, visit, opened):
        return True
    assert opened.rule is not None, "only an opening's rule limits a channel"
    channel = Channel(visit.channel)
    clear_share(session, opened.rule.id, opened.day, channel, staff_id=placed.wanted.staff_id, at=at)
    return count_use(session, visit, opened)


@contextmanager
def all_or_nothing(session: Session, wanted: Wanted, *, at: datetime) -> Iterator[None]:
    """A refusal takes back everything that was done within, also for a page that goes on in this transaction.

    What the database refuses becomes ``TimeTaken`` with the next choices, or ``Conflict`` for a key that two used.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as refusal:
        if not is_overlap(refusal):
            # The same key was being used for another practitioner at this very moment.
            raise Conflict(N_("This form has already been used for another appointment.")) from refusal
        raise refused(session, wanted, Refusal.TAKEN, at=at) from refusal


def is_overlap(refusal: IntegrityError) -> bool:
    """Whether it was the overlap guard of the migrations (a trigger on SQLite, a constraint on PostgreSQL)."""
    return "occupation_overlap" in str(refusal.orig)


def _around(session: Session, wanted: Wanted, looker: Looker, *, within: Interval) -> list[OpenSchedule]:
    near = local_time(wanted.start, "UTC").date()
    days = {"first_day": near - _DAY, "last_day": near + _DAY}
    return read_schedules(session, [wanted.practitioner_id], **days, looker=looker, within=within)


def _reach(visit: Visit, visitor: Visitor | None, start: int) -> Interval:
    """From when until when such a visit occupies its practitioner; of one that she does not get, its first minute."""
    rule = visit_rule(visit, visitor, zone="UTC")  # the zone only matters to ages
    if isinstance(rule, NotForHer):
        return start, start + MINUTE
    return start - rule.before, start + rule.duration + rule.after


def _overbooked(
    session: Session,
    wanted: Wanted,
    schedules: Collection[OpenSchedule],
    besides: Besides,
    visitor: Visitor | None,
    *,
    at: datetime,
) -> Placed:
    """The same time in a lane beside the plan, where its rule lets one more in."""
    alone = [replace(one, busy=()) for one in schedules]
    found = place_for(
        alone, wanted.visit, start=wanted.start, at=at, channel=wanted.channel, visitor=visitor, besides=besides
    )
    if not isinstance(found, Place):
        raise refused(session, wanted, found, at=at)
    zone = next(one.zone for one in schedules if one.schedule_id == found.schedule_id)
    lane = lane_for(
        session,
        wanted.overbooking_rule_id or 0,
        schedule_id=found.schedule_id,
        service_type_id=wanted.service_type.id,
        actor=practitioner_actor(wanted.practitioner_id),
        start=wanted.start,
        occupied=(wanted.start - found.before, found.end + found.after),
        zone=zone,
    )
    if isinstance(lane, Refusal):
        raise refused(session, wanted, lane, at=at)
    return Placed(wanted, found, lane)


def lock_for(
    session: Session, practice_id: int, visits: Iterable[tuple[int, Visit]], *, also: Iterable[int] = ()
) -> None:
    """Lock in one go whatever these visits, each with a practitioner, may come to occupy, and these actors."""
    actors = set(also)
    for practitioner_id, visit in visits:
        actors |= actors_for(session, practice_id, practitioner_id, visit)
    lock_actors(session, actors)
