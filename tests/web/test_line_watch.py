"""The book of lines follows the database; a database that says nothing keeps neither it nor the start hanging."""

from __future__ import annotations

import asyncio
import threading
import time
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from callcenter.core import migrate
from callcenter.core.db import Database, touch
from callcenter.core.errors import StartRefused
from callcenter.directory.line_book import TOPIC, LineBook
from callcenter.directory.models import Practice, PracticeLine
from callcenter.local.proxy import Proxy
from callcenter.web.line_watch import kept_line_book
from tests.floor import ALL, LINE, MONDAY
from tests.loops import run
from tests.web.serving import serve


@pytest.mark.timeout(25)  # the half-minute's reading would come later
def test_what_is_changed_is_in_the_book_at_once(database_url: str) -> None:
    with serve(database_url) as served:
        book = served.app.state.world.lines
        assert book.entry(LINE) is None
        # Another process's change: with SQLite only this process hears its own signals.
        other = served.database if served.database.is_sqlite else Database(database_url)
        with other.unit_of_work(ALL) as session:
            practice = Practice(code="lilas", name="Lilas", short_name="Lilas", created_at=MONDAY)
            session.add(practice)
            session.flush()
            session.add(PracticeLine(practice_id=practice.id, number=LINE, label="Accueil", gate_per_minute=0))
            touch(session, TOPIC)
        while book.entry(LINE) is None:
            time.sleep(0.02)
        with other.unit_of_work(ALL) as session:
            session.execute(update(Practice).values(emergency_sentence="Composez le 112."))
            touch(session, TOPIC)
        while book.entry(LINE).emergency_sentence != "Composez le 112.":
            time.sleep(0.02)
        if other is not served.database:
            other.close()


@pytest.mark.timeout(30)
def test_a_start_before_a_database_that_says_nothing_is_refused(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_CONNECT_WITHIN", 2)
    port = urlsplit(postgresql_url).port
    assert port is not None
    proxy = Proxy("127.0.0.1", port)
    behind = postgresql_url.replace(f":{port}/", f":{proxy.port}/")
    migrate.refuse_newer(behind)
    proxy.stall()
    try:
        with pytest.raises(StartRefused):
            migrate.refuse_newer(behind)
        proxy.resume()
        migrate.refuse_newer(behind)
    finally:
        proxy.close()


class Unreadable(LineBook):
    """Cannot be read until the fourth time."""

    def __init__(self) -> None:
        super().__init__()
        self.readings = 0
        self.is_read = threading.Event()

    def refresh(self, database: Database) -> None:
        self.readings += 1
        if self.readings < 4:
            raise ConnectionError
        self.is_read.set()


def test_a_book_that_could_not_be_read_at_all_is_tried_again_soon(database: Database) -> None:
    book = Unreadable()

    async def serve() -> bool:
        async with kept_line_book(book, database):
            return await asyncio.to_thread(book.is_read.wait, 15)

    assert run(serve())
