"""A call comes in."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.events import publish
from callcenter.core.insertion import insert_new
from callcenter.core.phone import read_caller
from callcenter.core.text import clean_line
from callcenter.telephony.events import CallReceived
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.lines import line_dialled
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus, MisdialledCall
from callcenter.telephony.receipts import was_heard
from callcenter.telephony.state import LegNews

PATIENT_LABEL = "patient"
HUNG_UP = "hung-up"  # kind of the receipt that says a caller's telephone is back on the hook


def receive_call(session: Session, *, sid: str, to_number: str, from_number: str | None, at: datetime) -> Call | None:
    """The call of this SID, made on its first webhook; None when no practice has the dialled number.

    ``to_number`` and ``from_number`` as the carrier sent them. The unique SID makes a repeat find the same row: nothing
    is published or written twice. Needs the scope ``Centre(WEBHOOK)``, for the dialled number decides the practice.
    """
    line = line_dialled(session, to_number)
    if line is None:
        _note_misdialled(session, sid=sid, to_number=to_number, from_number=from_number, at=at)
        return None
    is_new = insert_new(
        session,
        Call,
        sid=sid,
        line_id=line.line_id,
        practice_id=line.practice_id,
        from_number=read_caller(from_number),
        status=CallStatus.WAITING,
        received_at=at,
    )
    call = session.scalars(select(Call).where(Call.sid == sid)).one()
    if is_new:
        patient = Leg(
            call_id=call.id,
            practice_id=call.practice_id,
            role=LegRole.PATIENT,
            label=PATIENT_LABEL,
            address=call.from_number or "",
            sid=sid,
            status=LegStatus.DIALLING,
            wanted_at=at,
            dialled_at=at,
        )
        session.add(patient)
        session.flush()
        publish(session, CallReceived(call_id=call.id, practice_id=call.practice_id, at=at))
        if was_heard(session, HUNG_UP, sid):
            # The end overtook the beginning: nobody may be asked to take a caller who is gone.
            record_leg_event(session, patient, LegNews.HUNG_UP, at=at)
    return call


def find_lost_caller(
    session: Session, *, sid: str, to_number: str, from_number: str | None, at: datetime
) -> Call | None:
    """Receive a caller who waits in her room although her first webhook could not be kept; None when she is known.

    Same parameters and scope as ``receive_call``. She is in her conference already: it is from there that we hear.
    """
    if line_dialled(session, to_number) is None or session.scalar(select(Call.id).where(Call.sid == sid)) is not None:
        return None
    call = receive_call(session, sid=sid, to_number=to_number, from_number=from_number, at=at)
    if call is not None:
        patient = session.scalars(select(Leg).where(Leg.call_id == call.id, Leg.label == PATIENT_LABEL)).one()
        record_leg_event(session, patient, LegNews.JOINED, at=at)
    return call


def conference_name(call_sid: str) -> str:
    """The room of a call: derived from its SID alone, so that even an answer given in distress joins no strangers."""
    return f"call-{call_sid}"


def _note_misdialled(session: Session, *, sid: str, to_number: str, from_number: str | None, at: datetime) -> None:
    if insert_new(
        session,
        MisdialledCall,
        sid=sid,
        to_number=clean_line(to_number, limit=40),
        from_number=read_caller(from_number),
        received_at=at,
    ):
        touch(session, "queue")
