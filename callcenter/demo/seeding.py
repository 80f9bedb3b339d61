"""Fills a demonstration's database: the documented CSV import, then rules and appointments, written as people do."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Schedule
from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.core.scope import Centre, CentreReason
from callcenter.demo.agenda_rules import write_new_patients, write_rules
from callcenter.demo.agenda_visits import book_told_visits, fill_agendas
from callcenter.demo.centre import DATA, EMERGENCY_LINES
from callcenter.demo.codes import Codes
from callcenter.demo.installation import Installation
from callcenter.demo.messages import write_messages
from callcenter.demo.on_call import arrange_on_call
from callcenter.demo.transfers import keep_telephones
from callcenter.directory.emergency_lines import EmergencyLineParticulars, add_emergency_line
from callcenter.directory.line_times import PeriodParticulars, add_period
from callcenter.directory.models import Forwarding, PracticeLine
from callcenter.exchange.importing import import_folder

_ZONE = ZoneInfo("Europe/Paris")


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
            _prepare_agendas(session, at=at)
    finally:
        database.close()


def _prepare_agendas(session: Session, *, at: datetime) -> None:
    """The practices' rules first: every visit is booked under them."""
    today = at.astimezone(_ZONE).date()
    codes = Codes(session)
    write_rules(session, codes, today=today, at=at)
    book_told_visits(session, codes, today=today)
    fill_agendas(session, today=today)
    write_new_patients(session, codes, at=at)
    write_messages(session, codes, at=at)
    arrange_on_call(session, codes, at=at)


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
