"""What the templates of the wide agenda are given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.rows import short_name
from callcenter.core.i18n import gettext
from callcenter.desk.wide_query import WideAsked
from callcenter.desk.wide_reading import wide_agenda
from callcenter.directory.identity import Identity
from callcenter.directory.models import Patient, Practitioner
from callcenter.web.desk_view import Moments


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about what has just been done; not ``is_good`` when it could not be."""

    sentence: str
    is_good: bool = True


def wide_context(session: Session, me: Identity, asked: WideAsked, *, at: datetime) -> dict[str, Any]:
    """What is looked at, and for whom."""
    wide = wide_agenda(session, asked, staff_id=me.staff_id, practice_ids=me.practice_ids, at=at)
    return {"me": me, "wide": wide, "f": Moments(at), "card": wide.call if wide else None, "told": None}


def booked_sentence(session: Session, appointment: Appointment) -> str:
    """« Vasseur H. : mardi 24 novembre, 10:15, Dr Lemoine. »"""
    family_name, given_name, practitioner, zone = session.execute(
        select(Patient.family_name, Patient.given_name, Practitioner.name, Schedule.zone)
        .select_from(Appointment)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.id == appointment.id)
    ).one()
    start = datetime.fromtimestamp(appointment.start, tz=UTC)
    when = Moments(start).day_and_hour(start, zone)
    return gettext(
        "%(patient)s: %(when)s, %(practitioner)s. Booked.",
        patient=short_name(family_name, given_name),
        when=when,
        practitioner=practitioner,
    )
