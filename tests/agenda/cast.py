"""A practice with one doctor, as the agenda's tests know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, Opening, Schedule, ServiceType
from callcenter.agenda.writing.booking import book_appointment
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.core.text import search_key
from callcenter.directory.models import Patient, Practice, PracticeLine, Practitioner, Role, Site, Staff

SEED = Centre(CentreReason.SEED)
MONDAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 09:00 in Paris


def paris(hour: int, minute: int = 0, day: int = 23) -> int:
    """A time of November 2026 on a wall in Paris (UTC+1), in UTC seconds."""
    return int(datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()) - 3600


@dataclass(frozen=True)
class Cast:
    """Who and what there is; ids."""

    practice_id: int
    practitioner_id: int
    schedule_id: int
    consultation_id: int
    first_visit_id: int
    vasseur_id: int
    landline_id: int
    camille_id: int
    ines_id: int

    @property
    def scope(self) -> Practices:
        return Practices.of(self.practice_id)


def tilleuls(database: Database, *, code: str = "tilleuls", phone: str | None = "+33639981472") -> Cast:
    """The Cabinet des Tilleuls: Dr Lemoine, open 08:30 to 12:30 and 14:00 to 18:00 from Monday to Friday."""
    with database.unit_of_work(SEED) as session:
        practice = Practice(
            code=code,
            name="Cabinet médical des Tilleuls",
            short_name="Cabinet des Tilleuls",
            language="fr",
            mode="live",
            created_at=NINE,
        )
        camille, ines = (
            session.scalar(select(Staff).where(Staff.login == name.lower())) or _operator(session, name)
            for name in ("Camille", "Inès")
        )
        session.add(practice)
        session.flush()
        own = {"practice_id": practice.id}
        site = Site(code="reze", name="Rezé", **own)
        session.add_all([site, PracticeLine(number=f"+3319900{practice.id:04d}", **own)])
        session.flush()
        lemoine = Practitioner(code="lemoine", site_id=site.id, name="Dr Lemoine", family_name="Lemoine", **own)
        consultation = ServiceType(
            code="cs", name="Consultation", short_name="Cs", duration_minutes=15, colour=1, position=0, **own
        )
        first_visit = ServiceType(
            code="1re", name="Première visite", short_name="1re", duration_minutes=30, colour=3, position=1, **own
        )
        vasseur = _patient(practice.id, "Vasseur", "Hélène", phone)
        landline = _patient(practice.id, "Nguyen", "Thi-Lan", "+33199003158")
        session.add_all([lemoine, consultation, first_visit, vasseur, landline])
        session.flush()
        schedule = Schedule(practitioner_id=lemoine.id, site_id=site.id, zone="Europe/Paris", **own)
        session.add(schedule)
        session.flush()
        for weekday in range(5):
            for starts, ends in ((time(8, 30), time(12, 30)), (time(14), time(18))):
                session.add(Opening(schedule_id=schedule.id, weekday=weekday, starts=starts, ends=ends, **own))
        return Cast(
            practice_id=practice.id,
            practitioner_id=lemoine.id,
            schedule_id=schedule.id,
            consultation_id=consultation.id,
            first_visit_id=first_visit.id,
            vasseur_id=vasseur.id,
            landline_id=landline.id,
            camille_id=camille.id,
            ines_id=ines.id,
        )


def book(
    session: Session,
    cast: Cast,
    start: int,
    *,
    key: str = "",
    patient_id: int | None = None,
    service_type_id: int | None = None,
    staff_id: int | None = None,
    overbooking_rule_id: int | None = None,
    at: datetime = NINE,
) -> Appointment:
    """Camille books a consultation for Hélène Vasseur, unless told otherwise."""
    return book_appointment(
        session,
        practice_id=cast.practice_id,
        practitioner_id=cast.practitioner_id,
        patient_id=patient_id or cast.vasseur_id,
        service_type_id=service_type_id or cast.consultation_id,
        start=start,
        call_id=None,
        staff_id=staff_id or cast.camille_id,
        request_key=key or f"form-{start}",
        overbooking_rule_id=overbooking_rule_id,
        at=at,
    )


def _operator(session: Session, name: str) -> Staff:
    staff = Staff(
        login=name.lower(), name=name, first_name=name, role=Role.OPERATOR, password_hash="-", created_at=NINE
    )
    session.add(staff)
    session.flush()
    return staff


def _patient(practice_id: int, family_name: str, given_name: str, phone: str | None) -> Patient:
    return Patient(
        practice_id=practice_id,
        family_name=family_name,
        given_name=given_name,
        phone=phone,
        search_key=search_key(family_name, given_name),
        created_at=NINE,
    )
