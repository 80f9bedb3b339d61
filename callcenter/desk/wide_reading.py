"""Reading the wide agenda: whose columns, which days, the first free times, and the time about to be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import FreeWith, first_free_of_group
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.agenda.versions import versions_of
from callcenter.agenda.views.day import service_types_of
from callcenter.agenda.views.day_notes import read_day_notes
from callcenter.agenda.views.days import read_days
from callcenter.agenda.views.held import with_holds
from callcenter.agenda.views.rows import DayView
from callcenter.agenda.writing.undoing import last_undoable
from callcenter.core.scope import Practices, set_scope
from callcenter.desk.current_call import CurrentCall, current_call
from callcenter.desk.wide_agenda import Choice, FirstFree, WideAgenda
from callcenter.desk.wide_columns import side_by_side
from callcenter.desk.wide_gestures import Picked, pick_appointment, pick_swap
from callcenter.desk.wide_query import View, WideAsked
from callcenter.desk.wide_wanted import WantedTimes, first_free
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
        times, asked, unclear = None, self.asked, None
        if kind is not None:
            patient_id = self._patient_id(moving)
            times = WantedTimes(self.session, people, kind, moving, patient_id, self.staff_id, self.at)
            asked, unclear = times.resolve(asked)
        day = asked.day or (today if asked.start is None else local_time(asked.start, zone).date())
        chosen = next((one for one, _ in people if one.id == self.asked.practitioner_id), None)
        if self.asked.view is View.DAY and chosen is None and people:
            chosen = people[0][0]
        asked = asked.but(
            move_id=moving.id if moving else None,
            swap_id=swap.first.id if swap else None,
            day=day,
            type_id=kind.id if kind else None,
            practitioner_id=chosen.id if chosen else None,
        )
        everybody = [one for one, _ in people]
        shown = everybody if chosen is None or asked.view is View.TEAM else [chosen]
        if asked.view is View.WEEK and len(shown) * 5 > MOST_COLUMNS:
            shown = [one for one in shown if one.id == asked.with_id] or shown[:1]
            asked = asked.but(practitioner_id=shown[0].id)
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
        plain = asked.but(start=None, with_id=None, wall=None, other_id=None)
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
            first=self._first_of(views, moving, plain),
            first_of_all=self._first_of_all(everybody, views, None if swap else kind, moving, plain),
            wanted=times.wanted(asked) if times else None,
            unclear=unclear,
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

    def _first_of(self, views: Sequence[DayView], moving: Picked | None, plain: WideAsked) -> FirstFree | None:
        """The first free time of those shown; for a visit that is moved, where it is not already."""
        here = None if moving is None else (moving.practitioner_id, moving.epoch)
        frees = ((view, free) for view in views for free in (view.first_free, *view.next_free) if free is not None)
        firsts = [(view, free) for view, free in frees if (view.practitioner_id, free.start) != here]
        if not firsts:
            return None
        view, free = min(firsts, key=lambda one: one[1].start)
        return first_free(FreeWith(free, view.practitioner_id), view.practitioner, plain)

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
            return self._first_of(views, moving, plain)
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
        return first_free(found, name, plain.but(practitioner_id=found.practitioner_id))

    def _patient_id(self, moving: Picked | None) -> int | None:
        """Whom the free times are for, when it is known."""
        if moving is not None:
            return moving.patient_id
        return self.call.patient.id if self.call and self.call.patient else None


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
