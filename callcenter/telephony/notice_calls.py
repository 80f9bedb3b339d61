"""A call that we place to a practitioner about a message: a key is asked for, and another brings the patient in.

A row like any other call, in a room of its own, that nobody rang: its practitioner comes in first, or nobody does.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.lines import LINE
from callcenter.telephony.models import Call, CallHandling, Leg, LegRole
from callcenter.telephony.outbound import FIRST_LABEL, open_outbound_call
from callcenter.telephony.statuses import GOING_ON

PRACTITIONER_LABEL = "practitioner-1"


def ring_practitioner(
    session: Session,
    *,
    practice_id: int,
    line_id: int | None,
    address: str,
    name: str,
    patient_number: str | None,
    at: datetime,
) -> Leg | None:
    """Want a practitioner's telephone (E.164) rung in the name of a line; the leg to dial after the commit.

    ``line_id`` None: the practice's first line; a practice without any rings nobody, and None is the answer.
    ``patient_number``: who is rung when the practitioner asks for it.
    """
    line_id = line_id or line_to_ring_from(session, practice_id)
    if line_id is None:
        return None
    call = open_outbound_call(
        session, practice_id=practice_id, line_id=line_id, number=patient_number, at=at, handling=CallHandling.NOTICE
    )
    return want_leg(
        session,
        call,
        role=LegRole.PRACTITIONER,
        label=PRACTITIONER_LABEL,
        address=address,
        staff_id=None,
        at=at,
        name=name,
        asks_key=True,
    )


def line_to_ring_from(session: Session, practice_id: int) -> int | None:
    """The line in whose name the practice's practitioners are rung where no call says another; None: it has none."""
    first = select(LINE.c.id).where(LINE.c.practice_id == practice_id).order_by(LINE.c.id).limit(1)
    line_id: int | None = session.execute(first).scalar()
    return line_id


def want_patient_too(session: Session, call_id: int, *, at: datetime) -> Leg | None:
    """The practitioner asks for the patient: the leg to dial after the commit; twice, it is the same leg.

    None when nobody knows a number, or the call is over.
    """
    call = lock_call(session, call_id)
    if call.handling != CallHandling.NOTICE or call.status not in GOING_ON or call.from_number is None:
        return None
    return want_leg(
        session, call, role=LegRole.PATIENT, label=FIRST_LABEL, address=call.from_number, staff_id=None, at=at
    )


def has_patient(session: Session, call: Call) -> bool:
    """Whether the patient of this call was ever wanted on the line."""
    found = select(Leg.id).where(Leg.call_id == call.id, Leg.role == LegRole.PATIENT)
    return session.scalar(found.limit(1)) is not None
