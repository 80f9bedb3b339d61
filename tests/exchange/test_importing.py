"""A centre brought in from files: twice changes nothing, an edited file updates, one bad line stops everything."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from callcenter.agenda.editing.setup import hours_by_practitioner
from callcenter.agenda.models import Opening, Schedule
from callcenter.core.db import Database
from callcenter.core.i18n import set_language
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import sign_in
from callcenter.directory.models import Patient, Practice, Practitioner, Staff
from callcenter.exchange.importing import ImportRefused, import_into
from callcenter.instructions.models import Instruction

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)

HOURS = "practice,practitioner,weekday,starts,ends\n"
FILES = {
    "staff": "login,name,role,password\nlemoine,Dr Claire Lemoine,practitioner,clairement\n",
    "practices": 'code,name,greeting\ntilleuls,Cabinet des Tilleuls,"{practice}, {salutation}."\n',
    "lines": "practice,number,label\ntilleuls,01 99 00 42 17,Accueil\n",
    "sites": "practice,code,name,city\ntilleuls,reze,Tilleuls,Rezé\n",
    "practitioners": "practice,code,name,site,account\ntilleuls,lemoine,Dr Lemoine,reze,lemoine\n",
    "service_types": "practice,code,name,duration_minutes\ntilleuls,cs,Consultation,15\n",
    "openings": HOURS + "tilleuls,lemoine,1,08:30,12:30\ntilleuls,lemoine,1,14h,18h\n",
    "instructions": "practice,code,text,valid_until\ntilleuls,grippe,Vaccin sans rendez-vous.,2026-12-31\n",
    "patients": "practice,external_id,family_name,given_name,birth_on\ntilleuls,p1,Vasseur,Hélène,14/03/1958\n",
}


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


def write(folder: Path, **changes: str) -> Path:
    for name, text in (FILES | changes).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def refusals(database: Database, folder: Path) -> list[str]:
    with pytest.raises(ImportRefused) as refused:
        import_into(database, folder, at=MONDAY)
    return [str(fault) for fault in refused.value.faults]


def test_a_whole_centre_comes_in_and_a_second_time_changes_nothing(database: Database, tmp_path: Path) -> None:
    first = import_into(database, write(tmp_path), at=MONDAY)
    second = import_into(database, tmp_path, at=MONDAY)
    assert {file: counts["unchanged"] for file, counts in second.counts.items()} == {
        file: counts["created"] + counts["changed"] for file, counts in first.counts.items()
    }
    assert set(first.counts) == set(FILES)
    with database.reading(SEED) as session:
        practitioner = session.scalars(select(Practitioner)).one()
        assert practitioner.staff_id == session.scalars(select(Staff.id)).one()
        week = hours_by_practitioner(session, practitioner.practice_id)[practitioner.id]
        assert [(one.weekday, str(one.starts), str(one.ends)) for one in week] == [
            (0, "08:30:00", "12:30:00"),
            (0, "14:00:00", "18:00:00"),
        ]
        # The end of a day in Paris, in winter.
        assert session.scalars(select(Instruction.valid_until)).one() == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
        assert sign_in(session, "lemoine", "clairement", at=MONDAY)


def test_an_edited_file_updates_and_leaves_the_rest(database: Database, tmp_path: Path) -> None:
    import_into(database, write(tmp_path), at=MONDAY)
    edited = write(
        tmp_path,
        patients=FILES["patients"].replace("Vasseur", "Vasseur-Blanc"),
        openings="practice,practitioner,weekday,starts,ends\ntilleuls,lemoine,2,09:00,12:00\n",
    )
    report = import_into(database, edited, at=MONDAY)
    changed = {file for file, counts in report.counts.items() if counts["changed"] or counts["created"]}
    assert changed == {"patients", "openings"}
    with database.reading(SEED) as session:
        assert session.scalars(select(Patient.family_name)).all() == ["Vasseur-Blanc"]
        assert session.scalars(select(Opening.weekday)).all() == [1]
        assert session.scalar(select(func.count()).select_from(Schedule)) == 1


def test_a_password_chosen_since_is_not_put_back(database: Database, tmp_path: Path) -> None:
    from callcenter.directory.accounts import set_password

    import_into(database, write(tmp_path), at=MONDAY)
    with database.unit_of_work(SEED) as session:
        set_password(session, session.scalars(select(Staff.id)).one(), "her own since then", at=MONDAY)
    import_into(database, tmp_path, at=MONDAY)
    with database.reading(SEED) as session:
        assert sign_in(session, "lemoine", "her own since then", at=MONDAY)


def test_every_fault_is_told_with_its_line_and_nothing_is_written(database: Database, tmp_path: Path) -> None:
    write(
        tmp_path,
        practices=FILES["practices"] + "vert,Cabinet Vert,{docteur}\n",
        lines=FILES["lines"] + "vert,01 99 00 42 19,\nlilas,01 99 00 42 18,\n",
        sites="practice,code,name,city\ntilleuls,reze,Tilleuls,Rezé,France\n",
        openings=FILES["openings"] + "tilleuls,lemoine,8,08:30,12:30\n",
        patients=FILES["patients"] + "tilleuls,p1,Vasseur,Lucien,\ntilleuls,p2,Sow,Awa,1958\n",
    )
    told = refusals(database, tmp_path)
    assert told == [
        (
            "practices.csv, line 3 (greeting): {docteur} is not known here. "
            "You can use {salutation}, {practice} and {operator}."
        ),
        "lines.csv, line 4 (practice): There is no practice with the code lilas.",
        "sites.csv, line 2: 5 cells instead of 4. A cell that holds the separator stands in double quotes.",
        "practitioners.csv, line 2 (site): The practice tilleuls has nothing with the code reze in sites.csv.",
        "openings.csv, line 4 (weekday): The weekday is a number from 1 (Monday) to 7 (Sunday).",
        "patients.csv, line 3: Line 2 has the same key already.",
        "patients.csv, line 4 (birth_on): This is not a date of birth. Example: 03/05/1958.",
    ]
    with database.reading(SEED) as session:
        assert session.scalar(select(func.count()).select_from(Practice)) == 0
        assert session.scalar(select(func.count()).select_from(Staff)) == 0


def test_hours_that_overlap_are_told_at_the_line_that_does(database: Database, tmp_path: Path) -> None:
    write(tmp_path, openings=FILES["openings"].replace("14h,18h", "12:00,18:00"))
    assert refusals(database, tmp_path) == ["openings.csv, line 3: The hours from 12:00 overlap those until 12:30."]


def test_a_dry_run_tells_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    report = import_into(database, write(tmp_path), at=MONDAY, dry_run=True)
    assert (report.dry_run, report.counts["patients"]["created"]) == (True, 1)
    with database.reading(SEED) as session:
        assert session.scalar(select(func.count()).select_from(Practice)) == 0


def test_a_spreadsheets_file_with_its_mark_and_semicolons_is_read(database: Database, tmp_path: Path) -> None:
    text = 'code;name;short_name\r\n"vert";"Cabinet; dit ""Vert""";Vert\r\n\r\n'
    (tmp_path / "practices.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    import_into(database, tmp_path, at=MONDAY)
    with database.reading(SEED) as session:
        assert session.scalars(select(Practice.name)).one() == 'Cabinet; dit "Vert"'


def test_files_that_cannot_be_read_say_what_to_do(database: Database, tmp_path: Path) -> None:
    assert refusals(database, tmp_path)[0].endswith("staff.csv.")
    (tmp_path / "practices.csv").write_bytes("code,name\nvert,Été\n".encode("latin-1"))
    (tmp_path / "lines.csv").write_text("practice,numero\nvert,1\n")
    (tmp_path / "doctors.csv").write_text("x\n1\n")
    assert refusals(database, tmp_path) == [
        "practices.csv, line 2: The file is not UTF-8. Save it as CSV UTF-8.",
        (
            "lines.csv, line 1 (numero): This column is not known. Known: practice, number, label, "
            "forwarding, outside_sentence, outside_number, gate_per_minute, is_priority, overflow_after, "
            "overflow_number, callback_after."
        ),
        "lines.csv, line 1 (number): The column number is missing.",
        (
            "doctors.csv, line 1: This file is not known. "
            "Known: instructions.csv, line_hours.csv, line_periods.csv, lines.csv, openings.csv, patients.csv, "
            "practices.csv, practitioners.csv, service_types.csv, sites.csv, staff.csv."
        ),
    ]
