"""Preparing an agenda: a practitioner's schedules and their weekly hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.agenda.editing.opening_overlaps import first_overlap
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.finding.rule_reading import read_openings
from callcenter.agenda.models import Opening, Schedule
from callcenter.agenda.rules.opening_rules import OpeningRule
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line


@dataclass(frozen=True, order=True, slots=True)
class WeeklyHours:
    """From ``starts`` to ``ends`` every ``weekday`` (0 is Monday), in the schedule's wall-clock time."""

    weekday: int
    starts: time
    ends: time


def open_schedule(session: Session, *, practice_id: int, practitioner_id: int, site_id: int, zone: str) -> Schedule:
    """The practitioner's agenda, opened if there is none; when she moves to another site, it moves with her.

    Unless she has one there already, since she receives at several.
    """
    schedules = schedules_of(session, practice_id, practitioner_id)
    if not schedules or any(one.site_id == site_id for one in schedules):
        return open_schedule_at(
            session, practice_id=practice_id, practitioner_id=practitioner_id, site_id=site_id, zone=zone
        )
    schedule = schedules[0]
    schedule.site_id, schedule.zone = site_id, zone
    session.flush()
    touch_agenda(session, practice_id)
    return schedule


def open_schedule_at(session: Session, *, practice_id: int, practitioner_id: int, site_id: int, zone: str) -> Schedule:
    """The practitioner's agenda at this site, beside those at others; opened if there is none."""
    schedules = schedules_of(session, practice_id, practitioner_id)
    schedule = next((one for one in schedules if one.site_id == site_id), None)
    if schedule is None:
        schedule = Schedule(practice_id=practice_id, practitioner_id=practitioner_id, site_id=site_id, zone=zone)
        session.add(schedule)
    schedule.zone = zone
    session.flush()
    touch_agenda(session, practice_id)
    return schedule


def find_schedule(session: Session, practice_id: int, practitioner_id: int) -> Schedule | None:
    """The practitioner's agenda, if it has been opened; the first of several."""
    return next(iter(schedules_of(session, practice_id, practitioner_id)), None)


def schedules_of(session: Session, practice_id: int, practitioner_id: int) -> Sequence[Schedule]:
    """The practitioner's agendas, one a site, oldest first."""
    return session.scalars(
        select(Schedule)
        .where(Schedule.practice_id == practice_id, Schedule.practitioner_id == practitioner_id)
        .order_by(Schedule.id)
    ).all()


def follow_site_zone(session: Session, practice_id: int, site_id: int, *, zone: str) -> None:
    """Let the agendas of a site tell the site's wall-clock time."""
    session.execute(
        update(Schedule).where(Schedule.practice_id == practice_id, Schedule.site_id == site_id).values(zone=zone)
    )
    touch_agenda(session, practice_id)


def plain_hours(session: Session, schedule: Schedule) -> list[WeeklyHours]:
    """The hours of every week of the year, open to all, in the order of the week: what ``set_openings`` replaces."""
    openings = read_openings(session, [schedule.id])[schedule.id]
    return sorted(WeeklyHours(one.weekday, one.starts, one.ends) for one in openings if one.is_plain)


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

    Openings with rules of their own stay: they are changed one by one (``opening_changes``). Booked appointments stay
    where they are. Raises ``Invalid`` for an end before its start or two that overlap.
    """
    wanted = sorted(hours)
    refuse_bad_hours(wanted)
    # Those that stay keep their row: quotas and appointments refer to it.
    missing, gone = list(wanted), []
    standing = []
    for rule in read_openings(session, [schedule.id])[schedule.id]:
        had = WeeklyHours(rule.weekday, rule.starts, rule.ends)
        if had in missing and rule.valid_until is None:
            missing.remove(had)
        elif rule.is_plain:
            gone.append(rule.id)
        else:
            standing.append(rule)
    if not missing and not gone:
        return False
    _refuse_overlap(missing, standing, since=today_in(schedule.zone, at))
    practice_id = schedule.practice_id
    for row in session.scalars(select(Opening).where(Opening.practice_id == practice_id, Opening.id.in_(gone))):
        session.delete(row)
    session.add_all(
        Opening(practice_id=practice_id, schedule_id=schedule.id, weekday=one.weekday, starts=one.starts, ends=one.ends)
        for one in missing
    )
    subject = f"schedule {schedule.id}"
    record_act(session, "weekly_hours_set", subject, at=at, staff_id=staff_id, practice_id=practice_id)
    touch_agenda(session, practice_id)
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


def read_time(typed: str, *, field: str) -> time:
    """A time of day as typed: 8:30, 08:30, 8h30 or 8. Raises ``Invalid`` with an example."""
    cleaned = clean_line(typed, limit=8).lower().replace("h", ":").replace(" ", "")
    hours, _, minutes = cleaned.partition(":")
    try:
        return time(int(hours), int(minutes or 0))
    except ValueError:
        raise Invalid(N_("%(typed)s is not a time of day. Example: 08:30."), field=field, typed=typed) from None


def _refuse_overlap(hours: Sequence[WeeklyHours], standing: Sequence[OpeningRule], *, since: date) -> None:
    for one in hours:
        rule = OpeningRule(id=0, weekday=one.weekday, starts=one.starts, ends=one.ends)
        met = first_overlap(rule, standing, since=since)
        if met is not None:
            raise Invalid(
                N_("The hours from %(starts)s overlap an opening with rules of its own, from %(from_)s to %(until)s."),
                field=f"hours-{one.weekday}",
                starts=f"{one.starts:%H:%M}",
                from_=f"{met[0].starts:%H:%M}",
                until=f"{met[0].ends:%H:%M}",
            )
