"""The tests' own ground: databases are migrated and separate, the outside world is closed, the browser is French."""

import socket

import pytest
from playwright.sync_api import Page
from sqlalchemy import inspect, text

from callcenter.core.db import Database
from callcenter.core.migrate import current_revision


def test_a_database_arrives_migrated_and_empty(database: Database) -> None:
    assert current_revision(database.url) is not None
    tables = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    assert "practice" in tables
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM practice")).scalar_one() == 0


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_writes_the_next_does_not_see(database: Database, turn: int) -> None:
    with database.unit_of_work() as session:
        session.execute(text("CREATE TABLE footprint (id INTEGER)"))


def test_the_outside_world_is_closed() -> None:
    with socket.socket() as probe, pytest.raises(RuntimeError, match="outside this machine"):
        probe.connect(("192.0.2.1", 80))


def test_this_machine_is_open() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())


def test_the_browser_is_french_and_in_paris(page: Page) -> None:
    said = page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]")
    assert said == ["fr-FR", "Europe/Paris"]
