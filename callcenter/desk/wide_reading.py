"""Reading the wide agenda: whose columns, which days, the first free times, and the time about to be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import FreeWith, first_free_of_group
from callcenter.agenda.finding.free_times import find_free, place_at, today_in
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Place
from callcenter.agenda.finding.visits import visitor_for
from callcenter.agenda.models import Appointment, Schedule, ServiceType
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.versions import versions_of
from callcenter.agenda.views.day import service_types_of
from callcenter.agenda.views.day_notes import read_day_notes
from callcenter.agenda.views.days import read_days
from callcenter.agenda.views.held import with_holds
from callcenter.agenda.views.rows import DayView
from callcenter.agenda.writing.overbooking import OpenRule, rules_on
from callcenter.agenda.writing.undoing import last_undoable
from callcenter.core.scope import Practices, set_scope
from callcenter.desk.current_call import CurrentCall, current_call
from callcenter.desk.wide_agenda import Choice, FirstFree, Wanted, WideAgenda
from callcenter.desk.wide_columns import side_by_side
from callcenter.desk.wide_gestures import Picked, pick_appointment, pick_swap
from callcenter.desk.wide_query import View, WideAsked
from callcenter.directory.models import Practice, Practitioner
from callcenter.directory.practices import list_practices, load_practice

_ONE_DAY = timedelta(days=1)
MOST_COLUMNS = 10  # of a week; narrower ones have no room for a name and its type of visit


def wide_agenda(
    session: Session, asked: WideAsked, *, staff_id: int, practice_ids: frozenset[int], at: datetime
) -> WideAgenda | None:
    """What is asked for, of a practice that she may see; None when she may see none.

    In a call, without a practice named, it is the called practice's. Raises ``NotFound`` out of her reach. From here on
    the session sees that practice only.
    """
    call = current_call(session, staff_id, at=at)
    practices = list_practices(session, practice_ids)
    if not practices:
        return None
    practice_id = asked.practice_id or (call.practice_id if call else practices[0].id)
    practice = load_practice(session, practice_id, practice_ids)
    set_scope(session, Practices.of(practice.id))
    if call is not None and call.practice_id != practice.id:
        call = None
    return _Reading(session, practice, practices, call, asked.but(practice_id=practice.id), staff_id, at).whole()


@dataclass(frozen=True, slots=True)
class _Reading:
    session: Session
    practice: Practice
    practices: Sequence[Practice]
    call: CurrentCall | None
    asked: WideAsked
    staff_id: int
    at: datetime

    def whole(self) -> WideAgenda:
        versions = versions_of(self.session, [self.practice.id])
        people = self._people()
        types = service_types_of(self.session, self.practice.id)
        moving = pick_appointment(self.session, self.asked.move_id)
        swap = pick_swap(self.session, self.asked.swap_id, self.asked.other_id, staff_id=self.staff_id)
        zone = next((zone for _, zone in people), self.practice.zone)
        today = today_in(zone, self.at)
        type_id = moving.service_type_id if moving else self.asked.type_id
        kind = next((one for one in types if one.id == type_id), types[0] if types else None)
        day = self.asked.day or (today if self.asked.start is None else local_time(self.asked.start, zone).date())
        chosen = next((one for one, _ in people if one.id == self.asked.practitioner_id), None)
        if self.asked.view is View.DAY and chosen is None and people:
            chosen = people[0][0]
        asked = self.asked.but(
            move_id=moving.id if moving else None,
            swap_id=swap.first.id if swap else None,
            day=day,
            type_id=kind.id if kind else None,
            practitioner_id=chosen.id if chosen else None,
        )
        everybody = [one for one, _ in people]
        shown = everybody if chosen is None or asked.view is View.TEAM else [chosen]
        if asked.view is View.WEEK and len(shown) * 5 > MOST_COLUMNS:
            shown, asked = shown[:1], asked.but(practitioner_id=shown[0].id)
        first_day = day - timedelta(days=day.weekday()) if asked.view is View.WEEK else day
        last_day = first_day + 6 * _ONE_DAY if asked.view is View.WEEK else day
        views = read_days(
            self.session,
            shown,
            None if swap else kind,
            first_day=first_day,
            last_day=last_day,
            at=self.at,
            patient_id=self._patient_id(moving),
            staff_id=self.staff_id,
            moving=_leaving(moving),
        )
        views = with_holds(self.session, views, staff_id=self.staff_id, at=self.at)
        notes = read_day_notes(
            self.session, self.practice.id, [one.id for one in shown], first_day=first_day, last_day=last_day
        )
        days, grid = side_by_side(views, notes, asked, at=self.at)
        plain = asked.but(start=None, with_id=None, other_id=None)
        step = 7 * _ONE_DAY if asked.view is View.WEEK else _ONE_DAY
        return WideAgenda(
            asked=asked,
            practice=self.practice,
            practices=self.practices,
            practitioners=_whose(everybody, plain),
            everybody=Choice("", len(shown) > 1, _of_everybody(everybody, plain)),
            types=types,
            views=[(one, Choice(one.value, one is asked.view, plain.but(view=one).query)) for one in View],
            days=days,
            grid=grid,
            first_day=first_day,
            last_day=days[-1].day if days else last_day,
            today=today,
            zone=zone,
            earlier=plain.but(day=day - step).query,
            later=plain.but(day=day + step).query,
            present=plain.but(day=None).query,
            plain=plain.query,
            unchosen=asked.plain.query,
            first=self._first_of(views, plain),
            first_of_all=self._first_of_all(everybody, views, None if swap else kind, moving, plain),
            wanted=self._wanted(people, kind, moving, asked),
            call=self.call,
            moving=moving,
            swap=swap,
            undoable=last_undoable(self.session, self.staff_id, at=self.at, practice_id=self.practice.id),
            versions=versions,
        )

    def _people(self) -> list[tuple[Practitioner, str]]:
        """Who has an agenda here, and where its clocks stand."""
        rows = self.session.execute(
            select(Practitioner, func.min(Schedule.zone))
            .join(Schedule, Schedule.practitioner_id == Practitioner.id)
            .where(Practitioner.practice_id == self.practice.id)
            .group_by(Practitioner.id)
            .order_by(Practitioner.position, Practitioner.id)
        )
        return [(practitioner, zone) for practitioner, zone in rows]

    def _first_of(self, views: Sequence[DayView], plain: WideAsked) -> FirstFree | None:
        """The first free time of those shown."""
        each = [(one, one.first_free) for one in views]
        firsts = [(view, free) for view, free in each if free is not None]
        if not firsts:
            return None
        view, free = min(firsts, key=lambda one: one[1].start)
        return _first_free(FreeWith(free, view.practitioner_id), view.practitioner, plain)

    def _first_of_all(
        self,
        people: Sequence[Practitioner],
        views: Sequence[DayView],
        kind: ServiceType | None,
        moving: Picked | None,
        plain: WideAsked,
    ) -> FirstFree | None:
        if kind is None or len(people) < 2:
            return None
        if {one.practitioner_id for one in views} == {one.id for one in people}:
            return self._first_of(views, plain)
        patient_id = self._patient_id(moving)
        found = first_free_of_group(
            self.session,
            [one.id for one in people],
            kind,
            at=self.at,
            patient_id=patient_id,
            staff_id=self.staff_id,
        )
        if found is None:
            return None
        name = next(one.name for one in people if one.id == found.practitioner_id)
        # Whoever has it is shown then: in the week of another it would not be seen.
        return _first_free(found, name, plain.but(practitioner_id=found.practitioner_id))

    def _patient_id(self, moving: Picked | None) -> int | None:
        """Whom the free times are for, when it is known."""
        if moving is not None:
            return moving.patient_id
        return self.call.patient.id if self.call and self.call.patient else None

    def _wanted(
        self,
        people: Sequence[tuple[Practitioner, str]],
        kind: ServiceType | None,
        moving: Picked | None,
        asked: WideAsked,
    ) -> Wanted | None:
        found = next((one for one in people if one[0].id == (asked.with_id or asked.practitioner_id)), None)
        if asked.start is None or kind is None or found is None:
            return None
        practitioner, zone = found
        patient_id = self._patient_id(moving)
        place = place_at(
            self.session,
            practitioner.id,
            kind,
            asked.start,
            at=self.at,
            patient_id=patient_id,
            staff_id=self.staff_id,
            moving=_leaving(moving),
        )
        is_there = isinstance(place, Place)
        return Wanted(
            start=datetime.fromtimestamp(asked.start, tz=UTC),
            zone=zone,
            practitioner_id=practitioner.id,
            practitioner=practitioner.name,
            type_id=kind.id,
            type_name=kind.name,
            minutes=(place.end - asked.start) // 60 if isinstance(place, Place) else kind.duration_minutes,
            request_key=self._request_key(practitioner.id, kind.id, asked.start, moving),
            is_gone=not is_there,
            rules=self._rules(practitioner.id, kind.id, asked.start, zone) if place is Refusal.TAKEN else (),
            instead=() if is_there else self._instead(practitioner, kind, patient_id, asked),
        )

    def _rules(self, practitioner_id: int, type_id: int, start: int, zone: str) -> list[OpenRule]:
        """By which one more may be added to a time that is taken."""
        rules = rules_on(self.session, practitioner_id, type_id, local_time(start, zone).date())
        return [one for one in rules if one.admits(start, zone)]

    def _instead(
        self, practitioner: Practitioner, kind: ServiceType, patient_id: int | None, asked: WideAsked
    ) -> list[FirstFree]:
        """The three free times that follow the one that is gone, within a week."""
        assert asked.start is not None
        day = local_time(asked.start, "UTC").date()
        found = find_free(
            self.session,
            practitioner.id,
            kind,
            first_day=day - _ONE_DAY,
            last_day=day + 7 * _ONE_DAY,
            at=self.at,
            visitor=None if patient_id is None else visitor_for(self.session, practitioner.id, patient_id),
            staff_id=self.staff_id,
        )
        after = [FreeWith(one, practitioner.id) for one in found if one.start > asked.start]
        return [_first_free(one, practitioner.name, asked) for one in after[:3]]

    def _request_key(self, practitioner_id: int, type_id: int, start: int, moving: Picked | None) -> str:
        """One key for one intention: pressed twice it books once; after a cancellation the time can be booked again."""
        if moving is not None:
            return f"move-{self.staff_id}-{moving.id}-{practitioner_id}-{start}-{moving.changes}"
        before = self.session.scalar(
            select(func.count())
            .select_from(Appointment)
            .where(Appointment.practitioner_id == practitioner_id, Appointment.start == start)
        )
        return f"wide-{self.staff_id}-{practitioner_id}-{type_id}-{start}-{before}"


def _leaving(moving: Picked | None) -> frozenset[int]:
    return frozenset() if moving is None else frozenset({moving.id})


def _whose(people: Sequence[Practitioner], plain: WideAsked) -> list[Choice]:
    return [
        Choice(
            one.family_name or one.name,
            one.id == plain.practitioner_id and plain.view is not View.TEAM,
            # Whose agenda she asks for in the team's day is that one's day.
            plain.but(practitioner_id=one.id, view=View.DAY if plain.view is View.TEAM else plain.view).query,
        )
        for one in people
    ]


def _of_everybody(people: Sequence[Practitioner], plain: WideAsked) -> str:
    """Everybody beside each other; the week of too many would have columns that nobody can read."""
    is_too_wide = plain.view is View.DAY or len(people) * 5 > MOST_COLUMNS
    return plain.but(practitioner_id=None, view=View.TEAM if is_too_wide else plain.view).query


def _first_free(found: FreeWith, practitioner: str, plain: WideAsked) -> FirstFree:
    start = found.free.start
    asked = plain.but(start=start, with_id=found.practitioner_id, day=found.free.starts_at.date())
    return FirstFree(
        start=datetime.fromtimestamp(start, tz=UTC),
        zone=found.free.zone,
        practitioner_id=found.practitioner_id,
        practitioner=practitioner,
        query=asked.query,
    )
