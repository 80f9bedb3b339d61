"""The book of lines: what it knows without the database, and when it learns."""

import datetime as dt

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.directory import line_book
from callcenter.directory.line_book import LineBook
from callcenter.directory.line_entry import PeriodKind
from callcenter.directory.models import LineHours, LinePeriod, Practice, PracticeLine
from tests.floor import ALL, LINE, MONDAY

NIGHT = "+33199000777"


def test_each_line_is_known_with_its_own_hours_and_its_practices_sentence(database: Database) -> None:
    open_practice(database)
    book = LineBook()
    assert book.entry(LINE) is None
    book.refresh(database)
    day, night = book.entry(LINE), book.entry(NIGHT)
    assert day is not None
    assert night is not None
    assert [(rule.weekday, rule.starts.hour, rule.ends.hour) for rule in day.hours] == [(0, 8, 12), (0, 14, 19)]
    assert [(period.kind, period.sentence) for period in day.periods] == [(PeriodKind.CLOSED, "Congés.")]
    assert (night.hours, night.periods) == ((), ())
    assert {(one.practice_code, one.emergency_sentence) for one in (day, night)} == {("lilas", "Composez le 15.")}
    assert book.entry("+33199000778") is None


def test_a_reading_that_fails_leaves_the_old_book_in_force(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    open_practice(database)
    book = LineBook()
    book.refresh(database)
    known = book.entry(LINE)
    with monkeypatch.context() as patch:
        patch.setattr(line_book, "load_line_book", _fail)
        with pytest.raises(RuntimeError):
            book.refresh(database)
    assert book.entry(LINE) is known
    with database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(emergency_sentence="Composez le 112."))
    book.refresh(database)
    changed = book.entry(LINE)
    assert changed is not None
    assert changed.emergency_sentence == "Composez le 112."


def open_practice(database: Database) -> None:
    """Two lines of one practice; only the first has hours and a closure."""
    with database.unit_of_work(ALL) as session:
        practice = Practice(
            code="lilas", name="Lilas", short_name="Lilas", emergency_sentence="Composez le 15.", created_at=MONDAY
        )
        session.add(practice)
        session.flush()
        lines = [
            PracticeLine(practice_id=practice.id, number=one, label=one, gate_per_minute=0) for one in (LINE, NIGHT)
        ]
        session.add_all(lines)
        session.flush()
        for starts, ends in ((14, 19), (8, 12)):
            session.add(
                LineHours(
                    line_id=lines[0].id, practice_id=practice.id, weekday=0, starts=dt.time(starts), ends=dt.time(ends)
                )
            )
        session.add(
            LinePeriod(
                line_id=lines[0].id,
                practice_id=practice.id,
                kind="closed",
                starts_on=MONDAY.date(),
                ends_on=MONDAY.date(),
                sentence="Congés.",
            )
        )


def _fail(_session: Session) -> None:
    raise RuntimeError("no database")
