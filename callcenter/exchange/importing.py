"""The import of a folder of CSV files: all of it in one transaction, or nothing. See docs/import.md."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from callcenter.agenda.editing.setup import WeeklyHours
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.core.i18n import gettext as _
from callcenter.core.phone import CALL_COUNTRIES
from callcenter.core.scope import Centre, CentreReason
from callcenter.exchange.faults import Fault, ImportRefused
from callcenter.exchange.known import Known, Outcome, Refers, known_of
from callcenter.exchange.line_tables import import_times
from callcenter.exchange.reading import FILES, Row, read_folder
from callcenter.exchange.tables import import_group, import_row, key_of

__all__ = ["Fault", "ImportRefused", "ImportReport", "import_folder", "import_into"]


@dataclass(slots=True)
class ImportReport:
    """How many rows of each file were created, changed, or already as they are."""

    dry_run: bool = False
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, file: str, outcome: Outcome) -> None:
        """Count one row."""
        counts = self.counts.setdefault(file, dict.fromkeys(Outcome, 0))
        counts[outcome] += 1

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        return {"dry_run": self.dry_run, "files": self.counts, "errors": []}

    def as_text(self) -> str:
        """For people, one line a file."""
        lines = [
            _(
                "%(file)s: %(created)s created, %(changed)s changed, %(unchanged)s unchanged",
                file=f"{file}.csv",
                **{str(outcome): number for outcome, number in counts.items()},
            )
            for file, counts in self.counts.items()
        ]
        last = _("Checked only; nothing was written.") if self.dry_run else _("The import is complete.")
        return "\n".join([*lines, last])


class _DryRun(Exception):
    """Leaves the transaction without keeping anything."""


def import_into(
    database: Database, folder: Path, *, at: datetime, dry_run: bool = False, countries: Set[str] = CALL_COUNTRIES
) -> ImportReport:
    """Import a folder in a transaction of its own. Raises ``ImportRefused`` with every fault found."""
    try:
        with database.unit_of_work(Centre(CentreReason.ADMINISTRATION)) as session:
            report = import_folder(session, folder, at=at, countries=countries)
            if dry_run:
                session.flush()
                raise _DryRun
    except _DryRun:
        report.dry_run = True
    return report


def import_folder(
    session: Session,
    folder: Path,
    *,
    at: datetime,
    staff_id: int | None = None,
    countries: Set[str] = CALL_COUNTRIES,
) -> ImportReport:
    """Import a folder within the caller's transaction, which needs a centre scope.

    Rows are found again by their codes: the same folder twice changes nothing, an edited file updates. Nothing is ever
    deleted, except hours and the periods of lines, which are replaced as a whole for each practitioner or line named.
    ``countries`` (ISO 3166): those whose numbers may be called. Raises ``ImportRefused`` with every fault of every
    file; the caller's transaction must then be rolled back.
    """
    rows, faults = read_folder(folder)
    known = known_of(session, at=at, staff_id=staff_id, countries=countries)
    report = ImportReport()
    for file in FILES:
        if file == "openings":
            _import_openings(session, rows[file], known, report, faults)
        elif file in {"line_hours", "line_periods"}:
            for _row, outcome in import_times(session, file, rows[file], known, faults):
                report.add(file, outcome)
        else:
            _import_rows(session, file, rows[file], known, report, faults)
    if faults:
        order = {f"{file}.csv": number for number, file in enumerate(FILES)}
        raise ImportRefused(sorted(faults, key=lambda fault: (order.get(fault.file, 99), fault.file, fault.line)))
    session.flush()
    return report


def _import_rows(
    session: Session, file: str, rows: list[Row], known: Known, report: ImportReport, faults: list[Fault]
) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = key_of(file, row)
        if key in seen:
            faults.append(row.fault(_("Line %(line)s has the same key already.", line=seen[key])))
            continue
        seen[key] = row.line
        try:
            report.add(file, import_row(session, file, row, known))
        except Refers:
            known.refused.add((file, key))  # what it refers to is refused already: one sentence is enough
        except Problem as problem:
            known.refused.add((file, key))
            faults.append(row.fault(_(problem.sentence, **problem.values), getattr(problem, "field", "")))


def _import_openings(
    session: Session, rows: list[Row], known: Known, report: ImportReport, faults: list[Fault]
) -> None:
    """All the hours of one practitioner together: whether they overlap shows only then."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of("openings", row), []).append(row)
    for group in groups.values():
        hours: list[tuple[Row, WeeklyHours]] = []
        before = len(faults)
        for row in group:
            try:
                hours.append((row, known.read_hours(row)))
            except Problem as problem:
                faults.append(row.fault(_(problem.sentence, **problem.values), getattr(problem, "field", "")))
        if len(faults) > before:
            continue
        try:
            outcome = import_group(session, group[0], [one for _row, one in hours], known)
        except Refers:
            continue
        except Problem as problem:
            line = _line_of(problem, hours, group[0])
            faults.append(line.fault(_(problem.sentence, **problem.values)))
            continue
        for _row in group:
            report.add("openings", outcome)


def _line_of(problem: Problem, hours: list[tuple[Row, WeeklyHours]], default: Row) -> Row:
    """The line whose start or end the sentence names, so that it can be found in the file."""
    named = {str(value) for value in problem.values.values()}
    weekday = getattr(problem, "field", "").removeprefix("hours-")
    same_day = [row for row, one in hours if str(one.weekday) == weekday]
    return next((row for row in reversed(same_day) if row["starts"].zfill(5) in named), (same_day or [default])[-1])
