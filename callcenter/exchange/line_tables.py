"""What the files about lines become: the numbers, their weekly hours, their closures and periods served."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid, Problem
from callcenter.core.i18n import N_
from callcenter.core.i18n import gettext as _
from callcenter.core.phone import parse_number
from callcenter.directory.line_entry import HoursRule, Period
from callcenter.directory.line_times import (
    PeriodParticulars,
    read_hours,
    read_period,
    refuse_bad_hours,
    refuse_bad_periods,
    set_line_hours,
    set_periods,
)
from callcenter.directory.line_waits import WaitRules
from callcenter.directory.lines import LineRules, add_line, change_line
from callcenter.directory.models import PracticeLine
from callcenter.exchange.faults import Fault
from callcenter.exchange.known import Known, Outcome, Refers
from callcenter.exchange.reading import Row


def import_line(session: Session, row: Row, known: Known) -> Outcome:
    """Create or change a line. Columns left out, and empty cells but for the sentence and number, leave it as it is."""
    practice = known.practice(row)
    number = parse_number(row["number"], country=practice.country, field="number")
    line = _find_line(session, practice.id, number)
    label, at, staff_id = row["label"], known.at, known.staff_id
    rules = LineRules(
        forwarding=row.given("forwarding"),
        outside_sentence=row.cells.get("outside_sentence"),
        outside_number=row.cells.get("outside_number"),
        gate_per_minute=row.given("gate_per_minute"),
        waits=WaitRules(
            is_priority=row.given("is_priority"),
            overflow_after=row.given("overflow_after"),
            overflow_number=row.cells.get("overflow_number"),
            callback_after=row.given("callback_after"),
        ),
    )
    countries = known.countries
    if line is None:
        add_line(
            session, practice, number=number, label=label, rules=rules, countries=countries, at=at, staff_id=staff_id
        )
        return Outcome.CREATED
    changed = change_line(
        session, practice, line, number=number, label=label, rules=rules, countries=countries, at=at, staff_id=staff_id
    )
    return Outcome.CHANGED if changed else Outcome.UNCHANGED


def import_times(
    session: Session, file: str, rows: list[Row], known: Known, faults: list[Fault]
) -> list[tuple[Row, Outcome]]:
    """Replace the hours (or periods) of every line that the file names; whether they overlap shows only together."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["practice"], row["number"]), []).append(row)
    outcomes: list[tuple[Row, Outcome]] = []
    for (code, typed), group in groups.items():
        if ("lines", (typed,)) in known.refused or ("practices", (code,)) in known.refused:
            continue
        row = group[0]
        try:
            line = _line_of(session, row, known)
            hours: list[HoursRule] = []
            periods: list[Period] = []
            for row in group:
                # One after the other, so that the sentence stands beside the line that overlaps.
                if file == "line_hours":
                    hours.append(_read_hours(row))
                    refuse_bad_hours(hours)
                else:
                    periods.append(_read_period(row))
                    refuse_bad_periods(periods)
            if file == "line_hours":
                changed = set_line_hours(session, line, hours, at=known.at, staff_id=known.staff_id)
            else:
                changed = set_periods(session, line, periods, at=known.at, staff_id=known.staff_id)
        except Refers:
            continue
        except Problem as problem:
            field = getattr(problem, "field", "")
            column = "" if field.startswith("hours-") else field
            faults.append(row.fault(_(problem.sentence, **problem.values), column))
            continue
        outcomes += [(one, Outcome.CHANGED if changed else Outcome.UNCHANGED) for one in group]
    return outcomes


def _line_of(session: Session, row: Row, known: Known) -> PracticeLine:
    practice = known.practice(row)
    number = parse_number(row["number"], country=practice.country, field="number")
    line = _find_line(session, practice.id, number)
    if line is None:
        raise Invalid(N_("The practice %(practice)s has no such line."), field="number", practice=practice.code)
    return line


def _find_line(session: Session, practice_id: int, number: str) -> PracticeLine | None:
    return session.scalar(
        select(PracticeLine).where(PracticeLine.practice_id == practice_id, PracticeLine.number == number)
    )


def _read_hours(row: Row) -> HoursRule:
    if row["weekday"] not in {"1", "2", "3", "4", "5", "6", "7"}:
        raise Invalid(N_("The weekday is a number from 1 (Monday) to 7 (Sunday)."), field="weekday")
    return read_hours(int(row["weekday"]) - 1, row["starts"], row["ends"])


def _read_period(row: Row) -> Period:
    columns = ("kind", "starts_on", "ends_on", "starts", "ends", "sentence")
    return read_period(PeriodParticulars(**{column: row[column] for column in columns}))
