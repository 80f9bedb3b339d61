"""Practices as no two are alike: rules, people, rooms, appointments and holds from a seed."""

import contextlib
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import (
    DayException,
    Opening,
    OpeningChannel,
    OpeningServiceType,
    PractitionerService,
    Schedule,
    ServiceType,
)
from callcenter.agenda.resource_models import NeedKind, Resource, ServiceNeed
from callcenter.agenda.rules.opening_rules import Channel, ExceptionKind, OpeningKind, SchoolDays
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.holding import hold_time
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.core.scope import Practices
from callcenter.directory.models import Site
from callcenter.drills.agenda_cast import SEED, add_patient, add_practice, add_practitioner, add_staff

_DAYS = 3
# A change of the clocks lies in the first night of most, a day closed by law in some.
_WHERE = (
    ("Europe/Paris", date(2026, 3, 28)),
    ("Europe/Paris", date(2026, 10, 24)),
    ("Europe/Paris", date(2026, 11, 10)),
    ("Europe/Paris", date(2026, 12, 24)),
    ("Indian/Reunion", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Asia/Kathmandu", date(2026, 11, 10)),
    ("America/St_Johns", date(2026, 10, 31)),
    ("America/Havana", date(2026, 3, 7)),
    ("Pacific/Kiritimati", date(2026, 5, 7)),
)


@dataclass(frozen=True)
class Sample:
    """A practice and when it is looked at."""

    practice_id: int
    practitioners: tuple[int, ...]
    types: tuple[int, ...]
    patients: tuple[int, ...]
    staff: tuple[int, ...]
    zone: str
    first_day: date
    at: datetime

    @property
    def last_day(self) -> date:
        """The last of the days that are looked at."""
        return self.first_day + timedelta(days=_DAYS - 1)

    @property
    def scope(self) -> Practices:
        """Its own."""
        return Practices.of(self.practice_id)


def make_practice(database: Database, seed: int, number: int) -> Sample:
    """The practice of this number: first its rules, then what was booked, cancelled and held by them."""
    dice = random.Random(f"{seed}-{number}")
    zone, first_day = dice.choice(_WHERE)
    midnight = datetime.combine(first_day, time(), ZoneInfo(zone)).astimezone(UTC)
    at = midnight + timedelta(hours=dice.randint(-30, 20), seconds=dice.choice([0, 0, 30]))
    with database.unit_of_work(SEED) as session:
        sample = _Builder(session, dice, zone, first_day, at, number).build()
    with database.unit_of_work(sample.scope) as session:
        _live(session, dice, sample)
    return sample


class _Builder:
    def __init__(
        self, session: Session, dice: random.Random, zone: str, first_day: date, at: datetime, number: int
    ) -> None:
        self.session, self.dice, self.zone, self.first_day, self.at = session, dice, zone, first_day, at
        self.number = number
        self.practice = add_practice(session, f"practice-{number}")
        self.own = {"practice_id": self.practice.id}

    def build(self) -> Sample:
        session, dice, own = self.session, self.dice, self.own
        sites = [Site(code=code, name=code, postal_code="44400", zone=self.zone, **own) for code in ("reze", "nantes")]
        session.add_all(sites)
        session.flush()
        types = self._types(sites)
        schedules, doctors = [], []
        for name in ("Lemoine", "Caron"):
            doctor, schedule = add_practitioner(session, self.practice.id, sites[0], name)
            doctors.append(doctor.id)
            schedules.append(schedule)
        if dice.random() < 0.4:
            second = Schedule(practitioner_id=doctors[0], site_id=sites[1].id, zone=self.zone, **own)
            session.add(second)
            session.flush()
            schedules.append(second)
        for schedule in schedules:
            schedule.keeps_holidays = dice.random() < 0.7
            for _ in range(dice.randint(3, 7)):
                self._opening(schedule, types)
        for _ in range(dice.randint(0, 2)):
            self._exception(dice.choice([None, *schedules]))
        for type_id in types:
            if dice.random() < 0.15:
                session.add(self._otherwise(doctors[0], type_id))
        born = (None, date(1960, 2, 29), (self.first_day + timedelta(days=1)).replace(year=2008))
        patients = [
            add_patient(session, self.practice.id, f"Patient{index}", birth_on=one) for index, one in enumerate(born)
        ]
        staff = [add_staff(session, f"staff-{self.number}-{index}") for index in range(3)]
        return Sample(
            practice_id=self.practice.id,
            practitioners=tuple(doctors),
            types=tuple(types),
            patients=tuple(one.id for one in patients),
            staff=tuple(one.id for one in staff),
            zone=self.zone,
            first_day=self.first_day,
            at=self.at,
        )

    def _types(self, sites: list[Site]) -> list[int]:
        dice, own = self.dice, self.own
        types = [
            ServiceType(
                code=f"t{index}",
                name=f"t{index}",
                short_name=f"t{index}",
                duration_minutes=dice.randint(1, 6) * 15,
                before_minutes=dice.choice([0, 0, 10]),
                after_minutes=dice.choice([0, 0, 5, 15]),
                step_minutes=dice.choice([5, 15, 20]),
                notice_minutes=dice.choice([0, 0, 0, 300]),
                horizon_days=dice.choice([None, None, None, 2]),
                new_patients=dice.choice(["welcome", "welcome", "welcome", "longer", "longer", "refused"]),
                new_patient_minutes=45,
                youngest=dice.choice([None, None, None, 18]),
                oldest=dice.choice([None, None, None, 17, 70]),
                is_urgent=dice.random() < 0.3,
                capacity=dice.choice([2, 3]) if index == 3 else 1,
                **own,
            )
            for index in range(4)
        ]
        self.session.add_all(types)
        self.session.add_all(
            Resource(kind=kind, name=name, category=category, site_id=dice.choice([None, sites[0].id]), **own)
            for kind, name, category in (
                (NeedKind.ROOM, "Salle 1", "soins"),
                (NeedKind.ROOM, "Salle 2", ""),
                (NeedKind.DEVICE, "Échographe", "echo"),
            )
        )
        self.session.flush()
        needs = [(NeedKind.ROOM, ""), (NeedKind.ROOM, "soins"), (NeedKind.DEVICE, "echo"), (NeedKind.PRACTITIONER, "")]
        for one in (types[2], *([types[3]] if dice.random() < 0.5 else [])):
            for kind, category in dice.sample(needs, dice.randint(1, 3)):
                self.session.add(ServiceNeed(service_type_id=one.id, kind=kind, category=category, **own))
        return [one.id for one in types]

    def _opening(self, schedule: Schedule, types: list[int]) -> None:
        dice, own = self.dice, self.own
        day = self.first_day + timedelta(days=dice.randint(-1, _DAYS - 1))
        is_cyclic, is_released = dice.random() < 0.3, dice.random() < 0.5
        starts, ends = self._hours()
        opening = Opening(
            schedule_id=schedule.id,
            weekday=day.weekday(),
            starts=starts,
            ends=ends,
            valid_from=dice.choice([None, None, None, self.first_day]),
            valid_until=dice.choice([None, None, None, self.first_day + timedelta(days=1)]),
            cycle_weeks=2 if is_cyclic else 1,
            cycle_week=dice.randint(0, 1) if is_cyclic else 0,
            anchor_on=date(2026, 12, 14),
            school_days=dice.choice([SchoolDays.ANY] * 4 + [SchoolDays.TERM, SchoolDays.HOLIDAYS]),
            kind=dice.choice([OpeningKind.NORMAL] * 4 + [OpeningKind.EMERGENCY, OpeningKind.RESERVE]),
            release_days=dice.randint(0, 2) if is_released else None,
            release_at=time(dice.randint(6, 20)) if is_released else None,
            **own,
        )
        self.session.add(opening)
        self.session.flush()
        if dice.random() < 0.25:
            for type_id in dice.sample(types, 2):
                self.session.add(OpeningServiceType(opening_id=opening.id, service_type_id=type_id, **own))
        if dice.random() < 0.4:
            for channel in dice.sample([Channel.PHONE, Channel.ONLINE, Channel.INTERNAL], 2):
                self.session.add(self._share(opening.id, channel))

    def _share(self, opening_id: int, channel: Channel) -> OpeningChannel:
        dice = self.dice
        latest = dice.choice([0, 0, 120, 1440])
        return OpeningChannel(
            opening_id=opening_id,
            channel=channel,
            quota=dice.choice([None, 0, 1, 2, 3]),
            latest_minutes=latest,
            earliest_minutes=dice.choice([None, None, latest + 60, latest + 2880]),
            **self.own,
        )

    def _exception(self, schedule: Schedule | None) -> None:
        dice = self.dice
        kind = dice.choice(list(ExceptionKind))
        first = self.first_day + timedelta(days=dice.randint(-1, 2))
        starts, ends = self._hours() if kind is ExceptionKind.OPEN or dice.random() < 0.6 else (None, None)
        self.session.add(
            DayException(
                schedule_id=None if schedule is None else schedule.id,
                kind=kind,
                first_on=first,
                last_on=first + timedelta(days=dice.randint(0, 1)),
                starts=starts,
                ends=ends,
                noted_at=self.at,
                **self.own,
            )
        )

    def _otherwise(self, practitioner_id: int, type_id: int) -> PractitionerService:
        dice = self.dice
        what: list[dict[str, Any]] = [
            {"is_offered": False},
            {"duration_minutes": 20},
            {"new_patients": "refused"},
            {"notice_minutes": 60},
            {"horizon_days": 1},
        ]
        return PractitionerService(
            practitioner_id=practitioner_id, service_type_id=type_id, **self.own, **dice.choice(what)
        )

    def _hours(self) -> tuple[time, time]:
        """Half of them long; some pass midnight, and some begin beside the grid."""
        dice = self.dice
        start = dice.randint(0, 95)
        length = dice.choice([dice.randint(4, 16), dice.randint(16, 60)])
        end = (start + length) % 96
        return time(start // 4, start % 4 * 15 + dice.choice([0, 0, 0, 2, 7])), time(end // 4, end % 4 * 15)


def _live(session: Session, dice: random.Random, sample: Sample) -> None:
    """What happened until now: visits booked and cancelled, times held and forgotten."""
    for number in range(dice.randint(4, 14)):
        doctor, type_id = dice.choice(sample.practitioners), dice.choice(sample.types)
        staff_id = dice.choice(sample.staff)
        what = dice.choice(["book", "book", "book", "cancel", "hold", "forget"])
        at = sample.at - (timedelta(minutes=3) if what == "forget" else timedelta(0))
        service_type = session.get_one(ServiceType, type_id)
        free = find_free(
            session,
            doctor,
            service_type,
            first_day=sample.first_day,
            last_day=sample.last_day,
            at=at,
            staff_id=staff_id,
        )
        if not free:
            continue
        asked: dict[str, Any] = {
            "practice_id": sample.practice_id,
            "practitioner_id": doctor,
            "service_type_id": type_id,
            "start": dice.choice(free).start,
            "staff_id": staff_id,
            "request_key": f"live-{number}",
            "at": at,
        }
        with contextlib.suppress(Problem):
            if what in {"hold", "forget"}:
                hold_time(session, **asked)
                continue
            booked = book_appointment(session, patient_id=dice.choice(sample.patients), call_id=None, **asked)
            if what == "cancel":
                cancel_appointment(session, booked.id, staff_id=staff_id, at=at)
