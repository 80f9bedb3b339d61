"""Appointments made or given back in a call: for the patient the call is about, by the operator whose call it is."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.db import touch
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote


def book_in_call(
    session: Session,
    call_id: int,
    *,
    staff_id: int,
    practitioner_id: int,
    service_type_id: int,
    start: int,
    request_key: str,
    at: datetime,
    overbooking_rule_id: int | None = None,
) -> Appointment:
    """Book a time (UTC seconds) for whom the call is about; with a rule, also one that is taken, beside the plan.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` while nobody is chosen, ``TimeTaken`` when somebody
    was faster. The patient comes from the call's note, never from the form: what the card shows is who is booked.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    patient_id = session.scalar(select(CallNote.patient_id).where(CallNote.call_id == call_id))
    if patient_id is None:
        raise Conflict(N_("Choose the person first, then book."))
    appointment = book_appointment(
        session,
        practice_id=call.practice_id,
        practitioner_id=practitioner_id,
        patient_id=patient_id,
        service_type_id=service_type_id,
        start=start,
        call_id=call_id,
        staff_id=staff_id,
        request_key=request_key,
        at=at,
        overbooking_rule_id=overbooking_rule_id,
    )
    touch(session, f"desk-{staff_id}")
    return appointment


def cancel_in_call(session: Session, call_id: int, appointment_id: int, *, staff_id: int, at: datetime) -> None:
    """Give an appointment of the called practice back. Raises ``NotFound`` for what is out of her reach."""
    handled_call(session, call_id, staff_id=staff_id)
    cancel_appointment(session, appointment_id, staff_id=staff_id, at=at, call_id=call_id)
    touch(session, f"desk-{staff_id}")
