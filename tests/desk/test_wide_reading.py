"""What the wide agenda shows: how many questions it asks, what colleagues hold, and what it never shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from callcenter.agenda.views.rows import HoldRow
from callcenter.agenda.writing.holding import HOLD_FOR, hold_time
from callcenter.core.db import Database
from callcenter.core.errors import NotFound
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.wide_agenda import WideAgenda
from callcenter.desk.wide_query import View, WideAsked
from callcenter.desk.wide_reading import wide_agenda
from tests.agenda.cast import MONDAY, NINE, Cast, book, paris, tilleuls
from tests.agenda.views.test_day import counted
from tests.agenda.views.test_grid import colleague

LATER = NINE + timedelta(seconds=1)


def look(database: Database, cast: Cast, asked: WideAsked | None = None, **changes: object) -> WideAgenda:
    values = {"staff_id": cast.camille_id, "practice_ids": frozenset({cast.practice_id}), "at": LATER} | changes
    with database.reading(Centre(CentreReason.SEED)) as session:
        found = wide_agenda(session, asked or WideAsked(day=MONDAY), **values)  # type: ignore[arg-type]
    assert found is not None
    return found


def held(wide: WideAgenda) -> list[tuple[int, str]]:
    lines = [one for day in wide.days for column in day.columns for one in column.view.rows]
    return [(one.start, one.who) for one in lines if isinstance(one, HoldRow)]


def test_one_appointment_or_three_and_one_practitioner_or_two_ask_as_many_questions(database: Database) -> None:
    cast = tilleuls(database)
    colleague(database, cast, starts=time(9), ends=time(11))
    look(database, cast, WideAsked(day=MONDAY, view=View.TEAM))  # from here on what does not change is remembered
    counts = []
    for hours in ((10,), (11, 15)):
        with database.unit_of_work(cast.scope) as session:
            for hour in hours:
                book(session, cast, paris(hour), patient_id=cast.landline_id if hour > 10 else None)
        for asked in (WideAsked(day=MONDAY, view=View.DAY), WideAsked(day=MONDAY, view=View.TEAM)):
            with counted(database) as questions:
                look(database, cast, asked)
            counts.append(len(questions))
    # Whoever is alone on screen is compared with the others for the first time of all.
    assert counts[:2] == counts[2:]
    assert counts[1] < counts[0]
    assert max(counts) <= 45


def test_what_a_colleague_holds_is_seen_until_it_lapses_and_is_free_to_herself(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.consultation_id,
            start=paris(10),
            staff_id=cast.ines_id,
            request_key="hold-form",
            at=NINE,
        )
    assert held(look(database, cast)) == [(paris(10), "Inès")]
    assert held(look(database, cast, staff_id=cast.ines_id)) == []
    chosen = WideAsked(start=paris(10), with_id=cast.practitioner_id)
    wanted = look(database, cast, chosen).wanted
    assert wanted is not None
    assert wanted.is_gone
    hers = look(database, cast, chosen, staff_id=cast.ines_id).wanted
    assert hers is not None
    assert not hers.is_gone
    assert held(look(database, cast, at=NINE + HOLD_FOR)) == []


@pytest.mark.parametrize("view", [View.DAY, View.TEAM])
def test_the_first_time_for_a_visit_that_is_moved_is_another_than_its_own(database: Database, view: View) -> None:
    cast = tilleuls(database)
    colleague(database, cast, starts=time(14), ends=time(18))
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(9, 15)).id
    wide = look(database, cast, WideAsked(day=MONDAY, view=view, move_id=visit))
    assert wide.first is not None
    assert wide.first_of_all is not None
    assert [int(one.start.timestamp()) for one in (wide.first, wide.first_of_all)] == [paris(9, 30)] * 2


def test_the_week_of_too_many_is_the_first_one_s(database: Database) -> None:
    cast = tilleuls(database)
    colleague(database, cast, starts=time(9), ends=time(11))
    both = look(database, cast)
    assert [len(day.columns) for day in both.days] == [2] * 5
    assert both.everybody.is_chosen
    alone = look(database, cast, replace(both.asked, practitioner_id=cast.practitioner_id))
    assert [len(day.columns) for day in alone.days] == [1] * 5
    assert not alone.everybody.is_chosen


def test_another_practice_is_not_found_and_its_appointments_are_not_moved_from_here(database: Database) -> None:
    cast, other = tilleuls(database), tilleuls(database, code="port")
    with database.unit_of_work(other.scope) as session:
        theirs = book(session, other, paris(10)).id
    with pytest.raises(NotFound):
        look(database, cast, WideAsked(practice_id=other.practice_id))
    assert look(database, cast, WideAsked(move_id=theirs)).moving is None
    assert look(database, cast, WideAsked(swap_id=theirs)).swap is None
