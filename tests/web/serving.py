"""The whole product on a real port, without its jobs, for tests that need a stream or a browser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uvicorn
from fastapi import FastAPI

from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Role, Staff
from callcenter.main import create_app
from callcenter.web.context import SESSION_COOKIE
from tests.fakes import FakeProvider

MONDAY_0914 = datetime(2026, 11, 23, 8, 14, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)


@dataclass
class Served:
    """A product that answers."""

    url: str
    app: FastAPI
    server: uvicorn.Server

    @property
    def database(self) -> Database:
        """The product's own database, signals included."""
        database: Database = self.app.state.world.database
        return database

    def staff(self, login: str, role: Role) -> int:
        """Open an account; its password is never typed here."""
        with self.database.unit_of_work(SEED) as session:
            person = Staff(
                login=login,
                name=login.title(),
                first_name=login.title(),
                role=role,
                password_hash="-",
                language="fr",
                created_at=MONDAY_0914,
            )
            session.add(person)
            session.flush()
            return person.id

    def cookie(self, staff_id: int) -> dict[str, str]:
        """She is signed in: her browser's cookie."""
        with self.database.unit_of_work(SEED) as session:
            return {SESSION_COOKIE: open_session(session, staff_id, at=self.app.state.world.clock.now())}


@contextmanager
def serve(database_url: str) -> Iterator[Served]:
    """Start the product on a free port; stop it as the command does, streams first."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    settings = load_settings(
        database_url=database_url,
        public_url=url,
        secret_key="s" * 40,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        clock_offset_seconds=(MONDAY_0914 - datetime.now(UTC)) / timedelta(seconds=1),
        jobs=False,
    )
    app = create_app(settings, provider=FakeProvider())

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.stopping.set()
            await super().shutdown(sockets)

    server = Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield Served(url, app, server)
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()
