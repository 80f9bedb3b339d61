"""What a type of visit asks beyond its length, for the practice and for one practitioner, as people set it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.service_types import LONGEST_VISIT_MINUTES
from callcenter.agenda.editing.typed_spans import read_count, read_span, write_span
from callcenter.agenda.models import PractitionerService, ServiceType
from callcenter.agenda.rules.visit_rules import NewPatients
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line

LONGEST_BUFFER, LONGEST_HORIZON, OLDEST, LARGEST_GROUP = 240, 3 * 366, 130, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSettings:
    """What a type of visit asks, as typed."""

    before_minutes: str = "0"
    after_minutes: str = "0"
    step_minutes: str = "5"
    notice: str = ""
    horizon_days: str = ""
    new_patients: str = NewPatients.WELCOME.value
    new_patient_minutes: str = ""
    youngest: str = ""
    oldest: str = ""
    is_urgent: str = ""  # anything is yes
    capacity: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSettings:
    """What one practitioner does otherwise, as typed; empty is as the practice says."""

    is_offered: str = ""  # anything is yes
    duration_minutes: str = ""
    new_patients: str = ""
    new_patient_minutes: str = ""
    notice: str = ""
    horizon_days: str = ""


def set_visit_settings(
    session: Session, service_type: ServiceType, typed: VisitSettings, *, at: datetime, staff_id: int | None
) -> bool:
    """Let a type of visit ask this, and tell whether that is a change. Raises ``Invalid`` naming the field."""
    changed = _fill(service_type, _columns(typed))
    if changed:
        _note(session, service_type, "visit_settings_changed", at=at, staff_id=staff_id)
    return changed


def set_own_settings(
    session: Session,
    service_type: ServiceType,
    practitioner_id: int,
    typed: OwnSettings,
    *,
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Let one practitioner give it otherwise, or as the practice says when nothing differs; tell whether it changed."""
    columns = _own_columns(typed, service_type)
    row = session.get(PractitionerService, (practitioner_id, service_type.id))
    if not any(value is not None for name, value in columns.items() if name != "is_offered") and columns["is_offered"]:
        if row is None:
            return False
        session.delete(row)
    else:
        if row is None:
            row = PractitionerService(
                practice_id=service_type.practice_id,
                practitioner_id=practitioner_id,
                service_type_id=service_type.id,
                is_offered=True,
            )
            session.add(row)
        if not _fill(row, columns):
            return False
    session.flush()
    _note(session, service_type, "own_visit_settings_changed", at=at, staff_id=staff_id)
    return True


def own_settings(session: Session, service_type: ServiceType) -> Mapping[int, PractitionerService]:
    """What practitioners do otherwise, by practitioner."""
    rows = session.scalars(
        select(PractitionerService).where(
            PractitionerService.practice_id == service_type.practice_id,
            PractitionerService.service_type_id == service_type.id,
        )
    )
    return {row.practitioner_id: row for row in rows}


def write_visit_settings(kept: ServiceType) -> dict[str, object]:
    """What the form shows of a type of visit."""
    return {
        "before_minutes": str(kept.before_minutes),
        "after_minutes": str(kept.after_minutes),
        "step_minutes": str(kept.step_minutes),
        "notice": write_span(kept.notice_minutes or None),
        "horizon_days": _shown(kept.horizon_days),
        "new_patients": kept.new_patients,
        "new_patient_minutes": _shown(kept.new_patient_minutes),
        "youngest": _shown(kept.youngest),
        "oldest": _shown(kept.oldest),
        "is_urgent": "1" if kept.is_urgent else "",
        "capacity": str(kept.capacity),
    }


def write_own_settings(kept: PractitionerService | None) -> dict[str, object]:
    """What the form shows of one practitioner's."""
    if kept is None:
        return {"is_offered": "1"}
    return {
        "is_offered": "1" if kept.is_offered else "",
        "duration_minutes": _shown(kept.duration_minutes),
        "new_patients": kept.new_patients or "",
        "new_patient_minutes": _shown(kept.new_patient_minutes),
        "notice": write_span(kept.notice_minutes),
        "horizon_days": _shown(kept.horizon_days),
    }


