"""What a change of an agenda's rules would do, read before it is saved: weeks, next dates, who is left outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.rule_preview import (
    WEEKS,
    Alternate,
    Booked,
    PreviewWeek,
    alternates,
    first_change,
    orphaned,
    outside,
    preview_weeks,
)
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.rule_reading import read_rules
from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule, ServiceType
from callcenter.agenda.rules.opening_rules import AgendaRules
from callcenter.agenda.rules.public_holidays import public_holidays, school_holidays, school_zone
from callcenter.agenda.views.rows import short_name
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Patient, Practice, Practitioner, Site

RuleChange = Callable[[AgendaRules], AgendaRules]


@dataclass(frozen=True, slots=True)
class Place:
    """An agenda and where its site lies, which decides its holidays."""

    schedule: Schedule
    practitioner: str
    site: str
    postal_code: str
    city: str
    country: str

    @property
    def school_zone(self) -> str | None:
        """A, B or C, where it is known."""
        return school_zone(self.country, self.postal_code)

    def holiday_names(self, since: date, *, years: int = 2) -> Mapping[date, str]:
        """The public holidays of its region from this day on, whether it keeps them or not."""
        names: dict[date, str] = {}
        for year in range(since.year, since.year + years):
            names |= public_holidays(self.country, self.postal_code, year)
        return {day: name for day, name in names.items() if day >= since}


@dataclass(frozen=True, slots=True)
class Orphan:
    """An appointment that stands outside of what is open, as one reads it."""

    appointment_id: int
    patient_id: int
    patient: str
    practitioner_id: int
    practitioner: str
    starts_at: datetime
    service: str
    service_short: str
    colour: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change does to one agenda, and the appointments of every agenda concerned that it leaves outside."""

    weeks: Sequence[PreviewWeek]
    alternates: Sequence[Alternate]
    orphans: Sequence[Orphan]


def load_place(session: Session, practice_id: int, schedule_id: int) -> Place:
    """One agenda of this practice. Raises ``NotFound``."""
    for place in places_of(session, practice_id):
        if place.schedule.id == schedule_id:
            return place
    raise NotFound(N_("This practice has no such agenda."))


def places_of(session: Session, practice_id: int, practitioner_id: int | None = None) -> list[Place]:
    """The agendas of a practice, or of one of its practitioners, oldest first."""
    wanted = (
        select(Schedule, Practitioner.name, Site.name, Site.postal_code, Site.city, Practice.country)
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .join(Site, Site.id == Schedule.site_id)
        .join(Practice, Practice.id == Schedule.practice_id)
        .where(Schedule.practice_id == practice_id)
        .order_by(Schedule.id)
    )
    if practitioner_id is not None:
        wanted = wanted.where(Schedule.practitioner_id == practitioner_id)
    return [Place(*row) for row in session.execute(wanted)]


def rules_of(session: Session, places: Sequence[Place], *, since: date) -> dict[int, AgendaRules]:
    """The rules of these agendas, with the school's year where it is known; by schedule."""
    by_id = {one.schedule.id: one for one in places}
    found = {}
    for one in read_rules(session, sorted({each.schedule.practitioner_id for each in places}), since=since):
        if one.schedule_id in by_id:
            place = by_id[one.schedule_id]
            days = (school_holidays(place.country, place.postal_code, year) for year in _years(since))
            found[one.schedule_id] = replace(one.rules, school_holidays=frozenset().union(*days))
    return found


def preview_change(
    session: Session,
    place: Place,
    change: RuleChange,
    *,
    at: datetime,
    whole_practice: bool = False,
) -> Preview:
    """What this change of its rules does, shown from this week on, or from the week that it first touches if later."""
    schedule = place.schedule
    today = today_in(schedule.zone, at)
    places = places_of(session, schedule.practice_id) if whole_practice else [place]
    before = rules_of(session, places, since=today)
    after = {schedule_id: change(rules) for schedule_id, rules in before.items()}
    names = place.holiday_names(today)
    here = before[schedule.id], after[schedule.id]
    touched = first_change(*here, since=today) or today
    shown_from = touched if touched - today >= timedelta(weeks=WEEKS - 1) else today
    return Preview(
        weeks=preview_weeks(*here, names, first_day=shown_from),
        alternates=alternates(after[schedule.id], names, first_day=today),
        orphans=_read_orphans(session, places, lambda booked, of: orphaned(before[of], after[of], booked), at=at),
    )


def standing_outside(session: Session, place: Place, *, at: datetime) -> list[Orphan]:
    """The appointments to come that lie outside of what is open now: kept, and to be told."""
    rules = rules_of(session, [place], since=today_in(place.schedule.zone, at))
    return _read_orphans(session, [place], lambda booked, of: outside(rules[of], booked), at=at)


def holidays_kept(place: Place, rules: AgendaRules, keeps: bool, *, since: date) -> AgendaRules:
    """The rules of an agenda that is closed on public holidays, or is not."""
    return replace(rules, holidays=frozenset(place.holiday_names(since)) if keeps else frozenset())


def _read_orphans(
    session: Session,
    places: Sequence[Place],
    choose: Callable[[Sequence[Booked], int], set[int]],
    *,
    at: datetime,
) -> list[Orphan]:
    by_id = {one.schedule.id: one for one in places}
    rows = session.execute(
        select(Appointment, Patient.family_name, Patient.given_name, ServiceType)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(ServiceType, ServiceType.id == Appointment.service_type_id)
        .where(
            Appointment.schedule_id.in_(by_id),
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.start >= int(at.timestamp()),
        )
        .order_by(Appointment.start, Appointment.id)
    ).all()
    found: set[int] = set()
    for schedule_id in by_id:
        booked = [
            Booked(one.id, one.start, one.end, one.service_type_id)
            for one, _, _, _ in rows
            if one.schedule_id == schedule_id
        ]
        found |= choose(booked, schedule_id)
    return [
        Orphan(
            appointment_id=one.id,
            patient_id=one.patient_id,
            patient=short_name(family_name, given_name),
            practitioner_id=one.practitioner_id,
            practitioner=by_id[one.schedule_id].practitioner,
            starts_at=local_time(one.start, by_id[one.schedule_id].schedule.zone),
            service=service_type.name,
            service_short=service_type.short_name,
            colour=service_type.colour,
        )
        for one, family_name, given_name, service_type in rows
        if one.id in found
    ]


def _years(since: date) -> range:
    return range(since.year - 1, since.year + 3)
