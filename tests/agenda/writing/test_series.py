"""Several visits in a row: proposed near what was meant, booked all or none."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.writing.series import Proposal, book_series, propose_series
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from tests.agenda.cast import NINE, SEED, Cast, book, paris, tilleuls


def propose(session: Session, cast: Cast, start: int, **other: int) -> list[Proposal]:
    asked = {"every_weeks": 1, "count": 3} | other
    return propose_series(
        session,
        practitioner_id=cast.practitioner_id,
        service_type=session.get_one(ServiceType, cast.consultation_id),
        start=start,
        at=NINE,
        every_weeks=asked["every_weeks"],
        count=asked["count"],
    )


def book_all(session: Session, cast: Cast, starts: list[int], key: str = "series") -> list[Appointment]:
    return book_series(
        session,
        practice_id=cast.practice_id,
        practitioner_id=cast.practitioner_id,
        patient_id=cast.vasseur_id,
        service_type_id=cast.consultation_id,
        starts=starts,
        call_id=None,
        staff_id=cast.camille_id,
        request_key=key,
        at=NINE,
    )


def test_a_taken_time_becomes_the_nearest_of_its_week(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9, 30, day=30))
    with database.reading(cast.scope) as session:
        found = propose(session, cast, paris(9, 30))
    assert [one.meant_for for one in found] == [date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]
    assert [one.is_as_meant for one in found] == [True, False, True]
    assert found[1].free is not None
    assert found[1].free.start == paris(9, 15, day=30)


def test_the_hour_on_the_wall_stays_when_the_clocks_change(database: Database) -> None:
    cast = tilleuls(database)
    march = int(datetime(2027, 3, 23, 8, 30, tzinfo=UTC).timestamp())  # 09:30 in Paris, the change is on the 28th
    with database.reading(cast.scope) as session:
        found = propose(session, cast, march, count=2)
    assert [one.free.starts_at.hour for one in found if one.free] == [9, 9]
    assert all(one.is_as_meant for one in found)


def test_all_or_none_are_booked_and_once_per_form(database: Database) -> None:
    cast = tilleuls(database)
    starts = [paris(9, 30, day=24), paris(9, 30, day=25), paris(9, 30, day=26)]
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, starts[1], staff_id=cast.ines_id)
    with pytest.raises(TimeTaken, match="Inès"), database.unit_of_work(cast.scope) as session:
        book_all(session, cast, starts)
    with database.reading(SEED) as session:
        assert session.scalar(select(func.count(Appointment.id))) == 1
    starts[1] = paris(9, 45, day=25)
    for _again in range(2):
        with database.unit_of_work(cast.scope) as session:
            booked = book_all(session, cast, starts)
            assert [one.start for one in booked] == starts
            assert len({one.series_id for one in booked}) == 1
    with database.reading(SEED) as session:
        assert session.scalar(select(func.count(Appointment.id))) == 4


def test_a_series_of_one_or_of_years_is_refused(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        for count in (1, 53):
            with pytest.raises(Invalid):
                propose(session, cast, paris(9, 30), count=count)
        with pytest.raises(Invalid):
            book_all(session, cast, [paris(9, 30, day=24)] * 2)
