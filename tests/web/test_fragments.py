"""A page put together from memory is the page made anew, whatever has been written in between, and by whom."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.drills.agenda_cast import SEVEN, put_on_stage
from callcenter.drills.agenda_operator import NothingToDo, Operator
from callcenter.web.context import SESSION_COOKIE, World
from callcenter.web.errors import install_error_pages
from callcenter.web.pages import agenda
from callcenter.web.rendering import open_templates
from tests.messaging.carriers import TextCarrier

WRITES = 50


def opened(database: Database, clock: ManualClock, token: str) -> TestClient:
    """The wide agenda of a process that has just come up."""
    app = FastAPI()
    settings = Settings(secret_key="x" * 32, twilio_account_sid="AC" + "0" * 32, twilio_auth_token="token")  # type: ignore[arg-type]
    app.state.world = World(settings=settings, database=database, clock=clock, provider=TextCarrier())
    app.state.templates = open_templates()
    install_error_pages(app)
    app.include_router(agenda.router)
    return TestClient(app, cookies={SESSION_COOKIE: token})


def test_a_page_from_memory_is_the_page_made_anew(database_url: str) -> None:
    database = Database(database_url)
    cast = put_on_stage(database)
    operator = Operator(Database(database_url), cast, number=1, seed=1)  # another process
    clock = ManualClock(SEVEN)
    with database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
        token = open_session(session, cast.staff[0], at=SEVEN)
    remembers = opened(database, clock, token)
    addresses = [
        f"/agenda/region?practice={cast.practice_id}&view={view}&day=2026-11-23&type={cast.plain}"
        for view in ("team", "week", f"day&practitioner={cast.practitioners[1]}")
    ]
    ways, weights = zip(*operator.ways, strict=True)
    done = 0
    for _ in range(WRITES):
        way = operator.dice.choices(ways, weights)[0]
        with suppress(Problem, NothingToDo):
            with operator.database.unit_of_work(operator.scope) as session:
                way(session)
            done += 1
        clock.advance(timedelta(seconds=7))
        address = operator.dice.choice(addresses)
        from_memory = remembers.get(address)
        assert from_memory.status_code == 200
        anew = Database(database_url)
        assert opened(anew, clock, token).get(address).text == from_memory.text, f"after {way.__name__}"
        anew.close()
    assert done > WRITES / 4
    operator.database.close()
    database.close()
