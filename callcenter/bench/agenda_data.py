"""Agendas to be measured, the same for the same seed and the same first day.

Ten practitioners of one practice, open from Monday to Friday 08:30-12:30 and 14:00-19:00 in Paris but for France's
public holidays, with 2,000 visits of 15 minutes each over a year. A practice of 1,000 practitioners whose first two
days are nearly full. And a practice of two whose next week has 420 visits of 10 minutes.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.models import Appointment, AppointmentStatus, Opening, Schedule, ServiceType
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.rules.opening_rules import Channel, OpeningKind, SchoolDays
from callcenter.agenda.rules.public_holidays import public_holidays
from callcenter.agenda.rules.wall_clock import instants_of
from callcenter.core import scope
from callcenter.core.db import Database
from callcenter.core.text import search_key
from callcenter.directory.identity import hash_token
from callcenter.directory.models import Patient, Practice, Practitioner, Role, Site, Staff, StaffSession

ALL = scope.Centre(scope.CentreReason.SEED)
ZONE = "Europe/Paris"
HALVES = ((time(8, 30), time(12, 30)), (time(14), time(19)))
_AT_ONCE = 10_000
_FAMILY = ("Lefèvre", "Nguyen", "O’Connor", "Da Silva", "Étienne", "Müller", "Roux & Fils", "Bâ", "Kowalski", "Petit")
_GIVEN = ("Hélène", "Thi-Lan", "Ann", "João", "Zoé", "Jürgen", "Noël", "Aïssata", "Łukasz", "Luc")


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything."""

    practitioners: int = 10
    appointments: int = 2000  # of each, over the year
    group: int = 1000
    group_appointments: int = 60  # of each, in the first two days: 76 would fill them
    week: int = 420
    operators: int = 8


@dataclass(frozen=True, slots=True)
class Practised:
    """A practice; ids."""

    practice_id: int
    type_id: int
    practitioners: Sequence[int]
    patients: Sequence[int]


@dataclass(frozen=True, slots=True)
class Agendas:
    """What there is to look at."""

    ten: Practised
    group: Practised
    week: Practised
    monday: date  # from which on there are visits
    tokens: Sequence[str]  # of operators who are signed in


def seed_agendas(database: Database, *, at: datetime, size: Size, seed: int = 1) -> Agendas:
    """Fill an empty database."""
    chosen = random.Random(seed)
    monday = at.date() + timedelta(days=7 - at.weekday())
    with database.unit_of_work(ALL) as session:
        return Agendas(
            ten=_practice(session, "ten", size.practitioners, chosen, monday, 365, size.appointments, at=at),
            group=_practice(session, "group", size.group, chosen, monday, 2, size.group_appointments, at=at),
            week=_practice(session, "week", 2, chosen, monday, 5, size.week // 2, minutes=10, at=at),
            monday=monday,
            tokens=[_signed_in(session, number, at=at) for number in range(size.operators)],
        )


def _practice(
    session: Session,
    code: str,
    count: int,
    chosen: random.Random,
    monday: date,
    days: int,
    visits: int,
    *,
    at: datetime,
    minutes: int = 15,
) -> Practised:
    practice = Practice(code=code, name=f"Cabinet {code}", short_name=code, created_at=at, mode="training")
    session.add(practice)
    session.flush()
    own: dict[str, Any] = {"practice_id": practice.id}
    site = Site(code="site", name="Rezé", postal_code="44400", **own)
    kind = ServiceType(
        code="cs", name="Consultation", short_name="Cs", duration_minutes=minutes, colour=1, position=0, **own
    )
    people = [(_FAMILY[n % 10], _GIVEN[n // 10 % 10]) for n in range(100)]
    patients = [
        Patient(family_name=family, given_name=given, search_key=search_key(family, given), created_at=at, **own)
        for family, given in people
    ]
    session.add_all([site, kind, *patients])
    session.flush()
    named = [
        Practitioner(code=f"{code}{number}", site_id=site.id, name=f"Dr {number}", family_name=f"Dr {number}", **own)
        for number in range(count)
    ]
    session.add_all(named)
    session.flush()
    schedules = [Schedule(practitioner_id=one.id, site_id=site.id, zone=ZONE, **own) for one in named]
    session.add_all(schedules)
    session.flush()
    _in_bulk(session, Opening, [row for one in schedules for row in _openings(one)])
    free = _starts(monday, days, minutes)
    rows = [
        _appointment(schedule, start, minutes, kind.id, chosen.choice(patients).id, at=at)
        for schedule in schedules
        for start in sorted(chosen.sample(free, min(visits, len(free) - 1)))
    ]
    _in_bulk(session, Appointment, rows)
    booked = session.execute(
        select(Appointment.id, Appointment.practitioner_id, Appointment.start, Appointment.end).where(
            Appointment.practice_id == practice.id
        )
    )
    taken = [
        {"actor": practitioner_actor(whose), "lane": 0, "start": start, "end": end, "appointment_id": id_, **own}
        for id_, whose, start, end in booked
    ]
    _in_bulk(session, Occupation, taken)
    return Practised(practice.id, kind.id, [one.id for one in named], [one.id for one in patients])


def _openings(schedule: Schedule) -> list[dict[str, Any]]:
    return [
        {
            "practice_id": schedule.practice_id,
            "schedule_id": schedule.id,
            "weekday": weekday,
            "starts": starts,
            "ends": ends,
            "cycle_weeks": 1,
            "cycle_week": 0,
            "kind": OpeningKind.NORMAL,
            "school_days": SchoolDays.ANY,
        }
        for weekday in range(5)
        for starts, ends in HALVES
    ]


def _appointment(
    schedule: Schedule, start: int, minutes: int, type_id: int, patient_id: int, *, at: datetime
) -> dict[str, Any]:
    return {
        "practice_id": schedule.practice_id,
        "schedule_id": schedule.id,
        "practitioner_id": schedule.practitioner_id,
        "patient_id": patient_id,
        "service_type_id": type_id,
        "status": AppointmentStatus.BOOKED,
        "start": start,
        "end": start + minutes * 60,
        "booked_at": at,
        "request_key": f"bench-{schedule.id}-{start}",
        "channel": Channel.PHONE,
        "lane": 0,
    }


def _starts(monday: date, days: int, minutes: int) -> list[int]:
    """Every start on the grid of visits of this length, on working days from this Monday on."""
    found: list[int] = []
    closed = {day for year in range(monday.year, monday.year + 3) for day in public_holidays("FR", "44400", year)}
    for day in (monday + timedelta(days=number) for number in range(days)):
        if day.weekday() > 4 or day in closed:
            continue
        for starts, ends in HALVES:
            first, last = (instants_of(datetime.combine(day, one), ZONE)[0] for one in (starts, ends))
            found += range(first, last - minutes * 60 + 1, minutes * 60)
    return found


def _in_bulk(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    for begin in range(0, len(rows), _AT_ONCE):
        session.execute(insert(table), rows[begin : begin + _AT_ONCE])


def _signed_in(session: Session, number: int, *, at: datetime) -> str:
    """An operator's token."""
    member = Staff(
        login=f"operator{number}",
        name=f"Operator {number}",
        first_name=f"Operator {number}",
        role=Role.OPERATOR,
        password_hash="",
        created_at=at,
    )
    session.add(member)
    session.flush()
    token = secrets.token_urlsafe(32)
    ends = at + timedelta(hours=12)
    session.add(StaffSession(token_hash=hash_token(token), staff_id=member.id, created_at=at, expires_at=ends))
    return token
