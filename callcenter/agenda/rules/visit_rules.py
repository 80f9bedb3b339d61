"""What a type of visit asks of the agenda, for one practitioner and, once known, for one patient. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.agenda.rules.offering import VisitRule

MINUTE, DAY = 60, 24 * 3600


class NewPatients(StrEnum):
    """What a type of visit says to somebody whom the practitioner has never seen."""

    WELCOME = "welcome"
    REFUSED = "refused"
    LONGER = "longer"  # welcome, for another length


class NotForHer(StrEnum):
    """Why this patient cannot have this type of visit with this practitioner, whatever the time."""

    NOT_OFFERED = "not_offered"
    NO_NEW_PATIENTS = "no_new_patients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A type of visit as one practitioner gives it; minutes and days as people set them."""

    service_type_id: int
    duration_minutes: int
    before_minutes: int = 0
    after_minutes: int = 0
    step_minutes: int = 5
    notice_minutes: int = 0
    horizon_days: int | None = None
    new_patients: NewPatients = NewPatients.WELCOME
    new_patient_minutes: int | None = None
    youngest: int | None = None  # years completed on the day of the visit, both included
    oldest: int | None = None
    is_urgent: bool = False
    is_offered: bool = True
    capacity: int = 1  # patients in one visit; more is a group
    needs_company: bool = False  # a room, a device or a second practitioner


@dataclass(frozen=True, slots=True)
class Visitor:
    """What counts of a patient here. An unknown date of birth is no reason to refuse anybody."""

    is_new: bool
    birth_on: date | None = None


def visit_rule(visit: Visit, visitor: Visitor | None, *, zone: str) -> VisitRule | NotForHer:
    """The rule for one patient, or for anybody the practitioner knows while it is not said who.

    Ages are of the day of the visit, on the wall of ``zone``.
    """
    if not visit.is_offered:
        return NotForHer.NOT_OFFERED
    minutes = visit.duration_minutes
    from_age = until_age = None
    if visitor is not None:
        if visitor.is_new and visit.new_patients is NewPatients.REFUSED:
            return NotForHer.NO_NEW_PATIENTS
        if visitor.is_new and visit.new_patients is NewPatients.LONGER:
            minutes = visit.new_patient_minutes or minutes
        if visitor.birth_on is not None:
            from_age = None if visit.youngest is None else _midnight(_birthday(visitor.birth_on, visit.youngest), zone)
            until_age = None if visit.oldest is None else _midnight(_birthday(visitor.birth_on, visit.oldest + 1), zone)
    return VisitRule(
        service_type_id=visit.service_type_id,
        duration=minutes * MINUTE,
        before=visit.before_minutes * MINUTE,
        after=visit.after_minutes * MINUTE,
        step=visit.step_minutes * MINUTE,
        notice=visit.notice_minutes * MINUTE,
        horizon=None if visit.horizon_days is None else visit.horizon_days * DAY,
        is_urgent=visit.is_urgent,
        from_age=from_age,
        until_age=until_age,
    )


def _birthday(born: date, years: int) -> date:
    """The day on which so many years are completed: who was born on 29 February completes them on 1 March."""
    year = born.year + years
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())
