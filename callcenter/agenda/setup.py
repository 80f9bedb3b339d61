"""Preparing an agenda: one schedule a practitioner, its weekly hours, and the practice's types of visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.agenda.models import Opening, Schedule, ServiceType
from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, search_key

LONGEST_VISIT_MINUTES = 8 * 60
COLOURS = range(1, 9)


@dataclass(frozen=True, order=True, slots=True)
class WeeklyHours:
    """From ``starts`` to ``ends`` every ``weekday`` (0 is Monday), in the schedule's wall-clock time."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class ServiceTypeParticulars:
    """A type of visit as typed."""

    name: str = ""
    short_name: str = ""
    duration_minutes: str = ""
    colour: str = "1"


def open_schedule(session: Session, *, practice_id: int, practitioner_id: int, site_id: int, zone: str) -> Schedule:
    """The practitioner's agenda, opened if there is none; when she moves to another site, it moves with her."""
    schedule = find_schedule(session, practice_id, practitioner_id)
    if schedule is None:
        schedule = Schedule(practice_id=practice_id, practitioner_id=practitioner_id, site_id=site_id, zone=zone)
        session.add(schedule)
    schedule.site_id, schedule.zone = site_id, zone
    session.flush()
    touch(session, f"agenda-{practice_id}")
    return schedule


def find_schedule(session: Session, practice_id: int, practitioner_id: int) -> Schedule | None:
    """The practitioner's agenda, if it has been opened."""
    return session.scalar(
        select(Schedule)
        .where(Schedule.practice_id == practice_id, Schedule.practitioner_id == practitioner_id)
        .order_by(Schedule.id)
        .limit(1)
    )


def follow_site_zone(session: Session, practice_id: int, site_id: int, *, zone: str) -> None:
    """Let the agendas of a site tell the site's wall-clock time."""
    session.execute(
        update(Schedule).where(Schedule.practice_id == practice_id, Schedule.site_id == site_id).values(zone=zone)
    )
    touch(session, f"agenda-{practice_id}")


def weekly_hours(session: Session, schedule: Schedule) -> list[WeeklyHours]:
    """The schedule's hours, in the order of the week."""
    openings = session.scalars(
        select(Opening).where(Opening.practice_id == schedule.practice_id, Opening.schedule_id == schedule.id)
    )
    return sorted(WeeklyHours(one.weekday, one.starts, one.ends) for one in openings)


def hours_by_practitioner(session: Session, practice_id: int) -> dict[int, list[WeeklyHours]]:
    """The weekly hours of every practitioner of a practice who has any, in the order of the week."""
    rows = session.execute(
        select(Schedule.practitioner_id, Opening.weekday, Opening.starts, Opening.ends)
        .join(Opening, Opening.schedule_id == Schedule.id)
        .where(Schedule.practice_id == practice_id, Opening.practice_id == practice_id)
    )
    found: dict[int, list[WeeklyHours]] = {}
    for practitioner_id, weekday, starts, ends in rows:
        found.setdefault(practitioner_id, []).append(WeeklyHours(weekday, starts, ends))
    return {practitioner_id: sorted(hours) for practitioner_id, hours in found.items()}


def set_openings(
    session: Session, schedule: Schedule, hours: Sequence[WeeklyHours], *, at: datetime, staff_id: int | None
) -> bool:
    """Give a schedule these weekly hours instead of those it had, and tell whether anything changed.

    Booked appointments stay where they are. Raises ``Invalid`` for an end before its start or two that overlap.
    """
    wanted = sorted(hours)
    refuse_bad_hours(wanted)
    if wanted == weekly_hours(session, schedule):
        return False
    practice_id = schedule.practice_id
    # Those that stay keep their row: quotas and appointments refer to it.
    missing = list(wanted)
    for row in session.scalars(
        select(Opening).where(Opening.practice_id == practice_id, Opening.schedule_id == schedule.id)
    ):
        had = WeeklyHours(row.weekday, row.starts, row.ends)
        if had in missing:
            missing.remove(had)
        else:
            session.delete(row)
    session.add_all(
        Opening(practice_id=practice_id, schedule_id=schedule.id, weekday=one.weekday, starts=one.starts, ends=one.ends)
        for one in missing
    )
    subject = f"schedule {schedule.id}"
    record_act(session, "weekly_hours_set", subject, at=at, staff_id=staff_id, practice_id=practice_id)
    touch(session, f"agenda-{practice_id}")
    return True


def refuse_bad_hours(hours: Sequence[WeeklyHours]) -> None:
    """Raise ``Invalid`` (field ``hours-WEEKDAY``) for an end before its start or two that overlap."""
    ends: dict[int, time] = {}
    for one in sorted(hours):
        field = f"hours-{one.weekday}"
        if one.starts >= one.ends:
            raise Invalid(
                N_("%(ends)s is not after %(starts)s: an end comes after its start."),
                field=field,
                starts=f"{one.starts:%H:%M}",
                ends=f"{one.ends:%H:%M}",
            )
        before = ends.get(one.weekday)
        if before is not None and one.starts < before:
            raise Invalid(
                N_("The hours from %(starts)s overlap those until %(ends)s."),
                field=field,
                starts=f"{one.starts:%H:%M}",
                ends=f"{before:%H:%M}",
            )
        ends[one.weekday] = one.ends


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


def read_time(typed: str, *, field: str) -> time:
    """A time of day as typed: 8:30, 08:30, 8h30 or 8. Raises ``Invalid`` with an example."""
    cleaned = clean_line(typed, limit=8).lower().replace("h", ":").replace(" ", "")
    hours, _, minutes = cleaned.partition(":")
    try:
        return time(int(hours), int(minutes or 0))
    except ValueError:
        raise Invalid(N_("%(typed)s is not a time of day. Example: 08:30."), field=field, typed=typed) from None


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
    touch(session, f"agenda-{service_type.practice_id}")
