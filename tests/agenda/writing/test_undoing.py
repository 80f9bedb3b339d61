"""Ten minutes to take a change back, and what was done together goes back together."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from callcenter.agenda.models import Appointment
from callcenter.agenda.occupation_models import Act, Occupation
from callcenter.agenda.writing.attendance import mark_arrived, mark_fulfilled, mark_no_show
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.history import history_of
from callcenter.agenda.writing.series import book_series
from callcenter.agenda.writing.swapping import swap_appointments
from callcenter.agenda.writing.undoing import UNDO_FOR, last_undoable, undo
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound
from tests.agenda.cast import NINE, SEED, Cast, book, paris, tilleuls
from tests.agenda.writing.test_moving import move, taken

SOON = NINE + timedelta(minutes=1)


def undo_last(database: Database, cast: Cast, at: datetime = SOON) -> None:
    with database.unit_of_work(cast.scope) as session:
        last = last_undoable(session, cast.camille_id, at=at)
        assert last is not None
        undo(session, last.event_id, staff_id=cast.camille_id, at=at)


def starts(database: Database) -> list[tuple[int, str]]:
    with database.reading(SEED) as session:
        return [(one.start, one.status) for one in session.scalars(select(Appointment).order_by(Appointment.id))]


def test_a_move_goes_back_and_is_told_in_the_history(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30), at=NINE - timedelta(hours=1))
        move(session, cast, booked.id, paris(14))
    undo_last(database, cast)
    assert taken(database) == [(paris(11, 30), paris(11, 45))]
    with database.reading(cast.scope) as session:
        lines = history_of(session, booked.id)
        assert last_undoable(session, cast.camille_id, at=SOON) is None
    assert [(one.act, one.is_undone, one.undoes) for one in lines] == [
        (Act.BOOKED, False, None),
        (Act.MOVED, True, None),
        (Act.UNDONE, False, Act.MOVED),
    ]


def test_a_cancellation_goes_back_unless_the_time_is_gone(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        kept, lost = book(session, cast, paris(11, 30)), book(session, cast, paris(14))
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, kept.id, staff_id=cast.camille_id, at=NINE)
    undo_last(database, cast)
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, lost.id, staff_id=cast.camille_id, at=SOON)
        book(session, cast, paris(14), key="inès", staff_id=cast.ines_id, patient_id=cast.landline_id, at=SOON)
    with pytest.raises(Conflict, match="taken since"):
        undo_last(database, cast)
    assert starts(database) == [(paris(11, 30), "booked"), (paris(14), "cancelled"), (paris(14), "booked")]
    assert len(taken(database)) == 2


def test_a_booking_is_taken_back_as_a_cancellation(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30))
    undo_last(database, cast)
    assert (starts(database), taken(database)) == ([(paris(11, 30), "cancelled")], [])


def test_a_swap_and_a_series_go_back_as_a_whole(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        early = book(session, cast, paris(11))
        late = book(session, cast, paris(14), patient_id=cast.landline_id)
        swap_appointments(session, early.id, late.id, staff_id=cast.camille_id, request_key="swap", at=NINE)
    undo_last(database, cast)
    assert starts(database) == [(paris(11), "booked"), (paris(14), "booked")]
    with database.unit_of_work(cast.scope) as session:
        book_series(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            patient_id=cast.vasseur_id,
            service_type_id=cast.consultation_id,
            starts=[paris(9, 30, day=24), paris(9, 30, day=25)],
            call_id=None,
            staff_id=cast.camille_id,
            request_key="series",
            at=SOON,
        )
    undo_last(database, cast)
    assert [status for _, status in starts(database)] == ["booked", "booked", "cancelled", "cancelled"]


def test_what_came_after_ten_minutes_or_from_another_stays(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    with database.unit_of_work(cast.scope) as session:
        last = last_undoable(session, cast.camille_id, at=SOON)
        assert last is not None
        assert last_undoable(session, cast.camille_id, at=NINE + UNDO_FOR) is None
        assert last_undoable(session, cast.ines_id, at=SOON) is None
        with pytest.raises(NotFound):
            undo(session, last.event_id, staff_id=cast.ines_id, at=SOON)
        with pytest.raises(Conflict, match="ten minutes"):
            undo(session, last.event_id, staff_id=cast.camille_id, at=NINE + UNDO_FOR + timedelta(seconds=1))
    with database.unit_of_work(cast.scope) as session:
        move(session, cast, booked.id, paris(14), staff_id=cast.ines_id)
    with database.unit_of_work(cast.scope) as session:
        assert last_undoable(session, cast.camille_id, at=SOON) is None
        with pytest.raises(Conflict, match="changed since"):
            undo(session, last.event_id, staff_id=cast.camille_id, at=SOON)


def test_undoing_twice_at_once_changes_it_once(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30), at=NINE - timedelta(hours=1))
        move(session, cast, booked.id, paris(14))
        last = last_undoable(session, cast.camille_id, at=SOON)
    assert last is not None
    for _again in range(2):
        with database.unit_of_work(cast.scope) as session:
            undo(session, last.event_id, staff_id=cast.camille_id, at=SOON)
    assert taken(database) == [(paris(11, 30), paris(11, 45))]


def test_who_came_who_was_seen_and_who_did_not_come(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        came, stayed_away = book(session, cast, paris(9, 30)), book(session, cast, paris(10))
    at = NINE + timedelta(minutes=30)
    with database.unit_of_work(cast.scope) as session:
        assert mark_arrived(session, came.id, staff_id=cast.camille_id, at=at).status == "arrived"
        assert mark_fulfilled(session, came.id, staff_id=cast.camille_id, at=at).status == "fulfilled"
        with pytest.raises(Conflict, match="not begun yet"):
            mark_no_show(session, stayed_away.id, staff_id=cast.camille_id, at=at)
        with pytest.raises(Conflict, match="does not fit"):
            mark_no_show(session, came.id, staff_id=cast.camille_id, at=at)
    late = NINE + timedelta(minutes=75)
    with database.unit_of_work(cast.scope) as session:
        mark_no_show(session, stayed_away.id, staff_id=cast.camille_id, at=late)
    undo_last(database, cast, at=late)  # a slip of the finger
    with database.unit_of_work(cast.scope) as session:
        assert mark_arrived(session, stayed_away.id, staff_id=cast.camille_id, at=late).status == "arrived"
        # Their time is theirs, whatever became of it.
        assert len(session.scalars(select(Occupation.id)).all()) == 2
