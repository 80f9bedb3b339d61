"""The practice of the Tilleuls: the doctors Lemoine and Arnaud take weeks in turn; Nguyen does not sign in."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.models import Practice, Practitioner, Role, Site, Staff
from callcenter.dispatch.on_call import on_call_line
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation, OnCallShift
from callcenter.dispatch.rotations import RotationParticulars, add_rotation

EVERYTHING = Centre(CentreReason.SEED)
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, ten o'clock in Paris


def paris(text: str) -> datetime:
    """An instant as the practice's clocks show it."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@dataclass
class Cast:
    """Ids of everybody."""

    database: Database
    tilleuls: int
    kaplan: int
    lemoine: int
    arnaud: int
    nguyen: int
    staff: dict[str, int]

    @property
    def scope(self) -> Practices:
        return Practices.of(self.tilleuls)

    def weeks(self, *, starts_on: str = "2026-11-23", at: datetime = NOW) -> int:
        """Lemoine and Arnaud take weeks in turn from that Monday, 18:00, on."""
        typed = RotationParticulars("Semaines", (self.lemoine, self.arnaud), "7", "18:00", starts_on)
        with self.database.unit_of_work(self.scope) as session:
            return add_rotation(session, self.tilleuls, typed, at=at, staff_id=self.staff["sofia"]).id

    def weeks_since(self, starts_on: date, *, turn_days: int = 7) -> int:
        """The same, begun long ago."""
        with self.database.unit_of_work(self.scope) as session:
            row = OnCallRotation(
                practice_id=self.tilleuls, name="", starts_on=starts_on, turn_days=turn_days, changes_at=time(18)
            )
            session.add(row)
            session.flush()
            session.add_all(
                OnCallMember(practice_id=self.tilleuls, rotation_id=row.id, position=position, practitioner_id=member)
                for position, member in enumerate((self.lemoine, self.arnaud))
            )
            return row.id

    def who(self, when: str) -> str:
        """Who is on call then; nobody is an empty name."""
        with self.database.reading(self.scope) as session:
            line = on_call_line(session, self.tilleuls, at=paris(when))
        return "" if line is None else line.name

    def shifts(self) -> list[OnCallShift]:
        with self.database.reading(EVERYTHING) as session:
            return list(session.scalars(select(OnCallShift).order_by(OnCallShift.id)))

    def acts(self) -> list[str]:
        with self.database.reading(EVERYTHING) as session:
            return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def open_cast(database: Database) -> Cast:
    with database.unit_of_work(EVERYTHING) as session:
        practices = [
            Practice(code=code, name=name, short_name=code, created_at=NOW, language="fr")
            for code, name in (("tilleuls", "Cabinet des Tilleuls"), ("kaplan", "Cabinet Kaplan"))
        ]
        people = [
            Staff(login=login, name=login, role=role, password_hash="x", created_at=NOW)
            for login, role in (
                ("sofia", Role.SUPERVISOR),
                ("lemoine", Role.PRACTITIONER),
                ("arnaud", Role.PRACTITIONER),
                ("kaplan", Role.PRACTITIONER),
            )
        ]
        session.add_all([*practices, *people])
        session.flush()
        staff = {one.login: one.id for one in people}
        sites = [Site(practice_id=one.id, code="site", name=one.name) for one in practices]
        session.add_all(sites)
        session.flush()
        doctors = [
            Practitioner(
                practice_id=practice.id,
                site_id=site.id,
                code=name.lower(),
                name=f"Dr {name}",
                family_name=name,
                position=position,
                staff_id=staff.get(name.lower()),
            )
            for position, (practice, site, name) in enumerate(
                (
                    (practices[0], sites[0], "Lemoine"),
                    (practices[0], sites[0], "Arnaud"),
                    (practices[0], sites[0], "Nguyen"),
                    (practices[1], sites[1], "Kaplan"),
                )
            )
        ]
        session.add_all(doctors)
        session.flush()
        return Cast(database, practices[0].id, practices[1].id, doctors[0].id, doctors[1].id, doctors[2].id, staff)


@pytest.fixture
def cast(database: Database) -> Cast:
    return open_cast(database)
