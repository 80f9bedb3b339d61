"""Days that are otherwise than the usual week: absences, extra hours, other hours; of one agenda or of the practice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from callcenter.agenda import models
from callcenter.agenda.editing.setup import read_time
from callcenter.agenda.finding.free_times import today_in
from callcenter.agenda.models import Schedule
from callcenter.agenda.rules.opening_rules import DayException, ExceptionKind
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.line_times import read_day

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionParticulars:
    """An exception as typed; an empty last day is the first."""

    kind: str = ExceptionKind.CLOSED.value
    first_on: str = ""
    last_on: str = ""
    starts: str = ""
    ends: str = ""
    reason: str = ""
    whose: str = "schedule"  # or "practice"

    @property
    def is_whole_practice(self) -> bool:
        """Whether every agenda of the practice is meant."""
        return self.whose == "practice"


@dataclass(frozen=True, slots=True)
class KeptException:
    """An exception that is kept; ``is_whole_practice`` says that it is of every agenda of the practice."""

    id: int
    is_whole_practice: bool
    rule: DayException


def read_exception(typed: ExceptionParticulars, *, today: date) -> DayException:
    """What was typed. Raises ``Invalid`` naming the field."""
    try:
        kind = ExceptionKind(clean_line(typed.kind))
    except ValueError:
        raise Invalid(N_("Choose one of these."), field="kind") from None
    first = read_day(typed.first_on, field="first_on")
    last = read_day(typed.last_on, field="last_on") if clean_line(typed.last_on) else first
    if last < first:
        raise Invalid(N_("The last day comes before the first."), field="last_on")
    if last < today:
        raise Invalid(N_("These days are past: choose days to come."), field="last_on" if typed.last_on else "first_on")
    if last - first > LONGEST:
        raise Invalid(N_("An exception lasts a year at most. What is longer is a change of the week."), field="last_on")
    starts = read_time(typed.starts, field="starts") if clean_line(typed.starts) else None
    ends = read_time(typed.ends, field="ends") if clean_line(typed.ends) else None
    if (starts is None) != (ends is None):
        raise Invalid(N_("Hours have a beginning and an end."), field="starts" if starts is None else "ends")
    if starts is not None and starts == ends:
        raise Invalid(N_("The end is the same as the beginning. Without hours the whole day is meant."), field="ends")
    if kind is ExceptionKind.OPEN and starts is None:
        raise Invalid(N_("Say from when until when it is open."), field="starts")
    reason = clean_line(typed.reason, limit=120)
    return DayException(kind=kind, first_day=first, last_day=last, starts=starts, ends=ends, reason=reason)


def coming_exceptions(session: Session, schedule: Schedule, *, today: date) -> Sequence[KeptException]:
    """What is otherwise from today on in this agenda, the first days first."""
    rows = session.scalars(
        _of(schedule)
        .where(models.DayException.last_on >= today)
        .order_by(models.DayException.first_on, models.DayException.id)
    )
    return [_kept(row) for row in rows]


def load_exception(session: Session, schedule: Schedule, exception_id: int) -> KeptException:
    """One exception of this agenda or its practice. Raises ``NotFound``."""
    row = session.scalar(_of(schedule).where(models.DayException.id == exception_id))
    if row is None:
        raise NotFound(N_("This agenda has no such exception."))
    return _kept(row)


def add_exception(
    session: Session, schedule: Schedule, typed: ExceptionParticulars, *, at: datetime, staff_id: int | None
) -> int:
    """Note an exception of this agenda, or of every agenda of its practice; its id. Raises ``Invalid``."""
    rule = read_exception(typed, today=today_in(schedule.zone, at))
    row = models.DayException(
        practice_id=schedule.practice_id,
        schedule_id=None if typed.is_whole_practice else schedule.id,
        kind=rule.kind,
        first_on=rule.first_day,
        last_on=rule.last_day,
        starts=rule.starts,
        ends=rule.ends,
        reason=rule.reason,
        noted_by=staff_id,
        noted_at=at,
    )
    session.add(row)
    session.flush()
    _note(session, schedule, "day_exception_added", row.id, at=at, staff_id=staff_id)
    return row.id


def remove_exception(
    session: Session, schedule: Schedule, exception_id: int, *, at: datetime, staff_id: int | None
) -> None:
    """Let these days be usual again; who did so stays on record. Raises ``NotFound``."""
    load_exception(session, schedule, exception_id)
    session.delete(session.get_one(models.DayException, exception_id))
    session.flush()
    _note(session, schedule, "day_exception_removed", exception_id, at=at, staff_id=staff_id)


def _of(schedule: Schedule) -> Select[models.DayException]:
    return select(models.DayException).where(
        models.DayException.practice_id == schedule.practice_id,
        or_(models.DayException.schedule_id.is_(None), models.DayException.schedule_id == schedule.id),
    )


def _kept(row: models.DayException) -> KeptException:
    rule = DayException(
        kind=ExceptionKind(row.kind),
        first_day=row.first_on,
        last_day=row.last_on,
        starts=row.starts,
        ends=row.ends,
        reason=row.reason,
    )
    return KeptException(row.id, row.schedule_id is None, rule)


def _note(
    session: Session, schedule: Schedule, action: str, exception_id: int, *, at: datetime, staff_id: int | None
) -> None:
    subject = f"day_exception {exception_id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=schedule.practice_id)
    touch_agenda(session, schedule.practice_id)
