"""The agenda beside the call: whose, which day, the first free times, and the time about to be booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.anybody import first_free_of_group
from callcenter.agenda.finding.free_times import place_at, today_in
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Place
from callcenter.agenda.finding.refusals import standing_sentence_of
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.views.day import day_view
from callcenter.agenda.views.rows import AppointmentRow, DayView
from callcenter.agenda.writing.overbooking import OpenRule, rules_on
from callcenter.agenda.writing.undoing import Undoable, last_undoable
from callcenter.core.scope import Practices, scope_of, set_scope
from callcenter.desk.card import CallCard
from callcenter.directory.models import Practitioner

HORIZON_DAYS = 60  # how far ``agenda.finding.free_times`` looks


@dataclass(frozen=True, slots=True)
class AgendaChoice:
    """What the operator looks at; None lets the desk choose. ``start`` in seconds since 1970."""

    practitioner_id: int | None = None
    day: date | None = None
    type_id: int | None = None
    start: int | None = None

    @property
    def query(self) -> str:
        """The choice as a query string; ids and times only, never a person."""
        named = {"practitioner": self.practitioner_id, "day": self.day, "type": self.type_id, "start": self.start}
        return "?" + urlencode({name: value for name, value in named.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Tab:
    """One practitioner's agenda."""

    practitioner_id: int
    label: str
    is_chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time that can be booked; ``query`` chooses it."""

    start: datetime
    query: str


@dataclass(frozen=True, slots=True)
class FirstOfAll:
    """The first time that anybody of the practice has."""

    start: datetime
    practitioner: str
    query: str


@dataclass(frozen=True, slots=True)
class ChosenTime:
    """The time about to be booked. ``is_gone`` when it cannot be had; ``why`` is a sentence, a message id."""

    start: datetime
    practitioner_id: int
    type_id: int
    practitioner: str
    type_name: str
    request_key: str
    is_gone: bool
    why: str = ""
    rules: Sequence[OpenRule] = ()  # by which it can be had all the same, beside the plan

    @property
    def epoch(self) -> int:
        """The start in seconds since 1970."""
        return int(self.start.timestamp())


@dataclass(frozen=True, slots=True)
class AgendaPanel:
    """The right column. Instants are UTC; ``zone`` is the schedule's."""

    tabs: list[Tab]
    types: Sequence[ServiceType]
    practitioner_id: int
    type_id: int
    day: date
    today: date
    zone: str
    practitioner: str
    first: list[FreeTime]
    first_of_all: FirstOfAll | None  # None where nobody else could have it
    choice: ChosenTime | None
    view: DayView
    query: str
    query_without_choice: str
    previous_query: str
    next_query: str
    more: Mapping[int, str]  # starts that are taken and that a rule would add to, and what chooses them
    undoable: Undoable | None  # her last change of an agenda of this practice
    horizon_days: int = HORIZON_DAYS


def agenda_panel(
    session: Session, card: CallCard, asked: AgendaChoice, *, staff_id: int, at: datetime
) -> AgendaPanel | None:
    """The agenda of the card's practice; None when the practice has no schedule or no type of visit yet.

    What is asked for and is not this practice's is ignored: a call to another practice has just come in.
    """
    before = scope_of(session)
    set_scope(session, Practices.of(card.practice_id))
    try:
        return _panel(session, card, asked, staff_id=staff_id, at=at)
    finally:
        if before is not None:
            set_scope(session, before)


def request_key(card: CallCard, *, practitioner_id: int, type_id: int, start: int) -> str:
    """One key for one intention: the same time pressed twice in one call books once.

    How many bookings the call has is part of it, so that a time cancelled in the same call can be booked again.
    """
    patient = card.patient.id if card.patient else 0
    return f"call-{card.call_id}-{practitioner_id}-{type_id}-{start}-{patient}-{len(card.booked)}"


def next_choice(card: CallCard, start: int, *, practitioner_id: int, type_id: int) -> ChosenTime:
    """A time (UTC seconds) to offer instead of one that was just taken."""
    return ChosenTime(
        start=_instant(start),
        practitioner_id=practitioner_id,
        type_id=type_id,
        practitioner="",
        type_name="",
        request_key=request_key(card, practitioner_id=practitioner_id, type_id=type_id, start=start),
        is_gone=False,
    )


