"""Finding free time for a type of visit."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, PractitionerService, ServiceType
from callcenter.agenda.offering import Question, Refusal, decide, free_starts, proposal_distance
from callcenter.agenda.opening_rules import Channel, Opened
from callcenter.agenda.openings import Agendas, OpenSchedule, local_time, read_schedules
from callcenter.agenda.visit_rules import NewPatients, NotForHer, Visit, Visitor, visit_rule
from callcenter.directory.models import Patient


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
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    *,
    first_day: date,
    last_day: date,
    at: datetime,
    visitor: Visitor | None = None,
) -> list[Free]:
    """Every start to propose on these days, both included, none before ``at``; sorted."""
    schedules = read_schedules(session, [practitioner_id], first_day=first_day, last_day=last_day)
    visit = visit_of(session, practitioner_id, service_type)
    return free_in(schedules, visit, at=at, visitor=visitor)


def first_free_times(
    session: Session,
    practitioner_id: int,
    service_type: ServiceType,
    *,
    at: datetime,
    count: int = 3,
    days: int = 60,
    visitor: Visitor | None = None,
) -> list[Free]:
    """The first ``count`` starts from ``at`` on, at most ``days`` days ahead."""
    agendas = Agendas(session, [practitioner_id], since=at.date() - timedelta(days=1))
    visit = visit_of(session, practitioner_id, service_type)
    return first_free_in(agendas, visit, at=at, count=count, days=days, visitor=visitor)


def first_free_in(
    agendas: Agendas, visit: Visit, *, at: datetime, count: int = 3, days: int = 60, visitor: Visitor | None = None
) -> list[Free]:
    """The first ``count`` starts from ``at`` on in agendas already read, at most ``days`` days ahead."""
    # Yesterday too: "today" in UTC may still be yesterday where the schedule is.
    today = at.date() - timedelta(days=1)
    found: list[Free] = []
    # Most often the first week has them; the long look is only taken when it has not.
    for ahead in (7, days):
        found = free_in(agendas.on(today, today + timedelta(days=ahead + 1)), visit, at=at, visitor=visitor)
        if len(found) >= count:
            break
    return found[:count]


def free_in(
    schedules: Iterable[OpenSchedule], visit: Visit, *, at: datetime, visitor: Visitor | None = None
) -> list[Free]:
    """The starts to propose in schedules already read, on their days."""
    # The same start at two sites would be the same person twice: the first schedule keeps it.
    found: dict[int, Free] = {}
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if isinstance(rule, NotForHer):
            return []
        question = Question(Channel.PHONE, int(at.timestamp()), one.used)
        starts = free_starts(one.opened, one.busy, rule, question, zone=one.zone, apart=proposal_distance(rule))
        for start in starts[bisect_left(starts, one.days[0]) : bisect_left(starts, one.days[1])]:
            found.setdefault(start, Free(start, start + rule.duration, one.schedule_id, one.zone))
    return [found[start] for start in sorted(found)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a start can be had: the schedule, the opening that counts it, and until when the visit lasts."""

    schedule_id: int
    opened: Opened
    end: int
    before: int
    after: int


def place_for(
    schedules: Iterable[OpenSchedule],
    visit: Visit,
    *,
    start: int,
    at: datetime,
    channel: Channel = Channel.PHONE,
    visitor: Visitor | None = None,
) -> Place | Refusal | NotForHer:
    """Where among these schedules a start can be had, the first that has it, or why it cannot be had in any."""
    why = Refusal.CLOSED
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if isinstance(rule, NotForHer):
            return rule
        question = Question(channel, int(at.timestamp()), one.used)
        found = decide(start, one.opened, one.busy, rule, question, zone=one.zone)
        if isinstance(found, Opened):
            return Place(one.schedule_id, found, start + rule.duration, rule.before, rule.after)
        # Of two sites the one that is open then says more than the one that is closed.
        if why is Refusal.CLOSED:
            why = found
    return why


def visit_of(session: Session, practitioner_id: int, service_type: ServiceType) -> Visit:
    """A type of visit as this practitioner gives it."""
    return _visit(service_type, session.get(PractitionerService, (practitioner_id, service_type.id)))


def visits_of(session: Session, practitioner_ids: Collection[int], service_type: ServiceType) -> dict[int, Visit]:
    """The same for several practitioners, by practitioner; one query."""
    own = {
        one.practitioner_id: one
        for one in session.scalars(
            select(PractitionerService).where(
                PractitionerService.service_type_id == service_type.id,
                PractitionerService.practitioner_id.in_(practitioner_ids),
            )
        )
    }
    return {practitioner_id: _visit(service_type, own.get(practitioner_id)) for practitioner_id in practitioner_ids}


def _visit(service_type: ServiceType, own: PractitionerService | None) -> Visit:
    def either(name: str) -> Any:
        said = getattr(own, name) if own is not None else None
        return getattr(service_type, name) if said is None else said

    return Visit(
        service_type_id=service_type.id,
        duration_minutes=either("duration_minutes"),
        before_minutes=service_type.before_minutes,
        after_minutes=service_type.after_minutes,
        step_minutes=service_type.step_minutes,
        notice_minutes=either("notice_minutes"),
        horizon_days=either("horizon_days"),
        new_patients=NewPatients(either("new_patients")),
        new_patient_minutes=either("new_patient_minutes"),
        youngest=service_type.youngest,
        oldest=service_type.oldest,
        is_urgent=service_type.is_urgent,
        is_offered=own is None or own.is_offered,
    )


def visitor_for(session: Session, practitioner_id: int, patient_id: int) -> Visitor:
    """What counts of a patient here; new is who never had a visit with this practitioner that was not cancelled."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = session.scalar(
        select(Appointment.id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.practitioner_id == practitioner_id,
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .limit(1)
    )
    return Visitor(is_new=known is None, birth_on=born)


def visitors_for(session: Session, practitioner_ids: Collection[int], patient_id: int) -> dict[int, Visitor]:
    """The same for several practitioners, by practitioner; two queries."""
    born = session.scalars(select(Patient.birth_on).where(Patient.id == patient_id)).one_or_none()
    known = set(
        session.scalars(
            select(Appointment.practitioner_id).where(
                Appointment.patient_id == patient_id,
                Appointment.practitioner_id.in_(practitioner_ids),
                Appointment.status != AppointmentStatus.CANCELLED,
            )
        )
    )
    return {one: Visitor(is_new=one not in known, birth_on=born) for one in practitioner_ids}


def today_in(zone: str, at: datetime) -> date:
    """The date on the wall in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()
