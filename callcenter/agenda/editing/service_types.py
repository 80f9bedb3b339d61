"""A practice's types of visit: how long they last, what surrounds them, and who may have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.models import ServiceType
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, search_key

LONGEST_VISIT_MINUTES = 8 * 60
COLOURS = range(1, 9)


@dataclass(frozen=True, slots=True)
class ServiceTypeParticulars:
    """A type of visit as typed."""

    name: str = ""
    short_name: str = ""
    duration_minutes: str = ""
    colour: str = "1"


def list_service_types(session: Session, practice_id: int) -> Sequence[ServiceType]:
    """The practice's types of visit, in its order."""
    return session.scalars(
        select(ServiceType).where(ServiceType.practice_id == practice_id).order_by(ServiceType.position, ServiceType.id)
    ).all()


def load_service_type(session: Session, practice_id: int, service_type_id: int) -> ServiceType:
    """One type of visit of this practice. Raises ``NotFound``."""
    found = session.scalar(
        select(ServiceType).where(ServiceType.practice_id == practice_id, ServiceType.id == service_type_id)
    )
    if found is None:
        raise NotFound(N_("This practice has no such type of visit."))
    return found


def add_service_type(
    session: Session,
    practice_id: int,
    typed: ServiceTypeParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    code: str | None = None,
) -> ServiceType:
    """Add a type of visit after the practice's others. Raises ``Invalid`` naming the field."""
    columns = _columns(typed)
    known = list_service_types(session, practice_id)
    service_type = ServiceType(
        practice_id=practice_id,
        code=code or _free_code(str(columns["name"]), {one.code for one in known}),
        position=(
            session.scalar(select(func.max(ServiceType.position)).where(ServiceType.practice_id == practice_id)) or 0
        )
        + 1,
        **columns,
    )
    session.add(service_type)
    session.flush()
    _note(session, service_type, "service_type_added", at=at, staff_id=staff_id)
    return service_type


def change_service_type(
    session: Session,
    service_type: ServiceType,
    typed: ServiceTypeParticulars,
    *,
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Correct a type of visit and tell whether anything changed; booked appointments keep their length."""
    changed = False
    for name, value in _columns(typed).items():
        if getattr(service_type, name) != value:
            setattr(service_type, name, value)
            changed = True
    if changed:
        _note(session, service_type, "service_type_changed", at=at, staff_id=staff_id)
    return changed


def remove_service_type(session: Session, service_type: ServiceType, *, at: datetime, staff_id: int | None) -> None:
    """Remove a type of visit. Raises ``Conflict`` once appointments have it."""
    _note(session, service_type, "service_type_removed", at=at, staff_id=staff_id)
    session.delete(service_type)
    try:
        session.flush()
    except IntegrityError:
        # The caller's transaction is rolled back with this refusal, so the row stays.
        raise Conflict(N_("Appointments have this type of visit: it stays. Rename it if it serves no more.")) from None


def _columns(typed: ServiceTypeParticulars) -> dict[str, object]:
    name, short = clean_line(typed.name, limit=80), clean_line(typed.short_name, limit=6)
    if not name:
        raise Invalid(N_("A name is needed."), field="name")
    minutes, colour = clean_line(typed.duration_minutes), clean_line(typed.colour)
    if not (minutes.isascii() and minutes.isdigit() and 5 <= int(minutes) <= LONGEST_VISIT_MINUTES):
        raise Invalid(
            N_("The length is between 5 and %(longest)s minutes."),
            field="duration_minutes",
            longest=LONGEST_VISIT_MINUTES,
        )
    if not (colour.isascii() and colour.isdigit() and int(colour) in COLOURS):
        raise Invalid(N_("The colour is a number from 1 to 8."), field="colour")
    return {
        "name": name,
        "short_name": short or name[:3].strip(),
        "duration_minutes": int(minutes),
        "colour": int(colour),
    }


def _free_code(name: str, taken: set[str]) -> str:
    stem = search_key(name).replace(" ", "-")[:32].strip("-") or "visit"
    code, count = stem, 1
    while code in taken:
        count += 1
        code = f"{stem}-{count}"
    return code


def _note(session: Session, service_type: ServiceType, action: str, *, at: datetime, staff_id: int | None) -> None:
    subject = f"service_type {service_type.id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=service_type.practice_id)
    touch_agenda(session, service_type.practice_id)
