"""A centre on each kind of database, wired as in production."""

import pytest

from callcenter.core.db import Database
from callcenter.main import wire_events
from tests.dispatch.cast import Centre, centre_of


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus = wire_events()
    return centre_of(database)
