"""Fills a demonstration's database: the documented CSV import, then appointments booked as operators book them."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.agenda.writing.booking import book_appointment
from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.core.scope import Centre, CentreReason
from callcenter.demo.centre import DATA, EMERGENCY_LINES
from callcenter.demo.installation import Installation
from callcenter.demo.transfers import keep_telephones
from callcenter.directory.emergency_lines import EmergencyLineParticulars, add_emergency_line
from callcenter.directory.line_times import PeriodParticulars, add_period
from callcenter.directory.models import Forwarding, Patient, PracticeLine
from callcenter.exchange.importing import import_folder

_ZONE = ZoneInfo("Europe/Paris")
_DAYS_FILLED = 7
_SHARE_TAKEN = 0.55  # of the free times of the first days; later days are emptier


def fill_with_demo_data(installation: Installation, *, machine_now: datetime) -> None:
    """Make the tables and, in an empty database, the centre and its agendas; data that is there is kept."""
    upgrade(installation.database_url)
    database = Database(installation.database_url)
    at = machine_now + installation.clock_offset
    try:
        with database.unit_of_work(Centre(CentreReason.SEED)) as session:
            if session.scalar(select(func.count()).select_from(Schedule)):
                return
            import_folder(session, DATA, at=at)
            session.flush()
            _keep_emergency_lines(session, at=at)
            keep_telephones(session, at=at)
            _order_periods(session, at=at)
            _fill_agendas(session, at=at)
    finally:
        database.close()


def _keep_emergency_lines(session: Session, *, at: datetime) -> None:
    """The centre's directory: one line proven, one due soon, one overdue."""
    today = at.astimezone(_ZONE).date()
    for department, label, number, days_ago, position in EMERGENCY_LINES:
        typed = EmergencyLineParticulars(
            label=label,
            number=number,
            department=department,
            agreement="Convention signée, classeur Urgences" if department else "",
            agreed_on=str(today - timedelta(days=300)) if department else "",
            position=str(position),
        )
        add_emergency_line(session, typed, at=at, staff_id=None).verified_on = today - timedelta(days=days_ago)


def _order_periods(session: Session, *, at: datetime) -> None:
    """What depends on the day of the demonstration: holidays being stood in for, and a Saturday that is ordered."""
    today = at.astimezone(_ZONE).date()
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    for line in session.scalars(select(PracticeLine).order_by(PracticeLine.id)).all():
        served: PeriodParticulars | None = None
        if line.forwarding == Forwarding.HOLIDAYS:
            last = today + timedelta(days=60)
            served = PeriodParticulars("served", str(today), str(last), "07:30", "20:00")
        elif line.forwarding == Forwarding.A_LA_CARTE:
            served = PeriodParticulars("served", str(saturday), "", "08:00", "12:00")
        if served is not None:
            add_period(session, line, served, at=at, staff_id=None)


def _fill_agendas(session: Session, *, at: datetime) -> None:
    """Book part of the free times of the coming days, the same each time."""
    random = Random(20261123)
    types: dict[int, list[ServiceType]] = {}
    for one in session.scalars(select(ServiceType).order_by(ServiceType.position, ServiceType.id)):
        types.setdefault(one.practice_id, []).append(one)
    patients: dict[int, list[int]] = {}
    for practice_id, patient_id in session.execute(select(Patient.practice_id, Patient.id).order_by(Patient.id)):
        patients.setdefault(practice_id, []).append(patient_id)
    # From the morning on, so that the day begun has its past as well.
    today = at.astimezone(_ZONE).date()
    morning = datetime.combine(today, datetime.min.time(), _ZONE).astimezone(UTC)
    for schedule in session.scalars(select(Schedule).order_by(Schedule.id)).all():
        service_types = types[schedule.practice_id]
        shortest = min(service_types, key=lambda one: one.duration_minutes)
        same_length = [one for one in service_types if one.duration_minutes == shortest.duration_minutes]
        for ahead in range(_DAYS_FILLED):
            share = _SHARE_TAKEN * (1 - ahead / (_DAYS_FILLED * 1.4))
            day = today + timedelta(days=ahead)
            free = find_free(session, schedule.practitioner_id, shortest, first_day=day, last_day=day, at=morning)
            for time in free:
                if random.random() > share:
                    continue
                book_appointment(
                    session,
                    practice_id=schedule.practice_id,
                    practitioner_id=schedule.practitioner_id,
                    patient_id=random.choice(patients[schedule.practice_id]),
                    service_type_id=random.choice(same_length).id,
                    start=time.start,
                    call_id=None,
                    staff_id=None,
                    request_key=f"demo-{schedule.id}-{time.start}",
                    at=morning,
                )
