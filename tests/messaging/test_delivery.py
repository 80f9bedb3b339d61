"""Texts leave once, whatever the carrier does; nothing is lost and nobody is told twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.errors import Conflict, ProviderError
from callcenter.messaging.delivery import deliver_due, pause_before
from callcenter.messaging.outbox import outbox_view, retry_message
from callcenter.messaging.subscribers import UNDO_FOR, confirmation_for
from tests.agenda.cast import SEED, Cast
from tests.messaging.carriers import NOT_A_NUMBER, TIMED_OUT, UNREACHABLE
from tests.messaging.conftest import Centre


def test_a_booking_is_confirmed_once_the_moment_to_undo_has_passed(centre: Centre) -> None:
    centre.book()
    assert centre.deliver() == 0
    centre.clock.advance(UNDO_FOR)
    assert (centre.deliver(), centre.deliver()) == (1, 0)
    (text,) = centre.carrier.taken
    assert (text.to, text.sender) == ("+33639981472", "+33199000000")
    assert text.body == "RDV le lundi 23/11 à 11:30. Cabinet des Tilleuls"
    message = centre.message()
    assert text.status_callback == f"https://centre.example.org/twilio/message-status?m={message.id}-1"
    assert (message.status, message.sid, message.sent_at) == ("sent", text.sid, centre.clock.now())


def test_the_same_form_twice_and_a_landline_send_nothing_more(centre: Centre) -> None:
    centre.book(key="form")
    centre.book(key="form")
    centre.book(11, 45, patient_id=centre.cast.landline_id)
    assert len(centre.messages()) == 1
    assert _reasons(centre, centre.cast) == [None, "No text: landline number"]


def test_a_booking_taken_back_at_once_sends_nothing(centre: Centre) -> None:
    appointment_id = centre.book()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        cancel_appointment(session, appointment_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    centre.clock.advance(timedelta(minutes=1))
    assert centre.deliver() == 0
    assert (centre.message().status, centre.carrier.taken) == ("canceled", [])


def test_while_the_carrier_is_unreachable_texts_wait_in_sight_and_all_go_out_after(centre: Centre) -> None:
    for minute in (0, 15, 30, 45):
        centre.book(11, minute)
    centre.carrier.trouble = UNREACHABLE
    for _ in range(3):
        centre.clock.advance(timedelta(minutes=6))
        assert centre.deliver() == 0
    with centre.database.reading(SEED) as session:
        view = outbox_view(session, at=centre.clock.now())
    assert (view.waiting, view.failed, len(view.rows)) == (4, 0, 4)
    assert [(row.attempts, row.error) for row in view.rows] == [(3, "the carrier did not take it")] * 4
    centre.carrier.trouble = None
    centre.clock.advance(timedelta(minutes=6))
    assert centre.deliver() == 4
    assert {message.status for message in centre.messages()} == {"sent"}
    assert len({text.body for text in centre.carrier.taken}) == len(centre.carrier.taken) == 4


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause_before(attempt).total_seconds() for attempt in (1, 2, 3, 7, 50)] == [5, 10, 20, 300, 300]


def test_a_refusal_for_good_fails_and_a_person_may_send_again(centre: Centre) -> None:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.trouble = NOT_A_NUMBER
    centre.deliver()
    failed = centre.message()
    assert (failed.status, failed.error) == ("failed", "21211 The 'To' number is not valid")
    centre.carrier.trouble = None
    assert centre.deliver() == 0
    _retry(centre, failed.id)
    assert centre.deliver() == 1
    with pytest.raises(Conflict):
        _retry(centre, failed.id)


def test_an_answer_lost_after_the_text_left_is_looked_up_not_sent_again(centre: Centre) -> None:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.lost_answer = TIMED_OUT
    centre.deliver()
    assert centre.message().status == "uncertain"
    centre.carrier.lookup_trouble, centre.carrier.lost_answer = UNREACHABLE, None
    centre.clock.advance(timedelta(seconds=30))
    assert centre.deliver() == 0
    assert centre.message().status == "uncertain"
    centre.carrier.lookup_trouble = None
    centre.clock.advance(timedelta(minutes=2))
    assert centre.deliver() == 0
    assert (centre.message().status, centre.message().sid) == ("sent", centre.carrier.taken[0].sid)
    assert len(centre.carrier.taken) == 1


def test_a_time_out_before_the_text_left_sends_it_after_the_look_up(centre: Centre) -> None:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.trouble = TIMED_OUT
    centre.deliver()
    centre.carrier.trouble = None
    centre.clock.advance(timedelta(seconds=30))
    assert centre.deliver() == 1
    assert (centre.message().attempts, len(centre.carrier.taken)) == (2, 1)


@pytest.mark.parametrize("text_left", [True, False])
def test_a_crash_between_sending_and_recording_tells_nobody_twice(centre: Centre, text_left: bool) -> None:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    crash = KeyboardInterrupt()  # what no handler of ours catches, as a killed process
    if text_left:
        centre.carrier.lost_answer = crash
    else:
        centre.carrier.trouble = crash  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        centre.deliver()
    centre.carrier.lost_answer = centre.carrier.trouble = None
    assert centre.message().status == "sending"
    assert centre.deliver() == 0  # somebody may still be sending it
    centre.clock.advance(timedelta(seconds=61))
    centre.deliver()
    assert (centre.message().status, len(centre.carrier.taken)) == ("sent", 1)


def test_the_same_words_of_an_earlier_appointment_prove_nothing(centre: Centre) -> None:
    """Booked, cancelled, booked again at the same time: the first text must not pass for the second."""
    appointment_id = centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.deliver()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        cancel_appointment(session, appointment_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    centre.book(key="again")
    centre.clock.advance(UNDO_FOR)
    centre.carrier.trouble = TIMED_OUT
    centre.deliver()
    centre.carrier.trouble = None
    centre.clock.advance(timedelta(seconds=30))
    centre.deliver()
    assert [message.status for message in centre.messages()] == ["sent", "sent"]
    assert len(centre.carrier.taken) == 2


def test_four_deliverers_at_once_send_each_text_once(centre: Centre) -> None:
    for hour in (9, 10, 11):
        for minute in (0, 15, 30, 45):
            centre.book(hour, minute)
    centre.clock.advance(UNDO_FOR)
    threads = [threading.Thread(target=centre.deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({text.body for text in centre.carrier.taken}) == len(centre.carrier.taken) == 12
    assert {message.status for message in centre.messages()} == {"sent"}


def _retry(centre: Centre, message_id: int) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        retry_message(session, message_id, staff_id=centre.cast.camille_id, at=centre.clock.now())


def _reasons(centre: Centre, cast: Cast) -> list[str | None]:
    from callcenter.directory.models import Patient

    with centre.database.reading(SEED) as session:
        return [confirmation_for(session.get_one(Patient, one)) for one in (cast.vasseur_id, cast.landline_id)]


def test_a_look_up_does_not_trust_the_carriers_clock(centre: Centre) -> None:
    """Two bookings in the same words, both answers lost: each finds its own text, and neither is sent again."""
    first = centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.lost_answer = TIMED_OUT
    centre.deliver()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        cancel_appointment(session, first, staff_id=centre.cast.camille_id, at=centre.clock.now())
    centre.book(key="again")
    centre.clock.advance(UNDO_FOR)
    centre.deliver()
    centre.carrier.lost_answer = None
    centre.clock.advance(timedelta(seconds=30))
    centre.deliver()
    assert sorted(str(message.sid) for message in centre.messages()) == [text.sid for text in centre.carrier.taken]
    assert len(centre.carrier.taken) == 2


def test_a_confirmation_in_doubt_is_not_sent_once_its_appointment_is_cancelled(centre: Centre) -> None:
    appointment_id = centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.trouble = TIMED_OUT
    centre.deliver()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        cancel_appointment(session, appointment_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    centre.carrier.trouble = None
    centre.clock.advance(timedelta(seconds=30))
    assert centre.deliver() == 0
    assert (centre.message().status, centre.carrier.taken) == ("canceled", [])


def test_a_slow_carrier_makes_a_claim_lapse_before_another_process_may_take_it(centre: Centre) -> None:
    for minute in (0, 15, 30, 45):
        centre.book(11, minute)
    centre.clock.advance(UNDO_FOR)
    ages = []

    def slowly(_text: object) -> None:
        ages.append(max(centre.clock.now() - one.claimed_at for one in centre.messages() if one.status == "sending"))
        centre.clock.advance(timedelta(seconds=20))

    centre.carrier.on_taken = slowly
    assert centre.deliver() == 4
    assert max(ages) < timedelta(seconds=40)
    assert len({text.body for text in centre.carrier.taken}) == len(centre.carrier.taken) == 4


def test_a_stop_waits_for_one_text_and_gives_the_others_back(centre: Centre) -> None:
    for minute in (0, 15, 30):
        centre.book(11, minute)
    centre.clock.advance(UNDO_FOR)
    sent = deliver_due(
        centre.database,
        centre.carrier,
        centre.settings,
        centre.clock,
        is_stopping=lambda: len(centre.carrier.taken) > 0,
    )
    assert (sent, [message.status for message in centre.messages()]) == (1, ["sent", "pending", "pending"])


def test_no_number_stands_in_the_log(centre: Centre, caplog: pytest.LogCaptureFixture) -> None:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.carrier.trouble = ProviderError("The 'To' number +33639981472 is not valid", permanent=True, code=21211)
    centre.deliver()
    assert "21211" in caplog.text
    assert "+33639981472" not in caplog.text
