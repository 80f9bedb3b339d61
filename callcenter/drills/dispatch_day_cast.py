"""Whom the day is played with: four practices, their doctors and rosters, the operators and their shifts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, PracticeMode, Practitioner, Role, Site, Staff
from callcenter.dispatch.models import Channel, DispatchPreference, Timing
from callcenter.dispatch.rotations import RotationParticulars, add_rotation
from callcenter.drills.dispatch_day_script import DOCTORS_EACH, MORNING, NOBODY_ON_CALL, PRACTICES, SWAPS

ALL = Centre(CentreReason.SEED)
_BEFORE = MORNING - timedelta(days=3)
_TURNS = ((0.0, 8.0), (7.0, 13.5), (13.0, 18.5))  # hours after the morning
_AT_NIGHT = 2
_WISHES = (
    (Channel.SMS, Timing.NOW),
    (Channel.APP, Timing.NOW),
    (Channel.PHONE, Timing.NOW),
    (Channel.SMS, Timing.BATCH),
)


@dataclass(frozen=True, slots=True)
class Doctor:
    """One practitioner; ``staff_id`` None: one who never signs in."""

    id: int
    staff_id: int | None


@dataclass(frozen=True, slots=True)
class House:
    """One practice."""

    id: int
    name: str
    number: str
    doctors: Sequence[Doctor]


@dataclass(frozen=True, slots=True)
class Shift:
    """When one operator works, and how she goes: she signs out, or her browser falls silent."""

    staff_id: int
    begins_at: datetime
    ends_at: datetime
    falls_silent: bool


@dataclass
class Cast:
    """Everybody."""

    houses: list[House] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    supervisor: int = 0
    administrator: int = 0


def furnish(database: Database, *, operators: int) -> Cast:
    """Write them all down; ``operators`` at work at a time by day, two at night."""
    cast = Cast()
    with database.unit_of_work(ALL) as session:
        cast.supervisor = _account(session, "sofia", Role.SUPERVISOR)
        cast.administrator = _account(session, "admin", Role.ADMINISTRATOR)
        cast.houses = [_house(session, nth) for nth in range(PRACTICES)]
        session.flush()
        for nth, house in enumerate(cast.houses):
            if nth != NOBODY_ON_CALL:
                _put_on_call(session, house, cast.administrator, days=1 if nth == SWAPS else 7)
        for turn, (begins, ends) in enumerate(_TURNS):
            for nth in range(_AT_NIGHT if turn == 2 else operators):
                member = _account(session, f"operator{turn}-{nth}", Role.OPERATOR)
                # Not all at one instant.
                begins_at = MORNING + timedelta(hours=begins, minutes=-10 if turn else 0, seconds=nth)
                ends_at = MORNING + timedelta(hours=ends, minutes=nth)
                cast.shifts.append(Shift(member, begins_at, ends_at, falls_silent=nth % 2 == 1 and turn != 2))
    return cast


def _account(session: Session, login: str, role: Role) -> int:
    member = Staff(
        login=login,
        name=login.capitalize(),
        first_name=login.capitalize(),
        role=role,
        password_hash="-",  # noqa: S106  # nobody signs in with it
        endpoint=f"client:{login}" if role == Role.OPERATOR else "",
        created_at=_BEFORE,
    )
    session.add(member)
    session.flush()
    return member.id


def _house(session: Session, nth: int) -> House:
    practice = Practice(
        code=f"p{nth}",
        name=f"Cabinet {nth}",
        short_name=f"Cabinet {nth}",
        mode=PracticeMode.TRAINING,
        emergency_label="SAMU",
        emergency_number="+33261910015",
        created_at=_BEFORE,
    )
    session.add(practice)
    session.flush()
    site = Site(practice_id=practice.id, code="s", name="S")
    number = f"+3319900{1000 + nth}"
    # One of them has its callers rung back when they wait too long.
    overflow_after = 300 if nth == NOBODY_ON_CALL else 0
    session.add_all([site, PracticeLine(practice_id=practice.id, number=number, overflow_after=overflow_after)])
    session.flush()
    doctors = [_doctor(session, practice.id, site.id, nth, place) for place in range(DOCTORS_EACH)]
    for doctor, alternate in zip(doctors, doctors[1:] + doctors[:1], strict=True):
        channel, timing = _WISHES[(nth + doctor.id) % len(_WISHES)]
        session.add(
            DispatchPreference(
                practice_id=practice.id,
                practitioner_id=doctor.id,
                channel=channel,
                timing=timing,
                mobile=f"+3363998{9900 + doctor.id}",
                alternate_id=alternate.id,
            )
        )
    return House(practice.id, practice.name, number, doctors)


def _doctor(session: Session, practice_id: int, site_id: int, practice: int, place: int) -> Doctor:
    # The last one of each practice but the first never signs in.
    signs_in = practice == SWAPS or place + 1 < DOCTORS_EACH
    staff_id = _account(session, f"doctor{practice}-{place}", Role.PRACTITIONER) if signs_in else None
    row = Practitioner(
        practice_id=practice_id,
        code=f"d{place}",
        site_id=site_id,
        name=f"Dr {practice}-{place}",
        family_name=f"{practice}-{place}",
        position=place,
        staff_id=staff_id,
    )
    session.add(row)
    session.flush()
    return Doctor(row.id, staff_id)


def _put_on_call(session: Session, house: House, staff_id: int, *, days: int) -> None:
    typed = RotationParticulars(
        name="Astreinte",
        members=[one.id for one in house.doctors],
        turn_days=str(days),
        changes_at="14:00",
        # The day before: the second of them has today's turn where it lasts a day.
        starts_on="22/11/2026",
    )
    add_rotation(session, house.id, typed, at=_BEFORE, staff_id=staff_id)
