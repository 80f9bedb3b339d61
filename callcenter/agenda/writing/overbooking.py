"""Lanes beside the plan: a named rule lets so many visits in on a day, counted where everybody sees it."""

from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import and_, insert, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.models import Appointment, Schedule
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.resource_models import OverbookingRule, OverbookingUse
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.wall_clock import Interval


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane beside the plan on one day, by a rule; ``left`` more visits may come after this one."""

    number: int
    rule_id: int
    name: str
    day: date
    left: int


def lane_for(
    session: Session,
    rule_id: int,
    *,
    schedule_id: int,
    service_type_id: int,
    actor: int,
    start: int,
    occupied: Interval,
    zone: str,
) -> Lane | Refusal:
    """The first lane of this actor in which there is room, if the rule is for this visit and has not been used up."""
    rule = session.scalar(
        select(OverbookingRule).where(OverbookingRule.id == rule_id, OverbookingRule.schedule_id == schedule_id)
    )
    local = local_time(start, zone)
    if rule is None or not _is_for(rule, service_type_id, start, zone):
        return Refusal.TAKEN
    taken = _taken(session, rule.id, local.date())
    if taken >= rule.per_day:
        return Refusal.OVERBOOKED
    full = set(
        session.scalars(
            select(Occupation.lane).where(
                Occupation.actor == actor,
                Occupation.lane > 0,
                Occupation.start < occupied[1],
                Occupation.end > occupied[0],
            )
        )
    )
    number = next(lane for lane in range(1, len(full) + 2) if lane not in full)
    return Lane(number, rule.id, rule.name, local.date(), rule.per_day - taken - 1)


@dataclass(frozen=True, slots=True)
class OpenRule:
    """A rule that is not used up on a day; ``starts`` and ``ends`` on the wall, None for the whole day."""

    id: int
    name: str
    left: int
    starts: time | None
    ends: time | None

    def admits(self, start: int, zone: str) -> bool:
        """Whether a visit at this start (UTC seconds) may be added by it, on the day it was read for."""
        return _is_hour(self, local_time(start, zone).time())


def rules_on(session: Session, practitioner_id: int, service_type_id: int, day: date) -> list[OpenRule]:
    """The rules that would let one more visit of this type in on a day of this practitioner; one query."""
    used = and_(OverbookingUse.rule_id == OverbookingRule.id, OverbookingUse.day == day)
    rows = session.execute(
        select(OverbookingRule, OverbookingUse.taken)
        .join(Schedule, Schedule.id == OverbookingRule.schedule_id)
        .outerjoin(OverbookingUse, used)
        .where(Schedule.practitioner_id == practitioner_id)
        .order_by(OverbookingRule.id)
    )
    return [
        OpenRule(rule.id, rule.name, rule.per_day - (taken or 0), rule.starts, rule.ends)
        for rule, taken in rows
        if rule.per_day > (taken or 0) and _is_day(rule, service_type_id, day)
    ]


def count_overbooking(session: Session, practice_id: int, rule_id: int, day: date) -> bool:
    """Count one more visit by this rule; False when it is used up. The condition stands in the statement."""
    this = (OverbookingUse.rule_id == rule_id, OverbookingUse.day == day)
    if session.scalar(select(OverbookingUse.taken).where(*this)) is None:
        session.execute(insert(OverbookingUse).values(practice_id=practice_id, rule_id=rule_id, day=day, taken=0))
    per_day = select(OverbookingRule.per_day).where(OverbookingRule.id == rule_id).scalar_subquery()
    added = session.scalars(
        update(OverbookingUse)
        .where(*this, OverbookingUse.taken < per_day)
        .values(taken=OverbookingUse.taken + 1)
        .returning(OverbookingUse.taken)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(added)


def give_back_overbooking(session: Session, appointment: Appointment, *, zone: str) -> None:
    """What an appointment was counted for is free again."""
    if appointment.overbooking_rule_id is None:
        return
    session.execute(
        update(OverbookingUse)
        .where(
            OverbookingUse.rule_id == appointment.overbooking_rule_id,
            OverbookingUse.day == local_time(appointment.start, zone).date(),
            OverbookingUse.taken > 0,
        )
        .values(taken=OverbookingUse.taken - 1)
        .execution_options(synchronize_session=False)
    )


def _taken(session: Session, rule_id: int, day: date) -> int:
    return (
        session.scalar(select(OverbookingUse.taken).where(OverbookingUse.rule_id == rule_id, OverbookingUse.day == day))
        or 0
    )


def _is_for(rule: OverbookingRule, service_type_id: int, start: int, zone: str) -> bool:
    local = local_time(start, zone)
    return _is_day(rule, service_type_id, local.date()) and _is_hour(rule, local.time())


def _is_day(rule: OverbookingRule, service_type_id: int, day: date) -> bool:
    return (
        rule.service_type_id in {None, service_type_id}
        and rule.weekday in {None, day.weekday()}
        and (rule.valid_from is None or rule.valid_from <= day)
        and (rule.valid_until is None or day <= rule.valid_until)
    )


def _is_hour(rule: OverbookingRule | OpenRule, hour: time) -> bool:
    return rule.starts is None or rule.ends is None or rule.starts <= hour < rule.ends
