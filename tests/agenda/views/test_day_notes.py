"""What stands at the head of a day: the public holiday, why it is closed, other hours."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy import select, update

from callcenter.agenda.models import DayException, Schedule
from callcenter.agenda.rules.opening_rules import ExceptionKind
from callcenter.agenda.views.day_notes import DayNote, DayNotes, read_day_notes
from callcenter.core.db import Database
from tests.agenda.cast import NINE, Cast, tilleuls

CHRISTMAS, BOXING_DAY = date(2026, 12, 25), date(2026, 12, 26)


def notes(database: Database, cast: Cast) -> DayNotes:
    with database.reading(cast.scope) as session:
        return read_day_notes(
            session, cast.practice_id, [cast.practitioner_id], first_day=date(2026, 12, 21), last_day=date(2026, 12, 27)
        )


def test_a_public_holiday_is_named_where_somebody_keeps_it(database: Database) -> None:
    cast = tilleuls(database)
    found = notes(database, cast)
    assert found.of_practice[CHRISTMAS] == [DayNote(None, "Noël")]
    assert BOXING_DAY not in found.of_practice
    assert found.why_closed(cast.practitioner_id, CHRISTMAS) == "Noël"
    with database.unit_of_work(cast.scope) as session:
        session.execute(update(Schedule).where(Schedule.id == cast.schedule_id).values(keeps_holidays=False))
    assert not notes(database, cast).of_practice.get(CHRISTMAS)


def test_an_exception_stands_with_whom_it_is_about(database: Database) -> None:
    cast = tilleuls(database)
    tuesday, wednesday = date(2026, 12, 22), date(2026, 12, 23)
    with database.unit_of_work(cast.scope) as session:
        own = {"practice_id": cast.practice_id, "noted_at": NINE}
        session.add_all(
            [
                DayException(
                    schedule_id=cast.schedule_id,
                    kind=ExceptionKind.CLOSED,
                    first_on=tuesday,
                    last_on=wednesday,
                    reason="Formation",
                    **own,
                ),
                DayException(
                    kind=ExceptionKind.OPEN,
                    first_on=wednesday,
                    last_on=wednesday,
                    starts=time(18),
                    ends=time(20),
                    reason="",
                    **own,
                ),
            ]
        )
    found = notes(database, cast)
    assert found.of_practitioner[cast.practitioner_id, tuesday] == [DayNote(ExceptionKind.CLOSED, "Formation")]
    assert found.why_closed(cast.practitioner_id, wednesday) == "Formation"
    assert found.of_practice[wednesday] == [DayNote(ExceptionKind.OPEN, "", time(18), time(20))]
    assert found.why_closed(cast.practitioner_id, date(2026, 12, 24)) == ""


def test_another_practice_s_exceptions_are_not_told(database: Database) -> None:
    cast, other = tilleuls(database), tilleuls(database, code="port")
    with database.unit_of_work(other.scope) as session:
        session.add(
            DayException(
                practice_id=other.practice_id,
                kind=ExceptionKind.CLOSED,
                first_on=date(2026, 12, 22),
                last_on=date(2026, 12, 22),
                reason="Inventaire",
                noted_at=NINE,
            )
        )
        assert session.scalar(select(DayException.id)) is not None
    assert not notes(database, cast).of_practice.get(date(2026, 12, 22))
