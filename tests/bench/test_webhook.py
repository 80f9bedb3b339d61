"""The measurement measures what it says: a webhook makes a call, and the report has its form. No figure is judged."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from callcenter.bench.centre import Centre
from callcenter.bench.figures import Round, webhook_rows
from callcenter.bench.load import Refused, ring_all
from callcenter.bench.routes import FLOOR, VOICE
from callcenter.bench.webhook import Bench
from callcenter.cli import app
from callcenter.core.db import Database
from callcenter.core.errors import StartRefused
from callcenter.routing.models import Reservation
from callcenter.telephony.models import Call
from tests.floor import ALL

ROW = {"name", "database", "n", "unit", "median", "low", "high", "p99", "floor", "ratio"}


def count(database: Database, table: type[Call] | type[Reservation]) -> int:
    with database.reading(ALL) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_each_webhook_makes_a_call_and_half_of_them_ring_for_somebody(database: Database, tmp_path: Path) -> None:
    bench = Bench(tmp_path, database.url, calls=6)
    try:
        floor = bench.measure(FLOOR, callers=2)
        assert count(database, Call) == 0
        webhook = bench.measure(VOICE, callers=2)
        assert (count(database, Call), count(database, Reservation)) == (6, 3)
        bench.measure(VOICE, callers=1)
        assert count(database, Call) == 12
    finally:
        bench.close()
    assert (len(floor.took), len(webhook.took)) == (6, 6)
    assert floor.cpu > 0
    assert webhook.cpu > 0


def test_a_wrong_signature_is_no_figure(tmp_path: Path) -> None:
    bench = Bench(tmp_path, f"sqlite:///{tmp_path / 'bench.db'}", calls=2)
    try:
        bench.product.token = "stolen"
        with pytest.raises(StartRefused, match="403"):
            bench.measure(VOICE, callers=1)
    finally:
        bench.close()


def test_the_command_prints_one_object() -> None:
    asked = ["bench", "webhook", "--json", "--rounds", "1", "--requests", "4", "--callers", "2", "--database", "sqlite"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["bench"] == "webhook"
    assert report["machine"]["cores"] >= 1
    assert [(set(row), row["database"], row["n"], row["unit"]) for row in report["rows"]] == [
        (ROW, "sqlite", 2, "us"),
        (ROW, "sqlite", 2, "ms"),
    ]


def test_an_unknown_database_is_refused() -> None:
    assert CliRunner().invoke(app, ["bench", "webhook", "--database", "oracle"]).exit_code == 2


def test_rows_are_medians_over_rounds_and_ratios_within_a_round() -> None:
    floor = [
        Round(cpu=0.001, took=[0.001] * 10),
        Round(cpu=0.002, took=[0.002] * 10),
        Round(cpu=0.001, took=[0.01] * 10),
    ]
    webhook = [
        Round(cpu=0.003, took=[0.004] * 9 + [0.09]),
        Round(cpu=0.004, took=[0.002] * 10),
        Round(0.005, [0.01] * 10),
    ]
    cpu, latency = webhook_rows("sqlite", 16, webhook, floor)
    assert (cpu["median"], cpu["low"], cpu["high"], cpu["floor"], cpu["ratio"]) == (400, 300, 500, 100, 3)
    assert (latency["median"], latency["p99"], latency["floor"], latency["ratio"]) == (4, 10, 2, 1)


def test_operators_who_were_not_asked_are_noticed(database: Database) -> None:
    centre = Centre(database.url, operators=1)
    try:
        with pytest.raises(StartRefused, match="0 calls in the queue instead of 3"):
            centre.check_round(calls=3)
    finally:
        centre.close()


def test_a_server_that_is_not_there_has_no_figures() -> None:
    with pytest.raises((Refused, OSError)):
        ring_all("127.0.0.1", 1, [b"POST / HTTP/1.1\r\n\r\n"], callers=1, expected=b"")