def _columns(typed: VisitSettings) -> dict[str, object]:
    step = read_count(typed.step_minutes, field="step_minutes", least=5, most=LONGEST_VISIT_MINUTES) or 5
    if step % 5:
        raise Invalid(N_("Visits begin every 5, 10, 15... minutes: a multiple of five."), field="step_minutes")
    new_patients = _new_patients(typed.new_patients) or NewPatients.WELCOME
    minutes = _new_patient_minutes(typed.new_patient_minutes, new_patients)
    if new_patients is NewPatients.LONGER and minutes is None:
        raise Invalid(N_("Say how many minutes the first visit takes."), field="new_patient_minutes")
    youngest = read_count(typed.youngest, field="youngest", least=0, most=OLDEST)
    oldest = read_count(typed.oldest, field="oldest", least=0, most=OLDEST)
    if youngest is not None and oldest is not None and oldest < youngest:
        raise Invalid(N_("Nobody is that old and that young: the oldest comes before the youngest."), field="oldest")
    return {
        "before_minutes": read_count(typed.before_minutes, field="before_minutes", least=0, most=LONGEST_BUFFER) or 0,
        "after_minutes": read_count(typed.after_minutes, field="after_minutes", least=0, most=LONGEST_BUFFER) or 0,
        "step_minutes": step,
        **_when(read_span(typed.notice, field="notice") or 0, _horizon(typed.horizon_days)),
        "new_patients": new_patients,
        "new_patient_minutes": minutes,
        "youngest": youngest,
        "oldest": oldest,
        "is_urgent": bool(typed.is_urgent),
        "capacity": read_count(typed.capacity, field="capacity", least=1, most=LARGEST_GROUP) or 1,
    }


def _own_columns(typed: OwnSettings, service_type: ServiceType) -> dict[str, object]:
    new_patients = _new_patients(typed.new_patients) if clean_line(typed.new_patients) else None
    minutes = _new_patient_minutes(typed.new_patient_minutes, new_patients or NewPatients(service_type.new_patients))
    if new_patients is NewPatients.LONGER and minutes is None and service_type.new_patient_minutes is None:
        raise Invalid(N_("Say how many minutes the first visit takes."), field="new_patient_minutes")
    notice, horizon = read_span(typed.notice, field="notice"), _horizon(typed.horizon_days)
    _when(
        service_type.notice_minutes if notice is None else notice,
        service_type.horizon_days if horizon is None else horizon,
    )
    return {
        "is_offered": bool(typed.is_offered),
        "duration_minutes": read_count(
            typed.duration_minutes, field="duration_minutes", least=5, most=LONGEST_VISIT_MINUTES
        ),
        "new_patients": new_patients,
        "new_patient_minutes": minutes,
        "notice_minutes": notice,
        "horizon_days": horizon,
    }


def _when(notice: int, horizon: int | None) -> dict[str, object]:
    if horizon is not None and notice >= horizon * 24 * 60:
        raise Invalid(
            N_("Nothing could be booked: the latest booking comes before the first possible one."), field="horizon_days"
        )
    return {"notice_minutes": notice, "horizon_days": horizon}


def _horizon(typed: str) -> int | None:
    return read_count(typed, field="horizon_days", least=1, most=LONGEST_HORIZON)


def _new_patients(typed: str) -> NewPatients:
    try:
        return NewPatients(clean_line(typed))
    except ValueError:
        raise Invalid(N_("Choose one of these."), field="new_patients") from None


def _new_patient_minutes(typed: str, new_patients: NewPatients) -> int | None:
    """None for those whose first visit is as long as any: the field is not even shown then."""
    if new_patients is not NewPatients.LONGER:
        return None
    return read_count(typed, field="new_patient_minutes", least=5, most=LONGEST_VISIT_MINUTES)


def _fill(row: ServiceType | PractitionerService, columns: Mapping[str, object]) -> bool:
    changed = False
    for name, value in columns.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def _shown(number: int | None) -> str:
    return "" if number is None else str(number)


def _note(session: Session, service_type: ServiceType, action: str, *, at: datetime, staff_id: int | None) -> None:
    subject = f"service_type {service_type.id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=service_type.practice_id)
    touch_agenda(session, service_type.practice_id)
