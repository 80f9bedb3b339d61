"""The imaginary centre as its CSV files tell it; light to import, so that a second start is quick."""

import csv
from functools import lru_cache
from pathlib import Path

from callcenter.core.phone import parse_number
from callcenter.demo.people import Known, Line
from callcenter.directory.line_entry import Forwarding

DATA = Path(__file__).parent / "data"
# The centre's directory of emergency lines: département, whose, number (fictional), days since it was verified, order.
EMERGENCY_LINES = (
    ("44", "SAMU de Loire-Atlantique, ligne directe", "02 61 91 15 44", 21, 0),
    ("44", "SAMU de Loire-Atlantique, seconde ligne", "02 61 91 15 45", 82, 1),
    ("75", "SAMU de Paris, seconde ligne", "01 99 00 75 16", 30, 0),
    ("", "Numéro européen d’urgence, fictif", "01 99 00 01 12", 120, 0),
)
# Nobody ever answers the line of Dr Kaplan's practice: there the next one is seen to be tried.
SILENT_EMERGENCY_LINE = "01 99 00 75 15"
OPERATORS = ("camille", "ines", "sofia", "noemie", "jules")


def lines() -> list[tuple[Line, str]]:
    """Each practice's number, who receives there, and what the line is called."""
    names = {row["code"]: row["name"] for row in read_rows("practices")}
    doctors: dict[str, list[str]] = {}
    for row in read_rows("practitioners"):
        doctors.setdefault(row["practice"], []).append(_as_asked_for(row["name"]))
    return [
        (
            Line(parse_number(row["number"]), tuple(doctors[row["practice"]])),
            f"{names[row['practice']]}, {row['label']}",
        )
        for row in read_rows("lines")
    ]


def answered_lines() -> list[Line]:
    """Those that the centre answers in the demonstration's hours: whoever dials the others hears that it is closed."""
    rows = zip(lines(), read_rows("lines"), strict=True)
    return [line for (line, _label), row in rows if row["forwarding"] != Forwarding.A_LA_CARTE]


def emergency_lines() -> list[tuple[str, str]]:
    """The emergency lines that answer, the practices' own and those of the directory (E.164), and whose they are."""
    own = [(parse_number(row["emergency_number"]), row["emergency_label"]) for row in read_rows("practices")]
    kept = [(parse_number(number), label) for _department, label, number, _days, _position in EMERGENCY_LINES]
    silent = parse_number(SILENT_EMERGENCY_LINE)
    return [(number, label) for number, label in dict(own + kept).items() if number != silent]


def known_people() -> list[Known]:
    """The patients in the practices' files, as callers."""
    by_practice = {
        row["practice"]: line
        for (line, _label), row in zip(lines(), read_rows("lines"), strict=True)
        if line in answered_lines()
    }
    return [
        Known(
            line=by_practice[row["practice"]],
            title=row["title"],
            family_name=row["family_name"],
            given_name=row["given_name"],
            birth_on=row["birth_on"],
            phone=parse_number(row["phone"]),
        )
        for row in read_rows("patients")
    ]


@lru_cache
def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the demonstration's files, in its order."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _as_asked_for(name: str) -> str:
    if name == "Infirmière":
        return "l’infirmière"
    return name.replace("Dr ", "le docteur ", 1)
