"""Absences, extra hours and other hours: of one agenda or of the practice; removing one leaves a trace."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import select

from callcenter.agenda.editing.day_exceptions import (
    ExceptionParticulars,
    add_exception,
    coming_exceptions,
    read_exception,
    remove_exception,
)
from callcenter.agenda.models import DayException, Schedule
from callcenter.agenda.rules.opening_rules import ExceptionKind
from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Invalid, NotFound
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, tilleuls


def add(database: Database, cast: Cast, **typed: Any) -> int:
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        particulars = ExceptionParticulars(**{"first_on": "2026-12-01"} | typed)
        return add_exception(session, schedule, particulars, at=NINE, staff_id=cast.camille_id)


def remove(database: Database, cast: Cast, exception_id: int) -> None:
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        remove_exception(session, schedule, exception_id, at=NINE, staff_id=cast.ines_id)


def coming(database: Database, cast: Cast, today: date = MONDAY) -> list[tuple[int, bool]]:
    with database.reading(cast.scope) as session:
        found = coming_exceptions(session, session.get_one(Schedule, cast.schedule_id), today=today)
        return [(one.id, one.is_whole_practice) for one in found]


def test_what_is_to_come_is_listed_with_the_practice_s(database: Database) -> None:
    cast = tilleuls(database)
    other = tilleuls(database, code="marronniers")
    later = add(database, cast, first_on="2026-12-24", last_on="2027-01-02", whose="practice", reason="congés")
    first = add(database, cast, kind="open", starts="18:00", ends="20:00")
    theirs = add(database, other, whose="practice")
    assert coming(database, cast) == [(first, False), (later, True)]
    assert coming(database, cast, date(2027, 1, 2)) == [(later, True)]
    assert coming(database, cast, date(2027, 1, 3)) == []
    assert coming(database, other) == [(theirs, True)]


def test_removing_one_leaves_who_did_it(database: Database) -> None:
    cast = tilleuls(database)
    other = tilleuls(database, code="marronniers")
    exception_id = add(database, cast)
    with pytest.raises(NotFound):
        remove(database, other, exception_id)
    remove(database, cast, exception_id)
    with database.reading(SEED) as session:
        assert session.scalars(select(DayException)).all() == []
        noted = [(one.action, one.subject, one.staff_id) for one in session.scalars(select(AuditEntry))]
    subject = f"day_exception {exception_id}"
    assert noted == [
        ("day_exception_added", subject, cast.camille_id),
        ("day_exception_removed", subject, cast.ines_id),
    ]


def test_one_day_is_one_day() -> None:
    rule = read_exception(ExceptionParticulars(first_on="24/12/2026", starts="8h", ends="12:00"), today=MONDAY)
    assert (rule.kind, rule.first_day, rule.last_day) == (ExceptionKind.CLOSED, date(2026, 12, 24), date(2026, 12, 24))
    assert (rule.starts, rule.ends) == (time(8), time(12))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "away"}, "kind"),
        ({"first_on": ""}, "first_on"),
        ({"last_on": "2026-11-30"}, "last_on"),
        ({"first_on": "2026-11-20"}, "first_on"),
        ({"first_on": "2026-11-20", "last_on": "2026-11-22"}, "last_on"),
        ({"last_on": "2028-01-01"}, "last_on"),
        ({"starts": "08:00"}, "ends"),
        ({"ends": "08:00"}, "starts"),
        ({"starts": "08:00", "ends": "08:00"}, "ends"),
        ({"kind": "open"}, "starts"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_exception(ExceptionParticulars(**{"first_on": "2026-12-01"} | typed), today=MONDAY)
    assert refused.value.field == field


def test_days_that_have_begun_may_still_be_noted() -> None:
    typed = ExceptionParticulars(first_on="2026-11-20", last_on="2026-11-27", kind="replaced")
    assert read_exception(typed, today=MONDAY).first_day == date(2026, 11, 20)
