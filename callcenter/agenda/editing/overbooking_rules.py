"""The rules by which a practice lets more visits in than there is room for: written down, named, counted."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.setup import read_time
from callcenter.agenda.models import Schedule, ServiceType
from callcenter.agenda.resource_models import OverbookingRule, OverbookingUse
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.line_times import read_day
from callcenter.directory.models import Practitioner, Site

MOST_PER_DAY = 50


@dataclass(frozen=True, slots=True)
class OverbookingParticulars:
    """A rule as typed: hours on the wall (8:30, 8h30), both or none; an empty weekday is every day."""

    schedule: str = ""
    name: str = ""
    service_type: str = ""
    weekday: str = ""
    starts: str = ""
    ends: str = ""
    per_day: str = "1"
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class OverbookingLine:
    """A rule as people read it; ``taken`` visits were added by it on the day asked for."""

    rule: OverbookingRule
    practitioner: str
    site: str
    service_type: str
    taken: int


def list_overbooking_rules(session: Session, practice_id: int, *, day: date) -> list[OverbookingLine]:
    """Those in force on ``day`` or later, by practitioner."""
    used = (OverbookingUse.rule_id == OverbookingRule.id) & (OverbookingUse.day == day)
    rows = session.execute(
        select(
            OverbookingRule,
            Practitioner.name.label("practitioner"),
            Site.name.label("site"),
            ServiceType.name.label("service_type"),
            OverbookingUse.taken,
        )
        .join(Schedule, Schedule.id == OverbookingRule.schedule_id)
        .join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        .join(Site, Site.id == Schedule.site_id)
        .outerjoin(ServiceType, ServiceType.id == OverbookingRule.service_type_id)
        .outerjoin(OverbookingUse, used)
        .where(
            OverbookingRule.practice_id == practice_id,
            or_(OverbookingRule.valid_until.is_(None), OverbookingRule.valid_until >= day),
        )
        .order_by(Practitioner.position, Practitioner.id, OverbookingRule.id)
    )
    return [
        OverbookingLine(row.OverbookingRule, row.practitioner, row.site, row.service_type or "", row.taken or 0)
        for row in rows
    ]


def add_overbooking_rule(
    session: Session,
    practice_id: int,
    typed: OverbookingParticulars,
    *,
    today: date,
    at: datetime,
    staff_id: int | None,
) -> OverbookingRule:
    """Let more visits in from today on. Raises ``Invalid`` naming the field."""
    schedules = select(Schedule.id).where(Schedule.practice_id == practice_id)
    if typed.schedule not in {str(one) for one in session.scalars(schedules)}:
        raise Invalid(N_("Choose one of these."), field="schedule")
    types = select(ServiceType.id).where(ServiceType.practice_id == practice_id)
    if typed.service_type and typed.service_type not in {str(one) for one in session.scalars(types)}:
        raise Invalid(N_("Choose one of these."), field="service_type")
    if typed.weekday and typed.weekday not in set("0123456"):
        raise Invalid(N_("Choose one of these."), field="weekday")
    name = clean_line(typed.name, limit=80)
    if not name:
        raise Invalid(N_("Give the rule a name: it stands beside each visit that it lets in."), field="name")
    starts, ends = _hour(typed.starts, "starts"), _hour(typed.ends, "ends")
    if (starts is None) != (ends is None):
        raise Invalid(N_("Hours have a beginning and an end."), field="ends" if ends is None else "starts")
    if starts is not None and ends is not None and ends <= starts:
        raise Invalid(N_("An end comes after its start."), field="ends")
    if not typed.per_day.isdecimal() or not 1 <= int(typed.per_day) <= MOST_PER_DAY:
        raise Invalid(N_("A number from %(least)s to %(most)s."), field="per_day", least=1, most=MOST_PER_DAY)
    rule = OverbookingRule(
        practice_id=practice_id,
        schedule_id=int(typed.schedule),
        name=name,
        service_type_id=int(typed.service_type) if typed.service_type else None,
        weekday=int(typed.weekday) if typed.weekday else None,
        starts=starts,
        ends=ends,
        per_day=int(typed.per_day),
        valid_from=today,
        valid_until=_last_day(typed.valid_until, today),
    )
    session.add(rule)
    session.flush()
    _note(session, rule, "added", at=at, staff_id=staff_id)
    return rule


def end_overbooking_rule(
    session: Session, practice_id: int, rule_id: int, *, today: date, at: datetime, staff_id: int | None
) -> None:
    """From today on it lets nobody in; who was let in stays. Raises ``NotFound``."""
    rule = session.scalar(
        select(OverbookingRule).where(OverbookingRule.practice_id == practice_id, OverbookingRule.id == rule_id)
    )
    if rule is None:
        raise NotFound(N_("This practice has no such rule."))
    rule.valid_until = today - timedelta(days=1)
    _note(session, rule, "ended", at=at, staff_id=staff_id)


def _hour(typed: str, field: str) -> time | None:
    return read_time(typed, field=field) if typed.strip() else None


def _last_day(typed: str, today: date) -> date | None:
    if not typed.strip():
        return None
    day = read_day(typed, field="valid_until")
    if day < today:
        raise Invalid(N_("These days are past: choose days to come."), field="valid_until")
    return day


def _note(session: Session, rule: OverbookingRule, act: str, *, at: datetime, staff_id: int | None) -> None:
    record_act(
        session,
        f"agenda.overbooking_rule_{act}",
        f"overbooking_rule {rule.id}",
        at=at,
        staff_id=staff_id,
        practice_id=rule.practice_id,
    )
    touch_agenda(session, rule.practice_id)
