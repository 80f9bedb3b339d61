"""Booking: once per form, never twice in one time, and a plain sentence for whoever comes second."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from callcenter.agenda.events import AppointmentBooked, AppointmentCancelled
from callcenter.agenda.models import Appointment
from callcenter.agenda.occupation_models import Act, AppointmentEvent, Occupation
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.scope import Practices
from tests.agenda.cast import NINE, SEED, book, paris, tilleuls


def test_a_booking_occupies_its_time_is_noted_and_told(database: Database) -> None:
    cast, told = tilleuls(database), []
    database.bus.subscribe(AppointmentBooked, lambda _session, event: told.append(event))
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    assert (booked.start, booked.end, booked.schedule_id) == (paris(11, 30), paris(11, 45), cast.schedule_id)
    with database.reading(SEED) as session:
        assert session.execute(select(Occupation.start, Occupation.end)).all() == [(paris(11, 30), paris(11, 45))]
        assert session.scalars(select(AuditEntry.action)).all() == ["appointment.booked"]
    assert told == [
        AppointmentBooked(booked.id, cast.practice_id, cast.vasseur_id, cast.practitioner_id, None, paris(11, 30), NINE)
    ]


def test_the_same_form_twice_books_once_and_for_another_time_is_refused(database: Database) -> None:
    cast = tilleuls(database)
    ids = []
    for _ in range(2):
        with database.unit_of_work(cast.scope) as session:
            ids.append(book(session, cast, paris(11, 30), key="form").id)
    assert ids[0] == ids[1]
    with pytest.raises(Conflict) as refused, database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 45), key="form")
    assert not isinstance(refused.value, TimeTaken)


def test_whoever_comes_second_learns_who_was_first_and_gets_three_next_times(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), staff_id=cast.ines_id)
        book(session, cast, paris(11, 45), staff_id=cast.ines_id)
    with pytest.raises(TimeTaken) as lost, database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), key="camille")
    assert str(lost.value) == "Inès has just taken this time."
    assert [one.start for one in lost.value.next_choices] == [paris(12), paris(12, 15), paris(14)]
    with pytest.raises(TimeTaken) as own, database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), key="ines", staff_id=cast.ines_id)
    assert own.value.taken_by == ""


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (paris(8, 45), "This time has already passed."),
        (paris(13), "This time is not open for this type of visit."),
        (paris(12, 20), "This time is not open for this type of visit."),
        (paris(11, 31), "Visits do not begin at this minute."),
    ],
)
def test_a_time_that_cannot_be_had_is_refused_with_three_that_can(
    database: Database, start: int, sentence: str
) -> None:
    cast = tilleuls(database)
    with pytest.raises(TimeTaken, match=sentence) as refused, database.unit_of_work(cast.scope) as session:
        book(session, cast, start)
    assert len(refused.value.next_choices) == 3


def test_nothing_of_another_practice_can_be_booked(database: Database) -> None:
    cast, other = tilleuls(database), tilleuls(database, code="port")
    both = Practices.of(cast.practice_id, other.practice_id)
    for foreign in (
        {"patient_id": other.vasseur_id},
        {"service_type_id": other.consultation_id},
    ):
        with pytest.raises(NotFound), database.unit_of_work(both) as session:
            book(session, cast, paris(11, 30), **foreign)
    with pytest.raises(NotFound), database.unit_of_work(other.scope) as session:
        book(session, cast, paris(11, 30))


def test_eight_bookers_one_time(database: Database) -> None:
    cast = tilleuls(database)
    outcomes = _at_once(database, cast.scope, [f"form-{number}" for number in range(8)], cast)
    winners = [one for one in outcomes if isinstance(one, int)]
    losers = [one for one in outcomes if isinstance(one, TimeTaken)]
    assert (len(winners), len(losers)) == (1, 7), outcomes
    assert {len(one.next_choices) for one in losers} == {3}
    with database.reading(SEED) as session:
        assert session.scalar(select(func.count(Occupation.id))) == 1
        assert session.scalars(select(Appointment.id)).all() == winners


def test_the_same_form_eight_times_at_once_books_once(database: Database) -> None:
    cast = tilleuls(database)
    outcomes = _at_once(database, cast.scope, ["form"] * 8, cast)
    assert len(set(outcomes)) == 1
    assert isinstance(outcomes[0], int)


def test_the_database_itself_refuses_an_overlap_that_slipped_past_the_check(database: Database) -> None:
    """The backstop, for a writer that asks nobody."""
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        first = book(session, cast, paris(11, 30), staff_id=cast.ines_id)
    with database.unit_of_work(cast.scope) as session:
        late = book(session, cast, paris(12), key="late")
    with pytest.raises(IntegrityError, match="occupation_overlap"), database.unit_of_work(cast.scope) as session:
        session.execute(
            update(Occupation)
            .where(Occupation.appointment_id == late.id)
            .values(start=first.start + 300, end=first.end + 300)
        )


def test_a_cancelled_time_is_free_again_and_the_appointment_stays(database: Database) -> None:
    cast, told = tilleuls(database), []
    database.bus.subscribe(AppointmentCancelled, lambda _session, event: told.append(event.appointment_id))
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(11, 30))
    for _ in range(2):
        with database.unit_of_work(cast.scope) as session:
            cancelled = cancel_appointment(
                session, booked.id, staff_id=cast.camille_id, reason="unwell", at=NINE + timedelta(minutes=1)
            )
            assert cancelled.status == "cancelled"
    assert told == [booked.id]
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), key="another", staff_id=cast.ines_id)
    with database.reading(SEED) as session:
        cancelled = select(AppointmentEvent.reason).where(AppointmentEvent.act == Act.CANCELLED)
        assert session.scalars(cancelled).all() == ["unwell"]
        assert session.scalar(select(func.count(Appointment.id))) == 2


def _at_once(database: Database, scope: Practices, keys: list[str], cast: object) -> list[object]:
    """Everybody presses at the same moment; each outcome is an appointment's id or what was raised."""
    start, outcomes = threading.Barrier(len(keys)), []

    def press(key: str) -> None:
        start.wait()
        try:
            with database.unit_of_work(scope) as session:
                found: object = book(session, cast, paris(11, 30), key=key).id  # type: ignore[arg-type]
        except Exception as raised:
            found = raised
        outcomes.append(found)

    threads = [threading.Thread(target=press, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
