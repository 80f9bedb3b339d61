"""Reading the CSV files of an import as people and spreadsheets write them."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from callcenter.core.i18n import gettext as _
from callcenter.exchange.faults import Fault


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file may hold: columns that must be there, and those that may be left out."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


# In the order of the import: what is referred to comes before what refers to it.
FILES: Mapping[str, Columns] = {
    "staff": Columns(("login", "name", "role"), ("first_name", "password", "language", "endpoint")),
    "practices": Columns(
        ("code", "name"),
        (
            *("short_name", "country", "zone", "language", "mode", "greeting", "emergency_label", "emergency_number"),
            *("emergency_sentence", "backup_number"),
        ),
    ),
    "lines": Columns(
        ("practice", "number"),
        (
            *("label", "forwarding", "outside_sentence", "outside_number", "gate_per_minute"),
            *("is_priority", "overflow_after", "overflow_number", "callback_after"),
        ),
    ),
    "line_hours": Columns(("practice", "number", "weekday", "starts", "ends")),
    "line_periods": Columns(("practice", "number", "kind", "starts_on"), ("ends_on", "starts", "ends", "sentence")),
    "sites": Columns(("practice", "code", "name"), ("address", "postal_code", "city", "zone")),
    "practitioners": Columns(("practice", "code", "name", "site"), ("family_name", "profession", "account")),
    "service_types": Columns(("practice", "code", "name", "duration_minutes"), ("short_name", "colour")),
    "openings": Columns(("practice", "practitioner", "weekday", "starts", "ends")),
    "instructions": Columns(("practice", "code", "text"), ("valid_until",)),
    "patients": Columns(
        ("practice", "external_id", "family_name"), ("given_name", "title", "birth_on", "phone", "note")
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one file, its cells by column; a column left out reads as empty."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def given(self, column: str) -> str | None:
        """The cell; None when the file has no such column, or the cell is empty."""
        return self.cells.get(column) or None

    def fault(self, sentence: str, column: str = "") -> Fault:
        """This line refused with a sentence already in the reader's language."""
        return Fault(self.file, self.line, column, sentence)


def read_folder(folder: Path) -> tuple[dict[str, list[Row]], list[Fault]]:
    """The rows of every file that is there, and what could not be read."""
    rows: dict[str, list[Row]] = {}
    faults: list[Fault] = []
    for name, columns in FILES.items():
        path = folder / f"{name}.csv"
        rows[name] = _read_file(path, columns, faults) if path.is_file() else []
    known = {f"{name}.csv" for name in FILES}
    sentence = _("This file is not known. Known: %(names)s.", names=_list(known))
    strangers = sorted(path.name for path in folder.glob("*.csv") if path.name not in known)
    faults += [Fault(name, 1, "", sentence) for name in strangers]
    if not faults and not any(rows.values()):
        sentence = _("None of these files is in the folder: %(names)s.", names=_list(known))
        faults.append(Fault(str(folder), 1, "", sentence))
    return rows, faults


def _read_file(path: Path, columns: Columns, faults: list[Fault]) -> list[Row]:
    try:
        # utf-8-sig: spreadsheets write a byte order mark, which would become part of the first column's name.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = path.read_bytes()[: fault.start].count(b"\n") + 1
        faults.append(Fault(path.name, line, "", _("The file is not UTF-8. Save it as CSV UTF-8.")))
        return []
    header_line = text.split("\n", 1)[0]
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [cell.strip().lower() for cell in next(reader, [])]
    allowed = (*columns.needed, *columns.optional)
    sentence = _("This column is not known. Known: %(names)s.", names=", ".join(allowed))
    wrong = [Fault(path.name, 1, column, sentence) for column in header if column not in allowed]
    missing = [column for column in columns.needed if column not in header]
    wrong += [Fault(path.name, 1, column, _("The column %(column)s is missing.", column=column)) for column in missing]
    if wrong:
        faults += wrong
        return []
    rows: list[Row] = []
    begins = reader.line_num + 1
    for cells in reader:
        line, begins = begins, reader.line_num + 1  # a quoted cell may run over several lines: its first one counts
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            sentence = _(
                "%(found)s cells instead of %(wanted)s. A cell that holds the separator stands in double quotes.",
                found=len(cells),
                wanted=len(header),
            )
            faults.append(Fault(path.name, line, "", sentence))
            continue
        rows.append(Row(path.name, line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}))
    return rows


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
