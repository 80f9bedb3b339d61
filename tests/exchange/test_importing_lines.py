"""The files about lines: hours and periods replace those of each line named; twice changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.i18n import set_language
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.line_book import load_line_book
from callcenter.directory.line_entry import Forwarding, LineEntry, PeriodKind
from callcenter.directory.models import PracticeLine
from callcenter.exchange.importing import ImportRefused, import_into

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LINE = "+33199004217"


def write(folder: Path, file: str, *lines: str) -> None:
    (folder / f"{file}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def line_of(database: Database) -> LineEntry:
    with database.reading(Centre(CentreReason.WEBHOOK)) as session:
        return load_line_book(session)[LINE]


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "practices", "code,name,emergency_sentence,backup_number", "vert,Vert,Faites le 15.,06 39 98 00 09")
    write(
        tmp_path,
        "lines",
        "practice,number,forwarding,outside_number,gate_per_minute",
        "vert,01 99 00 42 17,hours,06 39 98 00 08,0",
    )
    header = "practice,number,weekday,starts,ends"
    write(tmp_path, "line_hours", header, "vert,01 99 00 42 17,1,8h,12h", "vert,01 99 00 42 17,1,20:00,06:00")
    header = "practice,number,kind,starts_on,ends_on,sentence"
    write(tmp_path, "line_periods", header, "vert,01 99 00 42 17,closed,24/12/2026,2026-12-26,Fermé.")
    return tmp_path


def test_a_line_comes_with_its_hours_and_periods_and_twice_changes_nothing(database: Database, folder: Path) -> None:
    import_into(database, folder, at=MONDAY)
    line = line_of(database)
    assert (line.forwarding, line.outside_number, line.gate_per_minute) == (Forwarding.HOURS, "+33639980008", 0)
    assert (line.emergency_sentence, line.backup_number) == ("Faites le 15.", "+33639980009")
    assert [(rule.weekday, f"{rule.starts:%H:%M}", f"{rule.ends:%H:%M}") for rule in line.hours] == [
        (0, "08:00", "12:00"),
        (0, "20:00", "06:00"),
    ]
    [period] = line.periods
    assert (period.kind, str(period.starts_on), str(period.ends_on), period.sentence) == (
        PeriodKind.CLOSED,
        "2026-12-24",
        "2026-12-26",
        "Fermé.",
    )
    again = import_into(database, folder, at=MONDAY)
    assert all(counts["created"] == counts["changed"] == 0 for counts in again.counts.values())


def test_a_file_without_the_columns_leaves_what_was_set_on_the_screen(database: Database, folder: Path) -> None:
    import_into(database, folder, at=MONDAY)
    before = line_of(database)
    for file in ("line_hours", "line_periods"):
        (folder / f"{file}.csv").unlink()
    write(folder, "practices", "code,name", "vert,Vert")
    write(folder, "lines", "practice,number", "vert,01 99 00 42 17")
    import_into(database, folder, at=MONDAY)
    assert line_of(database) == before


def test_every_wrong_line_is_told_where_it_stands(database: Database, folder: Path) -> None:
    header = "practice,number,weekday,starts,ends"
    write(
        folder,
        "line_hours",
        header,
        "vert,01 99 00 42 17,1,8,12",
        "vert,01 99 00 42 17,1,11,13",
        "vert,0199004218,1,8,9",
    )
    header = "practice,number,kind,starts_on,ends_on,starts,ends"
    write(folder, "line_periods", header, "vert,01 99 00 42 17,closed,2026-12-26,2026-12-24,,")
    with pytest.raises(ImportRefused) as refused:
        import_into(database, folder, at=MONDAY)
    assert [str(fault) for fault in refused.value.faults] == [
        "line_hours.csv, line 3: The hours from 11:00 overlap those until 12:00.",
        "line_hours.csv, line 4 (number): The practice vert has no such line.",
        "line_periods.csv, line 2 (ends_on): The last day comes before the first.",
    ]


def test_a_caller_is_never_put_through_to_the_centre_itself(database: Database, folder: Path) -> None:
    write(
        folder, "lines", "practice,number,outside_number", "vert,01 99 00 42 17,", "vert,01 99 00 42 18,01 99 00 42 17"
    )
    with pytest.raises(ImportRefused, match="go round in circles"):
        import_into(database, folder, at=MONDAY)


def test_what_a_line_does_with_those_who_wait_comes_too_and_stays_when_left_out(
    database: Database, folder: Path
) -> None:
    header = "practice,number,is_priority,overflow_after,overflow_number,callback_after"
    write(folder, "lines", header, "vert,01 99 00 42 17,oui,90,06 39 98 00 08,240")
    import_into(database, folder, at=MONDAY)
    line = line_of(database)
    assert (line.overflow_number, line.callback_after) == ("+33639980008", 240)
    write(folder, "lines", "practice,number", "vert,01 99 00 42 17")
    import_into(database, folder, at=MONDAY)
    with database.reading(Centre(CentreReason.WEBHOOK)) as session:
        kept = session.scalars(select(PracticeLine)).one()
    assert (kept.is_priority, kept.overflow_after, kept.overflow_number, kept.callback_after) == (
        True,
        90,
        "+33639980008",
        240,
    )


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("overflow_number", "01 99 00 42 17", "round in circles"),
        ("overflow_number", "15", "line 2 (overflow_number)"),
        ("overflow_after", "-1", "A number of seconds, from 0 (never) to 3600"),
        ("overflow_after", "3601", "A number of seconds, from 0 (never) to 3600"),
        ("callback_after", "²", "A number of seconds, from 0 (never) to 3600"),
        ("is_priority", "perhaps", "Priority is yes or no."),
    ],
)
def test_a_wrong_wait_is_told_by_its_column(
    database: Database, folder: Path, column: str, cell: str, said: str
) -> None:
    import_into(database, folder, at=MONDAY)
    write(folder, "lines", f"practice,number,{column}", f"vert,01 99 00 42 17,{cell}")
    with pytest.raises(ImportRefused) as refused:
        import_into(database, folder, at=MONDAY)
    [fault] = refused.value.faults
    assert said in str(fault)
    assert f"({column})" in str(fault)
