"""What is measured is what is said: the small run books, moves and finds, and its report has the bench's form."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from callcenter.agenda.models import Appointment
from callcenter.bench.agenda import run
from callcenter.bench.agenda_data import ALL, Size, seed_agendas
from callcenter.bench.agenda_week import Week
from callcenter.core.db import Database
from tests.agenda.cast import NINE
from tests.bench.test_webhook import ROW

SMALL = Size(practitioners=8, appointments=20, group=9, group_appointments=10, week=20, operators=1)


def test_the_small_run_reports_every_row() -> None:
    report = run(databases=["sqlite"], rounds=1, requests=2, writes=1, size=SMALL)
    assert report["bench"] == "agenda"
    assert {frozenset(row) for row in report["rows"]} == {frozenset(ROW)}
    assert [(row["name"].split(",")[0], row["n"]) for row in report["rows"]] == [
        ("engine", 1),
        ("week of 20 appointments", 1),
        ("first free with any of 9", 1),
        ("free", 1),
        ("free", 1),
        ("book", 1),
        ("move", 1),
        ("book", 8),
        ("move", 8),
        ("book", 8),
        ("move", 8),
    ]


def test_the_same_seed_books_the_same_times(sqlite_url: str, postgresql_url: str) -> None:
    told = []
    for url in (sqlite_url, postgresql_url):
        database = Database(url)
        seed_agendas(database, at=NINE, size=SMALL)
        with database.reading(ALL) as session:
            rows = session.execute(select(Appointment.practitioner_id, Appointment.start).order_by(Appointment.id))
            told.append([tuple(row) for row in rows])
        database.close()
    assert told[0] == told[1]
    assert len(told[0]) == 8 * 20 + 9 * 10 + 20


def test_the_week_shows_from_memory_what_stands_in_the_rows(database: Database) -> None:
    agendas = seed_agendas(database, at=NINE, size=SMALL)
    week = Week(database, agendas, at=NINE + timedelta(minutes=1))
    first, second = week.from_memory(), week.from_memory()
    assert first == second
    assert len(week.lines) == 20
    for html in (first, week.by_f_strings()):
        assert all(f'data-appointment="{line.appointment_id}"' in html for *_, line in week.lines)
