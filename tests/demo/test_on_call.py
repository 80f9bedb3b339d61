"""Whoever starts the demonstration meets each ability of the roster once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.demo.codes import Codes
from callcenter.demo.installation import open_installation
from callcenter.demo.seeding import fill_with_demo_data
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import find_gaps, on_call_line
from callcenter.dispatch.swaps import swaps_asked


@pytest.fixture(params=[0, 5], ids=["monday", "saturday"])
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Session, datetime]]:
    machine_now = datetime(2026, 12, 7, 8, 0, tzinfo=UTC) + timedelta(days=request.param)
    installation = open_installation(tmp_path, machine_now=machine_now)
    fill_with_demo_data(installation, machine_now=machine_now)
    database = Database(installation.database_url)
    try:
        with database.reading(Centre(CentreReason.SEED)) as session:
            yield session, machine_now + installation.clock_offset
    finally:
        database.close()


def test_somebody_is_on_call_one_evening_is_open_and_a_swap_waits_for_dr_lemoine(
    demo: tuple[Session, datetime],
) -> None:
    session, at = demo
    codes = Codes(session)
    tilleuls = codes.practice_id("tilleuls")
    line = on_call_line(session, tilleuls, at=at)
    assert line is not None
    assert {line.name, line.next_name} <= {"Dr Lemoine", "Dr Arnaud", "Infirmière"}
    assert len(find_gaps(session, tilleuls, at=at)) == 1
    lemoine = session.scalars(
        select(Practitioner).where(Practitioner.practice_id == tilleuls, Practitioner.code == "lemoine")
    ).one()
    assert swaps_asked(session, lemoine, at=at) == 1
    assert on_call_line(session, codes.practice_id("kaplan"), at=at) is None
