"""A series about to be booked in a call: what would be booked when, and what it would be instead of."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.visits import visitor_for
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.writing.series import Proposal, book_series, propose_series
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.desk.card import CallCard
from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote

EVERY = (1, 2, 3, 4, 6, 8, 12, 26)
"""Weeks between two visits that the form offers."""


@dataclass(frozen=True, slots=True)
class SeriesView:
    """What the dialog shows. ``start`` is of the first visit, UTC seconds."""

    call_id: int
    practitioner_id: int
    type_id: int
    type_name: str
    start: int
    every_weeks: int
    count: int
    proposals: list[Proposal]
    zone: str
    request_key: str

    @property
    def free_count(self) -> int:
        """How many of them can be booked."""
        return sum(one.free is not None for one in self.proposals)


def series_view(
    session: Session,
    card: CallCard,
    *,
    practitioner_id: int,
    type_id: int,
    start: int,
    every_weeks: int,
    count: int,
    staff_id: int,
    at: datetime,
) -> SeriesView:
    """A series for whom the call is about. Raises ``Invalid`` for one that makes no sense, ``NotFound``."""
    kind = session.scalar(
        select(ServiceType).where(ServiceType.id == type_id, ServiceType.practice_id == card.practice_id)
    )
    if kind is None:
        raise NotFound(N_("There is no such type of visit."))
    visitor = None if card.patient is None else visitor_for(session, practitioner_id, card.patient.id)
    proposals = propose_series(
        session,
        practitioner_id=practitioner_id,
        service_type=kind,
        start=start,
        every_weeks=every_weeks,
        count=count,
        at=at,
        visitor=visitor,
        staff_id=staff_id,
    )
    patient_id = card.patient.id if card.patient else 0
    return SeriesView(
        call_id=card.call_id,
        practitioner_id=practitioner_id,
        type_id=type_id,
        type_name=kind.name,
        start=start,
        every_weeks=every_weeks,
        count=count,
        proposals=proposals,
        zone=next((one.free.zone for one in proposals if one.free), card.zone),
        request_key=f"s-{card.call_id}-{practitioner_id}-{type_id}-{start}-{patient_id}-{len(card.booked)}"[:50],
    )


def book_series_in_call(
    session: Session,
    call_id: int,
    *,
    staff_id: int,
    practitioner_id: int,
    service_type_id: int,
    starts: list[int],
    request_key: str,
    at: datetime,
) -> list[Appointment]:
    """Book a series for whom the call is about, all or none. Raises as ``book_in_call`` and ``book_series``."""
    call = handled_call(session, call_id, staff_id=staff_id)
    patient_id = session.scalar(select(CallNote.patient_id).where(CallNote.call_id == call_id))
    if patient_id is None:
        raise Conflict(N_("Choose the person first, then book."))
    booked = book_series(
        session,
        practice_id=call.practice_id,
        practitioner_id=practitioner_id,
        patient_id=patient_id,
        service_type_id=service_type_id,
        starts=starts,
        call_id=call_id,
        staff_id=staff_id,
        request_key=request_key,
        at=at,
    )
    touch(session, f"desk-{staff_id}")
    return booked
