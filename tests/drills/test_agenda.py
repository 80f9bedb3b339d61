"""The drill of `make drill-agenda` in small: finder, booker and oracle agree, clocks change, nobody is booked twice."""

from pathlib import Path

import pytest
from sqlalchemy import text

from callcenter.core.db import Database
from callcenter.drills.agenda_cast import put_on_stage
from callcenter.drills.agenda_finder import compare
from callcenter.drills.agenda_ledger import Ledger
from callcenter.drills.agenda_operator import Operator
from callcenter.drills.agenda_races import race
from callcenter.drills.agenda_zones import change_days, look, zones


@pytest.mark.timeout(120)
def test_what_is_offered_can_be_booked_and_nothing_else(database: Database) -> None:
    verdict = compare(database, 3, practices=2, questions=2, bookings=3, refusals=6)
    assert verdict.broken == []
    assert verdict.figures["booked"] > 0
    assert verdict.figures["refused"] > 0


@pytest.mark.timeout(120)
def test_no_night_is_wrong_when_clocks_change(tmp_path: Path) -> None:
    assert [f"{day}" for day in change_days("Europe/Paris", range(2026, 2027))] == ["2026-03-29", "2026-10-25"]
    found = look(tmp_path, range(2026, 2027), ["Europe/Paris", "Australia/Lord_Howe"])
    assert (found["wrong"], found["nights"]) == (0, 4)
    assert min(found["missing"], found["twice"], found["booked"]) > 0


@pytest.mark.timeout(120)
def test_the_servers_own_zone_makes_no_difference() -> None:
    verdict = zones(years=range(2026, 2027), places=["America/Havana"])
    assert (verdict.broken, verdict.figures["servers"]) == ([], 4)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kill", [False, True])
def test_processes_that_want_the_same_times_never_have_one_twice(database_url: str, *, kill: bool) -> None:
    verdict = race(database_url, "small", 1, attempts=120, processes=3, kill=kill)
    assert (verdict.broken, verdict.doubled) == ([], 0)
    assert verdict.figures["done"] > 0


def test_the_ledger_finds_what_does_not_agree(database: Database) -> None:
    cast = put_on_stage(database)
    operator = Operator(database, cast, 0, 1)
    with database.unit_of_work(operator.scope) as session:
        operator.series(session)
    assert Ledger(database.engine).faults() == []
    with database.engine.begin() as connection:
        connection.execute(text('UPDATE occupation SET "end" = "end" + 60 WHERE id = 1'))
        connection.execute(text("UPDATE opening_use SET taken = taken + 1"))
        connection.execute(text("UPDATE appointment SET status = 'arrived' WHERE id = 2"))
    faults = " / ".join(Ledger(database.engine).faults())
    assert "another time than its own" in faults
    assert "share of an opening" in faults
    assert "its history differ in status" in faults
