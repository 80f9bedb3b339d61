"""A call that we place to a patient: first the operator's own telephone, and once she is there, the patient's.

A row like any other call, in a room of its own, with a name of ours where the carrier's would be: everything that is
true of a conversation holds for it.
"""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.telephony.legs import end_legs, lock_call, want_leg
from callcenter.telephony.models import Call, CallDirection, CallHandling, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.statuses import GOING_ON

FIRST_LABEL = "patient-1"  # the next one when she is rung back is patient-2


def open_outbound_call(
    session: Session,
    *,
    practice_id: int,
    line_id: int,
    number: str | None,
    at: datetime,
    handling: CallHandling = CallHandling.QUEUE,
) -> Call:
    """A call to this patient (E.164; None: nobody knows) in the name of that line; nobody is rung yet."""
    call = Call(
        practice_id=practice_id,
        line_id=line_id,
        sid=f"OUT{uuid4().hex}",
        from_number=number,
        callback_number=number,
        direction=CallDirection.OUTBOUND,
        handling=handling,
        status=CallStatus.WAITING,
        received_at=at,
    )
    session.add(call)
    session.flush()
    return call


def want_patient(session: Session, call_id: int, *, at: datetime) -> Leg | None:
    """Want the patient of a call of ours on the line, now that an operator is; the leg to dial after the commit.

    None for a call that is not ours to place or over, and while no operator is there: she must not hear music first.
    Asked twice, it is the same leg.
    """
    call = lock_call(session, call_id)
    if call.direction != CallDirection.OUTBOUND or call.status not in GOING_ON or call.from_number is None:
        return None
    legs = session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all()
    there = [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.status == LegStatus.JOINED]
    first = next((leg for leg in legs if leg.role == LegRole.PATIENT), None)
    if first is not None or not there:
        return first
    return want_leg(
        session,
        call,
        role=LegRole.PATIENT,
        label=FIRST_LABEL,
        address=call.from_number,
        staff_id=there[0].staff_id,
        at=at,
    )


def note_never_rung(session: Session, call: Call, *, at: datetime) -> None:
    """End a call of ours before its patient was rung at all: her leg is noted as given up. The call is locked."""
    if call.direction != CallDirection.OUTBOUND:
        return
    if session.scalar(select(Leg.id).where(Leg.call_id == call.id, Leg.role == LegRole.PATIENT).limit(1)) is None:
        session.add(
            Leg(
                call_id=call.id,
                practice_id=call.practice_id,
                role=LegRole.PATIENT,
                label=FIRST_LABEL,
                address=call.from_number or "",
                status=LegStatus.FAILED,
                wanted_at=at,
                given_up_at=at,
                left_at=at,
            )
        )
        session.flush()


def end_outbound_call(session: Session, call_id: int, *, at: datetime) -> None:
    """End a call of ours, whoever was rung for it by then; the carrier is told by the sweep."""
    call = lock_call(session, call_id)
    note_never_rung(session, call, at=at)
    end_legs(session, call, at=at)
