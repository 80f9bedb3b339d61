"""The time about to be booked in the wide agenda: whether it can be had, why not, and what can be had instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import FreeWith
from callcenter.agenda.finding.free_times import find_free, place_at
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Place
from callcenter.agenda.finding.refusals import standing_sentence_of
from callcenter.agenda.finding.visits import visitor_for
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.visit_rules import NotForHer
from callcenter.agenda.rules.wall_clock import instants_of
from callcenter.agenda.writing.overbooking import OpenRule, rules_on
from callcenter.desk.wide_agenda import FirstFree, UnclearTime, Wanted
from callcenter.desk.wide_gestures import Picked
from callcenter.desk.wide_query import WideAsked
from callcenter.directory.models import Practitioner

_ONE_DAY, _ONE_HOUR = timedelta(days=1), timedelta(hours=1)
_CHOICES = 3


@dataclass(frozen=True, slots=True)
class WantedTimes:
    """Looks at times of one practice's practitioners, each with the zone of her agenda, for one type of visit."""

    session: Session
    people: Sequence[tuple[Practitioner, str]]
    kind: ServiceType
    moving: Picked | None
    patient_id: int | None
    staff_id: int
    at: datetime

    def resolve(self, asked: WideAsked) -> tuple[WideAsked, UnclearTime | None]:
        """An hour that was typed becomes the time that is chosen; unclear when the clock change has it twice, or never.

        Where nobody's agenda was named it is of the first in whose agenda it can be had.
        """
        if asked.wall is None or not self.people:
            return asked, None
        named = [one for one in self.people if one[0].id == (asked.with_id or asked.practitioner_id)] or self.people
        practitioner, zone = named[0]
        asked = asked.but(day=asked.wall.date(), start=None)
        assert asked.wall is not None
        instants = instants_of(asked.wall, zone)
        if len(instants) == 1:
            # Where another's clocks show something else then, it is not the hour that was typed.
            fits = (
                one for one, of_hers in named if of_hers == zone and isinstance(self._place(one, instants[0]), Place)
            )
            whose = next(fits, practitioner)
            return asked.but(wall=None, start=instants[0], with_id=whose.id), None
        chosen = asked.but(wall=None, with_id=practitioner.id)
        if instants:
            passes = [_as_choice(one, practitioner, zone, chosen.but(start=one)) for one in instants]
            return asked, UnclearTime(asked.wall, zone, passes, exists=True)
        # What the clocks show once they have gone forward is the first instant after the hour that is missing.
        after = instants_of(asked.wall + _ONE_HOUR, zone)[0]
        return asked, UnclearTime(asked.wall, zone, self._from(practitioner, after, chosen), exists=False)

    def wanted(self, asked: WideAsked) -> Wanted | None:
        """The chosen time; None when none is chosen, or not of anybody here."""
        found = next((one for one in self.people if one[0].id == (asked.with_id or asked.practitioner_id)), None)
        if asked.start is None or found is None:
            return None
        practitioner, zone = found
        place = self._place(practitioner, asked.start)
        is_there = isinstance(place, Place)
        return Wanted(
            start=datetime.fromtimestamp(asked.start, tz=UTC),
            zone=zone,
            practitioner_id=practitioner.id,
            practitioner=practitioner.name,
            type_id=self.kind.id,
            type_name=self.kind.name,
            minutes=(place.end - asked.start) // 60 if isinstance(place, Place) else self.kind.duration_minutes,
            request_key=self._request_key(practitioner.id, asked.start),
            is_gone=not is_there,
            why="" if isinstance(place, Place) else standing_sentence_of(place),
            rules=self._rules(practitioner.id, asked.start, zone) if place is Refusal.TAKEN else (),
            instead=() if is_there else self._from(practitioner, asked.start + 1, asked),
        )

    def _place(self, practitioner: Practitioner, start: int) -> Place | Refusal | NotForHer:
        return place_at(
            self.session,
            practitioner.id,
            self.kind,
            start,
            at=self.at,
            patient_id=self.patient_id,
            staff_id=self.staff_id,
            moving=frozenset() if self.moving is None else frozenset({self.moving.id}),
        )

    def _rules(self, practitioner_id: int, start: int, zone: str) -> list[OpenRule]:
        """By which one more may be added to a time that is taken."""
        rules = rules_on(self.session, practitioner_id, self.kind.id, local_time(start, zone).date())
        return [one for one in rules if one.admits(start, zone)]

    def _from(self, practitioner: Practitioner, start: int, asked: WideAsked) -> list[FirstFree]:
        """The three free times from then on, within a week."""
        day = local_time(start, "UTC").date()
        patient_id = self.patient_id
        found = find_free(
            self.session,
            practitioner.id,
            self.kind,
            first_day=day - _ONE_DAY,
            last_day=day + 7 * _ONE_DAY,
            at=self.at,
            visitor=None if patient_id is None else visitor_for(self.session, practitioner.id, patient_id),
            staff_id=self.staff_id,
        )
        after = [FreeWith(one, practitioner.id) for one in found if one.start >= start]
        return [first_free(one, practitioner.name, asked) for one in after[:_CHOICES]]

    def _request_key(self, practitioner_id: int, start: int) -> str:
        """One key for one intention: pressed twice it books once; after a cancellation the time can be booked again."""
        if self.moving is not None:
            return f"move-{self.staff_id}-{self.moving.id}-{practitioner_id}-{start}-{self.moving.changes}"
        before = self.session.scalar(
            select(func.count())
            .select_from(Appointment)
            .where(Appointment.practitioner_id == practitioner_id, Appointment.start == start)
        )
        return f"wide-{self.staff_id}-{practitioner_id}-{self.kind.id}-{start}-{before}"


def first_free(found: FreeWith, practitioner: str, asked: WideAsked) -> FirstFree:
    """A free time, and how it is chosen."""
    start = found.free.start
    return FirstFree(
        start=datetime.fromtimestamp(start, tz=UTC),
        zone=found.free.zone,
        practitioner_id=found.practitioner_id,
        practitioner=practitioner,
        query=asked.but(wall=None, start=start, with_id=found.practitioner_id, day=found.free.starts_at.date()).query,
    )


def _as_choice(start: int, practitioner: Practitioner, zone: str, asked: WideAsked) -> FirstFree:
    return FirstFree(datetime.fromtimestamp(start, tz=UTC), zone, practitioner.id, practitioner.name, asked.query)
