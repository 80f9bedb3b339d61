"""The call that an operator is in, as far as her work in an agenda needs it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.desk.models import CallNote
from callcenter.desk.persons import KnownPerson, known_persons
from callcenter.directory.models import Patient, Practice
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """``persons`` are those known on the number, while nobody is chosen. ``state`` as on the card."""

    call_id: int
    practice_id: int
    zone: str
    state: str
    from_number: str | None
    persons: list[KnownPerson]
    patient: KnownPerson | None
    is_hers: bool = True


def current_call(session: Session, staff_id: int, *, at: datetime) -> CurrentCall | None:
    """The call she talks on, or has just ended; None otherwise."""
    found = session.execute(
        select(Call, Agent.status, CallNote.patient_id, Practice.zone)
        .join(Agent, Agent.call_id == Call.id)
        .join(Practice, Practice.id == Call.practice_id)
        .outerjoin(CallNote, CallNote.call_id == Call.id)
        .where(Agent.staff_id == staff_id, Agent.status.in_([AgentStatus.ON_CALL, AgentStatus.WRAP_UP]))
    ).first()
    if found is None:
        return None
    call, status, patient_id, zone = found
    about = None if patient_id is None else session.get(Patient, patient_id)
    persons, patient = known_persons(session, call.from_number, about, practice_id=call.practice_id, at=at)
    return CurrentCall(
        call_id=call.id,
        practice_id=call.practice_id,
        zone=zone,
        state="wrap_up" if status == AgentStatus.WRAP_UP else "talking",
        from_number=call.from_number,
        persons=persons,
        patient=patient,
    )
