"""The appointments of the imaginary practices, booked as operators book them, and what became of this morning's."""

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.finding.visits import visit_of
from callcenter.agenda.models import Appointment, AppointmentStatus, Schedule, ServiceType
from callcenter.agenda.resource_models import OverbookingRule
from callcenter.agenda.writing.attendance import mark_arrived, mark_fulfilled, mark_no_show
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.demo.centre import read_rows
from callcenter.demo.codes import Codes
from callcenter.directory.models import Patient

_ZONE = ZoneInfo("Europe/Paris")
_DAYS_FILLED = 7
_SHARE_TAKEN = 0.55  # of the free times of the first days; later days are emptier
_MARKS = {
    AppointmentStatus.ARRIVED: mark_arrived,
    AppointmentStatus.FULFILLED: mark_fulfilled,
    AppointmentStatus.NOSHOW: mark_no_show,
}


def book_told_visits(session: Session, codes: Codes, *, today: date) -> None:
    """The visits that show a rule at work, each asked for some days or minutes ago; then this morning's events."""
    booked: dict[tuple[str, ...], Appointment] = {}
    rules = {rule.name: rule.id for rule in session.scalars(select(OverbookingRule))}
    for number, row in enumerate(read_rows("agenda/visits")):
        start = _instant(today, row["day"], row["hour"])
        # On a public holiday nobody receives: such a week has fewer of them.
        with suppress(TimeTaken):
            booked[row["practice"], row["practitioner"], row["patient"], row["day"], row["hour"]] = book_appointment(
                session,
                practice_id=codes.practice_id(row["practice"]),
                practitioner_id=codes.schedule(row["practice"], row["practitioner"]).practitioner_id,
                patient_id=codes.patient_id(row["practice"], row["patient"]),
                service_type_id=codes.service_type(row["practice"], row["service_type"]).id,
                start=int(start.timestamp()),
                call_id=None,
                staff_id=codes.staff_id(row["by"]),
                request_key=f"demo-told-{number}",
                at=_instant(today, row["asked_day"], row["asked_at"]),
                overbooking_rule_id=rules[row["rule"]] if row["rule"] else None,
            )
    for row in read_rows("agenda/events"):
        appointment = booked.get((row["practice"], row["practitioner"], row["patient"], "0", row["hour"]))
        if appointment is not None:
            with suppress(TimeTaken):
                _tell(session, appointment, row, today=today, staff_id=codes.staff_id(row["by"]))


def fill_agendas(session: Session, *, today: date) -> None:
    """Book part of the free times of the coming days, the same each time."""
    random = Random(20261123)
    types: dict[int, list[ServiceType]] = defaultdict(list)
    for one in session.scalars(select(ServiceType).order_by(ServiceType.position, ServiceType.id)):
        types[one.practice_id].append(one)
    patients: dict[int, list[int]] = defaultdict(list)
    for practice_id, patient_id in session.execute(select(Patient.practice_id, Patient.id).order_by(Patient.id)):
        patients[practice_id].append(patient_id)
    # From the morning on, so that the day begun has its past as well.
    morning = _instant(today, "0", "00:00")
    for schedule in session.scalars(select(Schedule).order_by(Schedule.id)).all():
        given = [
            one for one in types[schedule.practice_id] if visit_of(session, schedule.practitioner_id, one).is_offered
        ]
        shortest = min(given, key=lambda one: one.duration_minutes)
        same_length = [one for one in given if one.duration_minutes == shortest.duration_minutes]
        for ahead in range(_DAYS_FILLED):
            share = _SHARE_TAKEN * (1 - ahead / (_DAYS_FILLED * 1.4))
            day = today + timedelta(days=ahead)
            free = find_free(session, schedule.practitioner_id, shortest, first_day=day, last_day=day, at=morning)
            for time_ in free:
                if random.random() > share:
                    continue
                book_appointment(
                    session,
                    practice_id=schedule.practice_id,
                    practitioner_id=schedule.practitioner_id,
                    patient_id=random.choice(patients[schedule.practice_id]),
                    service_type_id=random.choice(same_length).id,
                    start=time_.start,
                    call_id=None,
                    staff_id=None,
                    request_key=f"demo-{schedule.id}-{time_.start}",
                    at=morning,
                )


def _tell(
    session: Session, appointment: Appointment, row: dict[str, str], *, today: date, staff_id: int | None
) -> None:
    """What became of a visit of this morning, noted when it happened."""
    at = _instant(today, "0", row["at"])
    if row["act"] == "moved":
        move_appointment(
            session,
            appointment.id,
            practitioner_id=appointment.practitioner_id,
            start=int(_instant(today, row["to_day"], row["to_hour"]).timestamp()),
            staff_id=staff_id,
            request_key=f"demo-moved-{appointment.id}",
            at=at,
            reason=row["reason"],
        )
    elif row["act"] == AppointmentStatus.CANCELLED:
        cancel_appointment(session, appointment.id, staff_id=staff_id, reason=row["reason"], at=at)
    else:
        _MARKS[AppointmentStatus(row["act"])](session, appointment.id, staff_id=staff_id, at=at)


def _instant(today: date, days: str, hour: str) -> datetime:
    """An hour on the wall so many days from today, in UTC."""
    there = datetime.combine(today + timedelta(days=int(days)), time.fromisoformat(hour), _ZONE)
    return there.astimezone(UTC)
