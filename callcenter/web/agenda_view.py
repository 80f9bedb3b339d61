"""What the templates of the wide agenda are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.views.rows import short_name
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


def sentence_of(session: Session, appointments: Sequence[Appointment], done: str) -> str:
    """« Vasseur H. : mardi 24 novembre, 10:15, Dr Lemoine. C’est déplacé. », of each that was changed."""
    found = session.execute(
        select(Appointment.start, Patient.family_name, Patient.given_name, Practitioner.name, Schedule.zone)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Schedule, Schedule.id == Appointment.schedule_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.id.in_([one.id for one in appointments]))
        .order_by(Appointment.start, Appointment.id)
    ).all()
    parts = []
    for seconds, family_name, given_name, practitioner, zone in found:
        start = datetime.fromtimestamp(seconds, tz=UTC)
        parts.append(
            gettext(
                "%(patient)s: %(when)s, %(practitioner)s.",
                patient=short_name(family_name, given_name),
                when=Moments(start).day_and_hour(start, zone),
                practitioner=practitioner,
            )
        )
    return " ".join([*parts, done])
