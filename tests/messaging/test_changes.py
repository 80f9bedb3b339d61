"""What a patient is told when a visit is moved, is on again, or is one of several."""

from __future__ import annotations

from datetime import timedelta

from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.series import book_series
from callcenter.agenda.writing.undoing import last_undoable, undo
from tests.agenda.cast import paris
from tests.agenda.writing.test_moving import move
from tests.messaging.conftest import Centre


def _undo(centre: Centre) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        last = last_undoable(session, centre.cast.camille_id, at=centre.clock.now())
        assert last is not None
        undo(session, last.event_id, staff_id=centre.cast.camille_id, at=centre.clock.now())


def _move(centre: Centre, appointment_id: int, start: int, *, tell: bool = True) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        move(session, centre.cast, appointment_id, start, at=centre.clock.now(), tell=tell)


def _texts(centre: Centre) -> list[tuple[str, str]]:
    return [(one.status, one.body) for one in centre.messages()]


def test_a_move_before_the_confirmation_left_is_one_text_of_the_new_time(centre: Centre) -> None:
    booked = centre.book()
    _move(centre, booked, paris(14))
    assert _texts(centre) == [
        ("canceled", "RDV le lundi 23/11 à 11:30. Cabinet des Tilleuls"),
        ("pending", "RDV le lundi 23/11 à 14:00. Cabinet des Tilleuls"),
    ]


def test_a_move_after_it_left_says_that_it_is_moved_and_undone_says_so_again(centre: Centre) -> None:
    booked = centre.book()
    centre.clock.advance(timedelta(seconds=10))
    centre.deliver()
    _move(centre, booked, paris(14))
    centre.clock.advance(timedelta(seconds=10))
    centre.deliver()
    _undo(centre)
    assert [body for _, body in _texts(centre)] == [
        "RDV le lundi 23/11 à 11:30. Cabinet des Tilleuls",
        "RDV déplacé au lundi 23/11 à 14:00. Cabinet des Tilleuls",
        "RDV déplacé au lundi 23/11 à 11:30. Cabinet des Tilleuls",
    ]


def test_who_is_not_to_be_told_of_a_move_still_gets_her_confirmation_and_never_the_old_time(centre: Centre) -> None:
    booked = centre.book()
    _move(centre, booked, paris(14), tell=False)
    assert [status for status, _ in _texts(centre)] == ["canceled", "pending"]
    centre.clock.advance(timedelta(seconds=10))
    centre.deliver()
    _move(centre, booked, paris(15), tell=False)
    assert [body for _, body in _texts(centre)][1:] == ["RDV le lundi 23/11 à 14:00. Cabinet des Tilleuls"]


def test_a_cancellation_taken_back_sends_the_confirmation_after_all(centre: Centre) -> None:
    booked = centre.book()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        cancel_appointment(session, booked, staff_id=centre.cast.camille_id, at=centre.clock.now())
    assert [status for status, _ in _texts(centre)] == ["canceled"]
    _undo(centre)
    assert [status for status, _ in _texts(centre)] == ["pending"]
    centre.clock.advance(timedelta(seconds=10))
    assert centre.deliver() == 1


def test_a_series_is_one_text_which_goes_as_long_as_one_visit_stands(centre: Centre) -> None:
    cast = centre.cast
    with centre.database.unit_of_work(cast.scope) as session:
        booked = book_series(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            patient_id=cast.vasseur_id,
            service_type_id=cast.consultation_id,
            starts=[paris(9, 30, day=24), paris(10, day=25)],
            call_id=None,
            staff_id=cast.camille_id,
            request_key="series-1",
            at=centre.clock.now(),
        )
        ids = [one.id for one in booked]
    assert _texts(centre) == [("pending", "2 RDV : 24/11 09:30, 25/11 10:00. Cabinet des Tilleuls")]
    for one, status in zip(ids, ("pending", "canceled"), strict=True):
        with centre.database.unit_of_work(cast.scope) as session:
            cancel_appointment(session, one, staff_id=cast.camille_id, at=centre.clock.now())
        assert [each for each, _ in _texts(centre)] == [status]