def _panel(session: Session, card: CallCard, asked: AgendaChoice, *, staff_id: int, at: datetime) -> AgendaPanel | None:
    found = session.execute(
        select(Practitioner, func.min(Schedule.id), func.min(Schedule.zone))
        .join(Schedule, Schedule.practitioner_id == Practitioner.id)
        .group_by(Practitioner.id)
        .order_by(Practitioner.position, Practitioner.id)
    ).all()
    types = session.scalars(select(ServiceType).order_by(ServiceType.position, ServiceType.id)).all()
    if not found or not types:
        return None
    practitioner, _schedule_id, zone = next((row for row in found if row[0].id == asked.practitioner_id), found[0])
    kind = next((one for one in types if one.id == asked.type_id), types[0])
    today = today_in(zone, at)
    # A time asked for in another practice's agenda says nothing here.
    wanted = asked.start if asked.practitioner_id in {None, practitioner.id} else None
    day = local_time(wanted, zone).date() if wanted is not None else (asked.day or today)

    def query(practitioner_id: int = practitioner.id, day: date = day, start: int | None = None) -> str:
        return AgendaChoice(practitioner_id, day, kind.id, start).query

    patient_id = card.patient.id if card.patient else None
    view = day_view(
        session,
        practitioner_id=practitioner.id,
        day=day,
        service_type_id=kind.id,
        at=at,
        patient_id=patient_id,
        staff_id=staff_id,
    )
    rules = rules_on(session, practitioner.id, kind.id, day)
    first = (view.first_free, *view.next_free) if view.first_free else ()
    choice = None
    if wanted is not None:
        choice = _chosen(session, card, practitioner, kind, zone, wanted, rules=rules, staff_id=staff_id, at=at)
    return AgendaPanel(
        tabs=[
            Tab(one.id, one.family_name or one.name, one.id == practitioner.id, query(one.id)) for one, _, _ in found
        ],
        types=types,
        practitioner_id=practitioner.id,
        type_id=kind.id,
        day=day,
        today=today,
        zone=zone,
        practitioner=practitioner.name,
        first=[FreeTime(_instant(one.start), query(start=one.start)) for one in first],
        first_of_all=_first_of_all(session, card, [row[0] for row in found], kind, staff_id=staff_id, at=at),
        choice=choice,
        view=view,
        query=query(start=choice.epoch if choice else None),
        query_without_choice=query(),
        previous_query=query(day=day - timedelta(days=1)),
        next_query=query(day=day + timedelta(days=1)),
        undoable=last_undoable(session, staff_id, at=at, practice_id=card.practice_id),
        more={
            one.start: query(start=one.start)
            for one in view.rows
            if isinstance(one, AppointmentRow) and one.start > at.timestamp()
            if any(rule.admits(one.start, zone) for rule in rules)
        },
    )


def _first_of_all(
    session: Session,
    card: CallCard,
    practitioners: Sequence[Practitioner],
    kind: ServiceType,
    *,
    staff_id: int,
    at: datetime,
) -> FirstOfAll | None:
    if len(practitioners) < 2:
        return None
    patient_id = card.patient.id if card.patient else None
    ids = [one.id for one in practitioners]
    first = first_free_of_group(session, ids, kind, at=at, days=HORIZON_DAYS, patient_id=patient_id, staff_id=staff_id)
    if first is None:
        return None
    name = next(one.name for one in practitioners if one.id == first.practitioner_id)
    asked = AgendaChoice(first.practitioner_id, first.free.starts_at.date(), kind.id, first.free.start)
    return FirstOfAll(_instant(first.free.start), name, asked.query)


def _chosen(
    session: Session,
    card: CallCard,
    practitioner: Practitioner,
    kind: ServiceType,
    zone: str,
    start: int,
    *,
    rules: Sequence[OpenRule],
    staff_id: int,
    at: datetime,
) -> ChosenTime | None:
    """The chosen time; None once it was booked in this very call, ``is_gone`` when somebody else has it."""
    instant = _instant(start)
    if any(one.start == instant and not one.is_cancelled for one in card.booked):
        return None
    patient_id = card.patient.id if card.patient else None
    found = place_at(session, practitioner.id, kind, start, at=at, patient_id=patient_id, staff_id=staff_id)
    return ChosenTime(
        start=instant,
        practitioner_id=practitioner.id,
        type_id=kind.id,
        practitioner=practitioner.name,
        type_name=kind.name,
        request_key=request_key(card, practitioner_id=practitioner.id, type_id=kind.id, start=start),
        is_gone=not isinstance(found, Place),
        why="" if isinstance(found, Place) else standing_sentence_of(found),
        rules=[one for one in rules if found is Refusal.TAKEN and one.admits(start, zone)],
    )


def _instant(start: int) -> datetime:
    return datetime.fromtimestamp(start, tz=UTC)
