"""Weekly openings that are added, changed and ended one by one; nothing that is booked moves."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.editing.opening_overlaps import first_overlap
from callcenter.agenda.editing.quota_recount import count_anew
from callcenter.agenda.editing.typed_openings import minutes_of
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.finding.occupancy import lock_actors
from callcenter.agenda.finding.rule_reading import read_openings
from callcenter.agenda.models import Opening, OpeningChannel, OpeningServiceType, Schedule
from callcenter.agenda.rules.opening_rules import OpeningRule
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_, format_day_short


def list_openings(session: Session, schedule: Schedule) -> Sequence[OpeningRule]:
    """The schedule's openings, ended ones too, in the order of the week."""
    found = read_openings(session, [schedule.id])[schedule.id]
    return sorted(found, key=lambda one: (one.weekday, one.starts, one.ends, one.id))


def load_opening(session: Session, schedule: Schedule, opening_id: int) -> OpeningRule:
    """One opening of this schedule. Raises ``NotFound``."""
    for one in list_openings(session, schedule):
        if one.id == opening_id:
            return one
    raise NotFound(N_("This agenda has no such opening."))


def refuse_overlap(rule: OpeningRule, others: Sequence[OpeningRule], *, today: date) -> None:
    """Raise ``Invalid`` when another opening is open at the same hours for the same visits, and say which."""
    met = first_overlap(rule, others, since=today)
    if met is not None:
        other, day = met
        raise Invalid(
            N_("On %(day)s it would overlap the opening from %(starts)s to %(ends)s."),
            field="starts",
            starts=f"{other.starts:%H:%M}",
            ends=f"{other.ends:%H:%M}",
            day=format_day_short(day),
        )


def save_opening(session: Session, schedule: Schedule, rule: OpeningRule, *, at: datetime, staff_id: int | None) -> int:
    """Add an opening (its id is 0), or change the one with its id; its id. Raises ``Invalid`` for an overlap."""
    # One after the other, and nobody books meanwhile: openings must not overlap, and what is booked is counted.
    lock_actors(session, [practitioner_actor(schedule.practitioner_id)])
    others = list_openings(session, schedule)
    before = next((one for one in others if one.id == rule.id), None)
    if rule.id and before is None:
        raise NotFound(N_("This agenda has no such opening."))
    refuse_overlap(rule, others, today=today_in(schedule.zone, at))
    if rule == before:
        return rule.id
    row = session.get_one(Opening, rule.id) if before else Opening(practice_id=schedule.practice_id)
    row.schedule_id = schedule.id
    row.weekday, row.starts, row.ends = rule.weekday, rule.starts, rule.ends
    row.valid_from, row.valid_until = rule.valid_from, rule.valid_until
    row.cycle_weeks, row.cycle_week, row.anchor_on = rule.cycle_weeks, rule.cycle_week, rule.anchor
    row.school_days, row.kind = rule.school_days, rule.kind
    row.release_days = rule.release.days_before if rule.release else None
    row.release_at = rule.release.at_time if rule.release else None
    session.add(row)
    session.flush()
    _set_conditions(session, row, rule)
    if before is not None:
        # Since yesterday: its night may reach into today.
        yesterday = today_in(schedule.zone, at) - timedelta(days=1)
        count_anew(session, schedule, before, rule, since=yesterday)
    _note(session, schedule, "opening_changed" if before else "opening_added", row.id, at=at, staff_id=staff_id)
    return row.id


def end_opening(
    session: Session, schedule: Schedule, opening_id: int, last_day: date, *, at: datetime, staff_id: int | None
) -> None:
    """Let an opening end with this day. Raises ``Invalid`` for a day that is past: it was open then."""
    refuse_past_end(schedule, last_day, at=at)
    rule = load_opening(session, schedule, opening_id)
    session.get_one(Opening, rule.id).valid_until = last_day
    _note(session, schedule, "opening_ended", rule.id, at=at, staff_id=staff_id)


def refuse_past_end(schedule: Schedule, last_day: date, *, at: datetime) -> None:
    """Raise ``Invalid`` for a last day before yesterday: an opening ends yesterday at the earliest."""
    if last_day < today_in(schedule.zone, at) - timedelta(days=1):
        raise Invalid(
            N_("This day is past, and it was open since. To end it at once, choose yesterday."), field="last_day"
        )


def keep_holidays(session: Session, schedule: Schedule, keeps: bool, *, at: datetime, staff_id: int | None) -> bool:
    """Close a schedule on public holidays, or not; tell whether that is a change."""
    if schedule.keeps_holidays == keeps:
        return False
    schedule.keeps_holidays = keeps
    record_act(
        session,
        "holidays_kept" if keeps else "holidays_worked",
        f"schedule {schedule.id}",
        at=at,
        staff_id=staff_id,
        practice_id=schedule.practice_id,
    )
    touch_agenda(session, schedule.practice_id)
    return True


def _set_conditions(session: Session, row: Opening, rule: OpeningRule) -> None:
    for table in (OpeningServiceType, OpeningChannel):
        session.execute(delete(table).where(table.practice_id == row.practice_id, table.opening_id == row.id))
    own = {"practice_id": row.practice_id, "opening_id": row.id}
    session.add_all(OpeningServiceType(service_type_id=one, **own) for one in sorted(rule.service_type_ids or ()))
    session.add_all(
        OpeningChannel(
            channel=channel,
            quota=allowed.quota,
            latest_minutes=minutes_of(allowed.latest) or 0,
            earliest_minutes=minutes_of(allowed.earliest),
            **own,
        )
        for channel, allowed in (rule.channels or {}).items()
    )
    session.flush()


def _note(
    session: Session, schedule: Schedule, action: str, opening_id: int, *, at: datetime, staff_id: int | None
) -> None:
    subject = f"opening {opening_id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=schedule.practice_id)
    touch_agenda(session, schedule.practice_id)
