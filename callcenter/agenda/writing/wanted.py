"""A time that somebody wants and cannot have: said in a sentence, with who has it and the next ones that can be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.finding.free_times import find_free, first_free_times
from callcenter.agenda.finding.occupancy import seconds
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.finding.places import Free
from callcenter.agenda.finding.refusals import sentence_of
from callcenter.agenda.finding.visits import visitor_asked
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.rules.visit_rules import NotForHer, Visit, Visitor
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.directory.models import Staff

_CHOICES = 3
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A time that somebody wants; ``start`` in UTC seconds."""

    practice_id: int
    practitioner_id: int
    service_type: ServiceType
    visit: Visit  # the same as this practitioner gives it
    start: int
    staff_id: int | None
    patient_id: int | None = None
    channel: Channel = Channel.PHONE
    moving: frozenset[int] = frozenset()  # appointments that leave their time in the same transaction
    overbooking_rule_id: int | None = None


class TimeTaken(Conflict):
    """The time cannot be had any more; ``next_choices`` can, and ``taken_by`` names who has it when known."""

    def __init__(self, sentence: str, /, *, next_choices: Sequence[Free], taken_by: str = "", **values: object) -> None:
        super().__init__(sentence, **values)
        self.next_choices = tuple(next_choices)
        self.taken_by = taken_by


def visitor_of(session: Session, wanted: Wanted) -> Visitor | None:
    """What counts of the patient for whom it is wanted; None while that is not said."""
    if wanted.patient_id is None:
        return None
    return visitor_asked(session, wanted.practitioner_id, wanted.patient_id, wanted.visit)


def refused(session: Session, wanted: Wanted, why: Refusal | NotForHer, *, at: datetime) -> TimeTaken:
    """The refusal with its sentence, and the next times that this patient can have."""
    choices = _next_choices(session, wanted, at=at)
    # Who has it is said also where the rules would have refused it: that is what two at their desks want to know.
    if why in {Refusal.TAKEN, Refusal.CLOSED}:
        name = _taken_by(session, wanted, at=at)
        if name is not None and name:
            return TimeTaken(N_("%(name)s has just taken this time."), next_choices=choices, taken_by=name, name=name)
        why = Refusal.TAKEN if name is not None else why
    return TimeTaken(sentence_of(why), next_choices=choices)


def _taken_by(session: Session, wanted: Wanted, *, at: datetime) -> str | None:
    """The colleague who has this time, empty when it is the asker's own or nobody's; None when it is not taken."""
    before = wanted.service_type.before_minutes * 60
    until = wanted.start + (wanted.service_type.duration_minutes + wanted.service_type.after_minutes) * 60
    rows = session.execute(
        select(Occupation, Appointment.booked_by)
        .outerjoin(Appointment, Appointment.id == Occupation.appointment_id)
        .where(
            Occupation.actor == practitioner_actor(wanted.practitioner_id),
            Occupation.start < until,
            Occupation.end > wanted.start - before,
        )
        .order_by(Occupation.lane, Occupation.start)
    ).all()
    standing = [row for row in rows if row.Occupation.until is None or row.Occupation.until > seconds(at)]
    standing = [row for row in standing if row.Occupation.appointment_id not in wanted.moving]
    if not standing:
        return None
    taker = standing[0].booked_by or standing[0].Occupation.held_by
    if taker is None or taker == wanted.staff_id:
        return ""
    return session.scalar(select(Staff.name).where(Staff.id == taker)) or ""


def _next_choices(session: Session, wanted: Wanted, *, at: datetime) -> list[Free]:
    """Three times as near after the wanted one as there are; when none follows within a week, the first free ones."""
    day = local_time(wanted.start, "UTC").date()
    visitor = visitor_of(session, wanted)
    after = [
        one
        for one in find_free(
            session,
            wanted.practitioner_id,
            wanted.service_type,
            first_day=day - _DAY,
            last_day=day + 7 * _DAY,
            at=at,
            visitor=visitor,
            staff_id=wanted.staff_id,
        )
        if one.start > wanted.start
    ]
    if len(after) >= _CHOICES:
        return after[:_CHOICES]
    return first_free_times(
        session,
        wanted.practitioner_id,
        wanted.service_type,
        at=at,
        count=_CHOICES,
        visitor=visitor,
        staff_id=wanted.staff_id,
    )
