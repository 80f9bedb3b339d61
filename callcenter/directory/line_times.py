"""When a line is answered, as its practice wants it: weekly hours, closures, and the periods served."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.line_entry import HoursRule, Period, PeriodKind
from callcenter.directory.models import LineHours, LinePeriod, PracticeLine

MOST_HOURS, MOST_PERIODS = 28, 60  # of one line: four openings a day; a year of single days, and some
LONGEST_PERIOD = timedelta(days=366)
_DAY, _WEEK = 24 * 60, 7 * 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class PeriodParticulars:
    """A period as typed."""

    kind: str = PeriodKind.CLOSED.value
    starts_on: str = ""
    ends_on: str = ""  # empty: that one day
    starts: str = ""
    ends: str = ""
    sentence: str = ""


def line_hours(session: Session, line: PracticeLine) -> list[HoursRule]:
    """The weekly hours of a line, Monday first."""
    rows = session.scalars(
        select(LineHours)
        .where(LineHours.practice_id == line.practice_id, LineHours.line_id == line.id)
        .order_by(LineHours.weekday, LineHours.starts)
    )
    return [HoursRule(row.weekday, row.starts, row.ends) for row in rows]


def set_line_hours(
    session: Session,
    line: PracticeLine,
    hours: Sequence[HoursRule],
    *,
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Give a line these weekly hours instead of those it had, and tell whether that is a change.

    Raises ``Invalid`` (field ``hours-WEEKDAY``) for hours that overlap or are too many.
    """
    wanted = sorted(hours, key=_begins)
    refuse_bad_hours(wanted)
    if wanted == line_hours(session, line):
        return False
    session.execute(delete(LineHours).where(LineHours.practice_id == line.practice_id, LineHours.line_id == line.id))
    session.add_all(
        LineHours(practice_id=line.practice_id, line_id=line.id, weekday=one.weekday, starts=one.starts, ends=one.ends)
        for one in wanted
    )
    _note(session, line, "line_hours_set", at=at, staff_id=staff_id)
    return True


def line_periods(session: Session, line: PracticeLine) -> Sequence[LinePeriod]:
    """The closures and the periods served of a line, the first ones first."""
    return session.scalars(
        select(LinePeriod)
        .where(LinePeriod.practice_id == line.practice_id, LinePeriod.line_id == line.id)
        .order_by(LinePeriod.starts_on, LinePeriod.id)
    ).all()


def add_period(
    session: Session, line: PracticeLine, typed: PeriodParticulars, *, at: datetime, staff_id: int | None
) -> LinePeriod:
    """Close a line, or have it served, on some days. Raises ``Invalid`` naming the field."""
    period = read_period(typed)
    known = [_period(row) for row in line_periods(session, line)]
    refuse_bad_periods([*known, period])
    row = _row(line, period)
    session.add(row)
    session.flush()
    _note(session, line, "line_period_added", at=at, staff_id=staff_id)
    return row


def set_periods(
    session: Session, line: PracticeLine, periods: Sequence[Period], *, at: datetime, staff_id: int | None
) -> bool:
    """Give a line these periods instead of those it had, and tell whether that is a change. Raises ``Invalid``."""
    for number in range(len(periods)):
        refuse_bad_periods(periods[: number + 1])
    order = sorted(periods, key=repr)
    if order == sorted((_period(row) for row in line_periods(session, line)), key=repr):
        return False
    session.execute(delete(LinePeriod).where(LinePeriod.practice_id == line.practice_id, LinePeriod.line_id == line.id))
    session.add_all(_row(line, one) for one in periods)
    _note(session, line, "line_periods_set", at=at, staff_id=staff_id)
    return True


def remove_period(session: Session, line: PracticeLine, period_id: int, *, at: datetime, staff_id: int | None) -> None:
    """Take a period back. Raises ``NotFound``."""
    row = session.scalar(
        select(LinePeriod).where(
            LinePeriod.practice_id == line.practice_id, LinePeriod.line_id == line.id, LinePeriod.id == period_id
        )
    )
    if row is None:
        raise NotFound(N_("This line has no such period."))
    session.delete(row)
    _note(session, line, "line_period_removed", at=at, staff_id=staff_id)


def forget_times(session: Session, line: PracticeLine) -> None:
    """Remove the hours and periods of a line that is itself removed."""
    for table in (LineHours, LinePeriod):
        session.execute(delete(table).where(table.practice_id == line.practice_id, table.line_id == line.id))


def read_hours(weekday: int, starts: str, ends: str, *, field: str = "") -> HoursRule:
    """One opening as typed, ``weekday`` 0 being Monday. Raises ``Invalid`` naming the field."""
    opens, closes = read_clock(starts, field=field or "starts"), read_clock(ends, field=field or "ends")
    return HoursRule(weekday, opens, closes)


