"""The cast of the desk's stories: two practices, two operators, and calls written as the carrier would leave them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from callcenter.agenda.models import Opening, Schedule, ServiceType
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.core.text import search_key
from callcenter.directory.models import (
    Patient,
    Practice,
    PracticeLine,
    Practitioner,
    Role,
    Site,
    Staff,
)
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, QueueEntryStatus, Reservation, ReservationStatus
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus

MONDAY_0914 = datetime(2026, 11, 23, 8, 14, tzinfo=UTC)  # 09:14 in Paris
CALLER = "+33639981472"


@dataclass
class Cast:
    """Ids of everybody; rows are re-read by the tests."""

    database: Database
    at: datetime = MONDAY_0914
    tilleuls: int = 0
    kaplan: int = 0
    tilleuls_line: int = 0
    kaplan_line: int = 0
    lemoine: int = 0
    consultation: int = 0
    camille: int = 0
    ines: int = 0
    sids: int = field(default=0)

    @property
    def everything(self) -> Centre:
        """The scope of a story's author."""
        return Centre(CentreReason.SEED)

    def call(
        self,
        session: Session,
        *,
        line: int | None = None,
        number: str | None = CALLER,
        received: datetime | None = None,
    ) -> Call:
        """A patient waits."""
        self.sids += 1
        line_id = line or self.tilleuls_line
        practice_id = self.tilleuls if line_id == self.tilleuls_line else self.kaplan
        call = Call(
            practice_id=practice_id,
            line_id=line_id,
            sid=f"CA{self.sids:032d}",
            from_number=number,
            received_at=received or self.at - timedelta(seconds=18),
        )
        session.add(call)
        session.flush()
        session.add_all(
            [
                Leg(
                    practice_id=practice_id,
                    call_id=call.id,
                    role=LegRole.PATIENT,
                    label="patient",
                    address=number or "",
                    status=LegStatus.JOINED,
                    wanted_at=call.received_at,
                    joined_at=call.received_at,
                ),
                QueueEntry(practice_id=practice_id, call_id=call.id, joined_at=call.received_at),
            ]
        )
        session.flush()
        return call

    def offer(self, session: Session, call: Call, *, to: int) -> Reservation:
        """The distributor offers the call to her."""
        entry = session.query(QueueEntry).filter_by(call_id=call.id).one()
        reservation = Reservation(
            practice_id=call.practice_id,
            queue_entry_id=entry.id,
            call_id=call.id,
            staff_id=to,
            status=ReservationStatus.PENDING,
            offered_at=self.at - timedelta(seconds=8),
            expires_at=self.at + timedelta(seconds=12),
        )
        session.add(reservation)
        self.set_agent(session, to, AgentStatus.RESERVED)
        session.flush()
        return reservation

    def talk(self, session: Session, call: Call, *, by: int) -> None:
        """She took it; her telephone is in the conversation."""
        entry = session.query(QueueEntry).filter_by(call_id=call.id).one()
        entry.status, entry.left_at = QueueEntryStatus.ANSWERED, self.at
        call.status, call.answered_at = CallStatus.TALKING, self.at
        session.add(
            Leg(
                practice_id=call.practice_id,
                call_id=call.id,
                role=LegRole.OPERATOR,
                label=f"operator-{by}",
                address="client:camille",
                staff_id=by,
                status=LegStatus.JOINED,
                wanted_at=self.at,
                joined_at=self.at,
            )
        )
        self.set_agent(session, by, AgentStatus.ON_CALL, call_id=call.id)
        session.flush()

    def end(self, session: Session, call: Call, *, by: int) -> None:
        """Everybody hung up; she has to say how it ended."""
        call.status, call.ended_at = CallStatus.ENDED, self.at + timedelta(minutes=2)
        for leg in session.query(Leg).filter_by(call_id=call.id):
            leg.status, leg.left_at = LegStatus.LEFT, call.ended_at
        self.set_agent(session, by, AgentStatus.WRAP_UP, call_id=call.id)
        session.flush()

    def set_agent(self, session: Session, staff_id: int, status: AgentStatus, *, call_id: int | None = None) -> None:
        """Her state at the distributor's."""
        agent = session.get(Agent, staff_id) or Agent(staff_id=staff_id)
        agent.status, agent.status_since, agent.call_id = status, self.at, call_id
        agent.lease_until, agent.missed_call = self.at + timedelta(seconds=15), False
        session.add(agent)
        session.flush()

    def patient(
        self, session: Session, given: str, family: str, *, practice: int | None = None, number: str | None = CALLER
    ) -> Patient:
        """Somebody the practice knows."""
        person = Patient(
            practice_id=practice or self.tilleuls,
            title="Mme",
            given_name=given,
            family_name=family,
            birth_on=date(1958, 3, 14),
            phone=number,
            search_key=search_key(family, given),
            created_at=self.at,
        )
        session.add(person)
        session.flush()
        return person


@pytest.fixture
def cast(database: Database) -> Cast:
    """Two practices with a line each, Camille and Inès at the desks, Dr Lemoine open every morning."""
    story = Cast(database)
    with database.unit_of_work(story.everything) as session:
        for name, code, number in (
            ("Cabinet des Tilleuls", "tilleuls", "+33199004217"),
            ("Dr Kaplan", "kaplan", "+33199004218"),
        ):
            practice = Practice(code=code, name=name, short_name=name, created_at=story.at)
            session.add(practice)
            session.flush()
            line = PracticeLine(practice_id=practice.id, number=number, label="Ligne principale")
            site = Site(practice_id=practice.id, code="s", name=name, city="Rezé")
            session.add_all([line, site])
            session.flush()
            doctor = Practitioner(
                practice_id=practice.id, code="d", site_id=site.id, name="Dr Lemoine", family_name="Lemoine"
            )
            kind = ServiceType(
                practice_id=practice.id, code="cs", name="Consultation", short_name="Cs", duration_minutes=15
            )
            session.add_all([doctor, kind])
            session.flush()
            schedule = Schedule(
                practice_id=practice.id, practitioner_id=doctor.id, site_id=site.id, zone="Europe/Paris"
            )
            session.add(schedule)
            session.flush()
            session.add_all(
                Opening(practice_id=practice.id, schedule_id=schedule.id, weekday=day, starts=time(8), ends=time(12))
                for day in range(5)
            )
            setattr(story, code, practice.id)
            setattr(story, f"{code}_line", line.id)
            if code == "tilleuls":
                story.lemoine, story.consultation = doctor.id, kind.id
        for login in ("camille", "ines"):
            staff = Staff(
                login=login,
                name=login.title(),
                first_name=login.title(),
                role=Role.OPERATOR,
                password_hash="-",
                endpoint=f"client:{login}",
                created_at=story.at,
            )
            session.add(staff)
            session.flush()
            setattr(story, login, staff.id)
    return story
