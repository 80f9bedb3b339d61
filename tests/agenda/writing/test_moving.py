"""Moving and swapping: nobody stands in her own way, nothing is free in between, and both or neither."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.events import AppointmentMoved
from callcenter.agenda.models import Appointment, Opening, OpeningChannel, OpeningUse
from callcenter.agenda.occupation_models import Act, Occupation
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.history import history_of
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.swapping import swap_appointments
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound
from tests.agenda.cast import NINE, SEED, Cast, book, paris, tilleuls


def move(session: Session, cast: Cast, appointment_id: int, start: int, **other: object) -> Appointment:
    """Camille moves a visit within Dr Lemoine's agenda, unless told otherwise."""
    asked: dict[str, object] = {"staff_id": cast.camille_id, "request_key": f"move-{start}", "at": NINE} | other
    return move_appointment(
        session,
        appointment_id,
        practitioner_id=cast.practitioner_id,
        start=start,
        **asked,  # type: ignore[arg-type]
    )


def taken(database: Database) -> list[tuple[int, int]]:
    with database.reading(SEED) as session:
        rows = session.execute(select(Occupation.start, Occupation.end).order_by(Occupation.start))
        return [(row.start, row.end) for row in rows]


def test_a_visit_moves_its_old_time_is_free_and_the_history_says_who(database: Database) -> None:
    cast, told = tilleuls(database), []
    database.bus.subscribe(AppointmentMoved, lambda _session, event: told.append((event.was_start, event.start)))
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30), staff_id=cast.ines_id)
    for _again in range(2):
        with database.unit_of_work(cast.scope) as session:
            assert move(session, cast, booked.id, paris(14)).start == paris(14)
    assert taken(database) == [(paris(14), paris(14, 15))]
    assert told == [(paris(11, 30), paris(14))]
    with database.reading(cast.scope) as session:
        lines = history_of(session, booked.id)
    assert [(one.act, one.who, one.was_start, one.start) for one in lines] == [
        (Act.BOOKED, "Inès", None, paris(11, 30)),
        (Act.MOVED, "Camille", paris(11, 30), paris(14)),
    ]


def test_the_visit_that_moves_does_not_stand_in_its_own_way(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    with database.unit_of_work(cast.scope) as session:
        assert move(session, cast, booked.id, paris(11, 35)).end == paris(11, 50)
    # Nor in its own opening, whose share it is itself.
    with database.unit_of_work(cast.scope) as session:
        for opening in session.scalars(select(Opening)).all():
            session.add(OpeningChannel(opening_id=opening.id, channel="phone", quota=1, practice_id=cast.practice_id))
    with database.unit_of_work(cast.scope) as session:
        counted = book(session, cast, paris(14), key="counted")
    with database.unit_of_work(cast.scope) as session:
        move(session, cast, counted.id, paris(15))
    with database.reading(SEED) as session:
        assert session.scalars(select(OpeningUse.taken)).all() == [1]


def test_a_refused_move_leaves_everything_as_it_was(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
        book(session, cast, paris(14), staff_id=cast.ines_id)
    with database.unit_of_work(cast.scope) as session:
        with pytest.raises(TimeTaken, match="Inès has just taken this time") as lost:
            move(session, cast, booked.id, paris(14))
        assert session.get_one(Appointment, booked.id).start == paris(11, 30)
    assert [one.start for one in lost.value.next_choices] == [paris(14, 15), paris(14, 30), paris(14, 45)]
    assert taken(database) == [(paris(11, 30), paris(11, 45)), (paris(14), paris(14, 15))]


def test_who_saw_it_elsewhere_does_not_move_it_away(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    with database.unit_of_work(cast.scope) as session:
        move(session, cast, booked.id, paris(14), staff_id=cast.ines_id, request_key="ines")
    with pytest.raises(Conflict, match="moved by somebody else"), database.unit_of_work(cast.scope) as session:
        move(session, cast, booked.id, paris(15), seen_start=paris(11, 30))


def test_only_what_is_to_come_and_within_reach_is_moved(database: Database) -> None:
    cast, other = tilleuls(database), tilleuls(database, code="port")
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    with pytest.raises(NotFound), database.unit_of_work(other.scope) as session:
        move(session, cast, booked.id, paris(14))
    with pytest.raises(NotFound), database.unit_of_work(cast.scope) as session:
        move_appointment(
            session,
            booked.id,
            practitioner_id=other.practitioner_id,
            start=paris(14),
            staff_id=cast.camille_id,
            request_key="foreign",
            at=NINE,
        )
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, booked.id, staff_id=cast.camille_id, at=NINE)
    with pytest.raises(Conflict, match="still to come"), database.unit_of_work(cast.scope) as session:
        move(session, cast, booked.id, paris(14))


def test_two_visits_exchange_their_times(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        early = book(session, cast, paris(11))
        late = book(session, cast, paris(14), patient_id=cast.landline_id)
    for _again in range(2):
        with database.unit_of_work(cast.scope) as session:
            first, second = swap_appointments(
                session, early.id, late.id, staff_id=cast.camille_id, request_key="swap", at=NINE
            )
            assert (first.start, second.start) == (paris(14), paris(11))
    assert taken(database) == [(paris(11), paris(11, 15)), (paris(14), paris(14, 15))]


def test_a_swap_that_fits_one_way_only_changes_neither(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        short = book(session, cast, paris(11))
        book(session, cast, paris(11, 15))
        long = book(session, cast, paris(14), service_type_id=cast.first_visit_id, patient_id=cast.landline_id)
    with pytest.raises(TimeTaken), database.unit_of_work(cast.scope) as session:
        swap_appointments(
            session,
            short.id,
            long.id,
            staff_id=cast.camille_id,
            request_key="swap",
            at=NINE + timedelta(minutes=1),
        )
    assert (paris(14), paris(14, 30)) in taken(database)
    assert (paris(11), paris(11, 15)) in taken(database)
