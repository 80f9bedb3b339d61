"""The practice whose agenda is fought over: three doctors, a room, a device, groups, shares of openings, and a rule."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from callcenter.agenda.models import Opening, OpeningChannel, Schedule, ServiceType
from callcenter.agenda.resource_models import NeedKind, OverbookingRule, Resource, ServiceNeed
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Patient, Practice, PracticeLine, Practitioner, Role, Site, Staff

SEED = Centre(CentreReason.SEED)
MONDAY = date(2026, 11, 23)
SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 07:00 in Paris
STAFF = 8


@dataclass(frozen=True)
class Fought:
    """Ids of what is fought over."""

    practice_id: int
    practitioners: tuple[int, ...]
    patients: tuple[int, ...]
    staff: tuple[int, ...]
    overbooking: tuple[int, ...]  # a rule of each practitioner
    plain: int  # types of visit: 15 minutes, 10 with what surrounds it, jointly with room and colleague, four together
    buffered: int
    joint: int
    group: int
    device: int  # needs the one device

    def as_dict(self) -> dict[str, Any]:
        """For another process."""
        return asdict(self)


def add_practice(session: Session, code: str) -> Practice:
    """A practice with one line, whose patients get no text: no number is known of them."""
    practice = Practice(code=code, name=code, short_name=code, mode="live", created_at=SEVEN)
    session.add(practice)
    session.flush()
    session.add(PracticeLine(number=f"+3319900{practice.id:04d}", practice_id=practice.id))
    return practice


def add_staff(session: Session, login: str) -> Staff:
    """Somebody who books."""
    staff = Staff(login=login, name=login, role=Role.OPERATOR, password_hash="-", created_at=SEVEN)  # noqa: S106
    session.add(staff)
    session.flush()
    return staff


def add_patient(session: Session, practice_id: int, name: str, **particulars: Any) -> Patient:
    """Somebody who wants a time."""
    patient = Patient(
        practice_id=practice_id, family_name=name, search_key=name.lower(), created_at=SEVEN, **particulars
    )
    session.add(patient)
    session.flush()
    return patient


def add_practitioner(session: Session, practice_id: int, site: Site, name: str) -> tuple[Practitioner, Schedule]:
    """A practitioner and her schedule, nothing open yet."""
    doctor = Practitioner(code=name, site_id=site.id, name=f"Dr {name}", family_name=name, practice_id=practice_id)
    session.add(doctor)
    session.flush()
    schedule = Schedule(practitioner_id=doctor.id, site_id=site.id, zone=site.zone, practice_id=practice_id)
    session.add(schedule)
    session.flush()
    return doctor, schedule


def put_on_stage(database: Database) -> Fought:
    """Open on Monday and Tuesday; mornings have a share for the telephone that can be used up."""
    with database.unit_of_work(SEED) as session:
        practice = add_practice(session, "tilleuls")
        own = {"practice_id": practice.id}
        site = Site(code="reze", name="Rezé", postal_code="44400", **own)
        session.add(site)
        session.flush()
        types = [
            ServiceType(code=code, name=code, short_name=code, position=position, **own, **rules)
            for position, (code, rules) in enumerate(_TYPES.items())
        ]
        session.add_all(types)
        session.add_all(
            Resource(kind=kind, name=name, category=category, **own)
            for kind, name, category in (
                (NeedKind.ROOM, "Salle 1", "soins"),
                (NeedKind.ROOM, "Salle 2", "soins"),
                (NeedKind.DEVICE, "Échographe", "echo"),
            )
        )
        session.flush()
        plain, buffered, joint, group, device = (one.id for one in types)
        session.add_all(
            ServiceNeed(service_type_id=type_id, kind=kind, category=category, **own)
            for type_id, kind, category in (
                (joint, NeedKind.ROOM, "soins"),
                (joint, NeedKind.PRACTITIONER, ""),
                (device, NeedKind.DEVICE, "echo"),
            )
        )
        rules, doctors = [], []
        for name in ("Lemoine", "Caron", "Haddad"):
            doctor, schedule = add_practitioner(session, practice.id, site, name)
            doctors.append(doctor.id)
            for weekday in (0, 1):
                for starts, ends in ((time(8), time(12)), (time(14), time(17))):
                    opening = Opening(schedule_id=schedule.id, weekday=weekday, starts=starts, ends=ends, **own)
                    session.add(opening)
                    session.flush()
                    if starts == time(8):
                        share = OpeningChannel(opening_id=opening.id, channel=Channel.PHONE, quota=9, **own)
                        session.add_all([share, OpeningChannel(opening_id=opening.id, channel=Channel.INTERNAL, **own)])
            rule = OverbookingRule(schedule_id=schedule.id, name="Entre deux", per_day=4, **own)
            session.add(rule)
            session.flush()
            rules.append(rule.id)
        return Fought(
            practice_id=practice.id,
            practitioners=tuple(doctors),
            patients=tuple(add_patient(session, practice.id, f"Patient{number}").id for number in range(24)),
            staff=tuple(add_staff(session, f"staff{number}").id for number in range(STAFF)),
            overbooking=tuple(rules),
            plain=plain,
            buffered=buffered,
            joint=joint,
            group=group,
            device=device,
        )


_TYPES: dict[str, dict[str, Any]] = {
    "plain": {"duration_minutes": 15},
    "buffer": {"duration_minutes": 10, "before_minutes": 5, "after_minutes": 5},
    "joint": {"duration_minutes": 30, "step_minutes": 15},
    "group": {"duration_minutes": 45, "step_minutes": 15, "capacity": 4, "after_minutes": 5},
    "device": {"duration_minutes": 20},
}
