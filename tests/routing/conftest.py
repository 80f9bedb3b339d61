"""A centre on each kind of database."""

import pytest

from callcenter.core.db import Database
from tests.floor import Floor


@pytest.fixture
def floor(database: Database) -> Floor:
    return Floor(database)