def read_period(typed: PeriodParticulars) -> Period:
    """A period as typed. Raises ``Invalid`` naming the field."""
    try:
        kind = PeriodKind(clean_line(typed.kind).lower())
    except ValueError:
        raise Invalid(N_("A period is closed or served."), field="kind") from None
    starts_on = read_day(typed.starts_on, field="starts_on")
    ends_on = read_day(typed.ends_on, field="ends_on") if typed.ends_on.strip() else starts_on
    if ends_on < starts_on:
        raise Invalid(N_("The last day comes before the first."), field="ends_on")
    if ends_on - starts_on > LONGEST_PERIOD:
        raise Invalid(N_("A period lasts at most a year."), field="ends_on")
    period = Period(kind, starts_on, ends_on, sentence=clean_line(typed.sentence, limit=300))
    if not typed.starts.strip() and not typed.ends.strip():
        return period
    if not typed.starts.strip() or not typed.ends.strip():
        missing = "ends" if typed.starts.strip() else "starts"
        raise Invalid(N_("Give both times, or none for the whole day."), field=missing)
    return replace(period, starts=read_clock(typed.starts, field="starts"), ends=read_clock(typed.ends, field="ends"))


def read_clock(typed: str, *, field: str) -> time:
    """A time of day as typed: 8:30, 08:30, 8h30 or 8; 24 is midnight. Raises ``Invalid`` with an example."""
    cleaned = clean_line(typed, limit=8).lower().replace("h", ":").replace(" ", "")
    hours, _, minutes = cleaned.partition(":")
    try:
        return time(0 if hours == "24" and not int(minutes or 0) else int(hours), int(minutes or 0))
    except ValueError:
        raise Invalid(N_("%(typed)s is not a time of day. Example: 08:30."), field=field, typed=typed) from None


def read_day(typed: str, *, field: str) -> date:
    """A day as typed: 2026-12-24 or 24/12/2026. Raises ``Invalid`` with an example."""
    cleaned = clean_line(typed, limit=12)
    try:
        day, month, year = cleaned.split("/") if "/" in cleaned else reversed(cleaned.split("-"))
        found = date(int(year), int(month), int(day))
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 2200:
        raise Invalid(N_("This is not a day. Example: 24/12/2026."), field=field)
    return found


def refuse_bad_hours(hours: Sequence[HoursRule]) -> None:
    """Raise ``Invalid`` (field ``hours-WEEKDAY``) for hours that overlap or are too many."""
    hours = sorted(hours, key=_begins)
    if len(hours) > MOST_HOURS:
        raise Invalid(N_("A line has at most %(most)s openings a week."), field="hours-0", most=MOST_HOURS)
    stretches = [(_begins(one), _begins(one) + _length(one.starts, one.ends), one) for one in hours]
    # The last of the week may reach into its first.
    again = [(begins + _WEEK, ends + _WEEK, one) for begins, ends, one in stretches[:1]]
    for (_, ended, before), (begins, _, one) in zip(stretches, [*stretches[1:], *again], strict=False):
        if begins < ended and len(hours) > 1:
            raise Invalid(
                N_("The hours from %(starts)s overlap those until %(ends)s."),
                field=f"hours-{one.weekday}",
                starts=f"{one.starts:%H:%M}",
                ends=f"{before.ends:%H:%M}",
            )


def refuse_bad_periods(periods: Sequence[Period]) -> None:
    """Raise ``Invalid`` when the last of these overlaps another of its kind, or they are too many."""
    *others, new = periods
    if len(periods) > MOST_PERIODS:
        raise Invalid(N_("A line has at most %(most)s periods."), field="starts_on", most=MOST_PERIODS)
    for other in others:
        if _overlap(other, new):
            raise Invalid(
                N_("This overlaps the period from %(first)s to %(last)s."),
                field="starts_on",
                first=f"{other.starts_on:%d/%m/%Y}",
                last=f"{other.ends_on:%d/%m/%Y}",
            )


def _overlap(one: Period, other: Period) -> bool:
    if one.kind is not other.kind:
        return False  # a closure within a period served: the closure wins
    if one.kind is PeriodKind.SERVED and (one.starts is None) is not (other.starts is None):
        return False  # an evening more than the line's own hours
    begins, ends = _stretch(one)
    starts, until = _stretch(other)
    return any(
        one.starts_on <= other.ends_on - shift * timedelta(days=1)
        and other.starts_on - shift * timedelta(days=1) <= one.ends_on
        and begins < until + shift * _DAY
        and starts + shift * _DAY < ends
        for shift in (-1, 0, 1)
    )


def _stretch(period: Period) -> tuple[int, int]:
    """Minutes from midnight, on each of its days."""
    if period.starts is None or period.ends is None:
        return 0, _DAY
    begins = period.starts.hour * 60 + period.starts.minute
    return begins, begins + _length(period.starts, period.ends)


def _begins(rule: HoursRule) -> int:
    return rule.weekday * _DAY + rule.starts.hour * 60 + rule.starts.minute


def _length(starts: time, ends: time) -> int:
    minutes = (ends.hour - starts.hour) * 60 + ends.minute - starts.minute
    return minutes if minutes > 0 else minutes + _DAY


def _period(row: LinePeriod) -> Period:
    return Period(PeriodKind(row.kind), row.starts_on, row.ends_on, row.starts, row.ends, row.sentence)


def _row(line: PracticeLine, period: Period) -> LinePeriod:
    return LinePeriod(
        practice_id=line.practice_id,
        line_id=line.id,
        kind=period.kind,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        starts=period.starts,
        ends=period.ends,
        sentence=period.sentence,
    )


def _note(session: Session, line: PracticeLine, action: str, *, at: datetime, staff_id: int | None) -> None:
    record_act(session, action, f"practice_line {line.id}", at=at, staff_id=staff_id, practice_id=line.practice_id)
    touch(session, "lines")
