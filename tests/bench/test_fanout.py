"""The fan-out is measured on real screens: a call reaches one of them, and every read is of a card that names it."""

import json
from pathlib import Path

from sqlalchemy import func, select
from typer.testing import CliRunner

from callcenter.bench.fanout import measure
from callcenter.bench.figures import fanout_row
from callcenter.cli import app
from callcenter.core.db import Database
from callcenter.routing.models import Reservation
from tests.bench.test_webhook import ROW
from tests.floor import ALL
from tests.loops import aside


def test_each_call_pops_on_the_screen_of_whoever_it_was_offered_to(database: Database, tmp_path: Path) -> None:
    found = aside(lambda: measure(tmp_path, database.url, operators=4, calls=3, per_second=10, rounds=1))
    with database.reading(ALL) as session:
        offered = session.scalar(select(func.count()).select_from(Reservation))
    assert offered == 2 * (3 + 2)  # both kinds of screens, each with its calls and those that warm it up
    for rounds in found.values():
        [popped] = rounds
        assert (len(popped.cards), len(popped.signals)) == (3, 100)
        assert min(popped.cards) > 0


def test_a_row_is_in_milliseconds_beside_its_floor() -> None:
    row = fanout_row("screen pop", "sqlite", 200, [0.010, 0.030, 0.020], [0.002, 0.004, 0.006])
    assert set(row) == ROW
    assert (row["median"], row["low"], row["high"], row["p99"]) == (20, 10, 30, 30)
    assert (row["floor"], row["ratio"]) == (4, 5)


def test_the_command_prints_one_object() -> None:
    asked = ["bench", "fanout", "--json", "--operators", "3", "--calls", "2", "--rounds", "1", "--per-second", "10"]
    done = aside(lambda: CliRunner().invoke(app, [*asked, "--database", "sqlite"]))
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [set(row) for row in report["rows"]] == [ROW, ROW]
    assert report["bench"] == "fanout"
