"""E-mails leave apart from texts, and again when nobody knows; what is known is not done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from callcenter.core.errors import ProviderError
from callcenter.core.scope import Centre as CentreScope
from callcenter.core.scope import CentreReason
from callcenter.messaging.mail_delivery import ATTEMPTS, deliver_due_mail
from callcenter.messaging.models import OutboxMessage
from callcenter.messaging.outbox import outbox_view, retry_message
from callcenter.messaging.receipts import record_receipt
from callcenter.messaging.reconciling import TextReconciler
from callcenter.messaging.subscribers import UNDO_FOR
from tests.agenda.cast import SEED
from tests.fakes import FakeProvider
from tests.messaging.carriers import NO_SUCH_MAILBOX, NOT_NOW, TIMED_OUT, UNREACHABLE
from tests.messaging.conftest import Centre

NO_ANSWER = ProviderError("no answer after the e-mail was sent", permanent=False, unknown=True)
PAUSE = timedelta(minutes=5)


def test_an_e_mail_that_a_server_has_taken_is_sent_and_that_is_the_end(centre: Centre) -> None:
    row = centre.write()
    assert (centre.deliver_mail(), centre.deliver_mail()) == (1, 0)
    (letter,) = centre.mail_server.taken
    assert (letter.outbox_id, letter.to, letter.subject) == (row, "lemoine@cabinet.example", "Message 1")
    message = centre.message()
    assert (message.status, message.sent_at, message.settled_at) == ("sent", centre.clock.now(), centre.clock.now())
    with centre.database.reading(SEED) as session:
        view = outbox_view(session, at=centre.clock.now())
    assert (view.mailed, view.on_the_way, view.waiting, view.rows) == (1, 0, 0, ())


def test_neither_texts_nor_e_mails_are_taken_by_the_others_pass(centre: Centre) -> None:
    centre.book()
    centre.write()
    centre.clock.advance(UNDO_FOR)
    assert (centre.deliver(), [one.status for one in centre.messages()]) == (1, ["sent", "pending"])
    centre.book(11, 45)
    centre.clock.advance(UNDO_FOR)
    assert (centre.deliver_mail(), [one.status for one in centre.messages()]) == (1, ["sent", "sent", "pending"])
    assert len(centre.carrier.taken) == len(centre.mail_server.taken) == 1


@pytest.mark.parametrize("arrived", [True, False])
def test_an_e_mail_of_which_nobody_knows_is_sent_again_under_the_same_name(centre: Centre, arrived: bool) -> None:
    row = centre.write()
    if arrived:
        centre.mail_server.lost_answer = NO_ANSWER
    else:
        centre.mail_server.trouble = NO_ANSWER
    assert centre.deliver_mail() == 0
    assert centre.deliver_mail() == 0  # not before its pause is over
    assert (centre.message().status, centre.message().attempts) == ("pending", 1)
    centre.mail_server.trouble = centre.mail_server.lost_answer = None
    centre.clock.advance(timedelta(seconds=5))
    assert centre.deliver_mail() == 1
    assert {letter.outbox_id for letter in centre.mail_server.taken} == {row}
    assert len(centre.mail_server.taken) == 1 + arrived


def test_after_five_unknown_ends_it_is_left_to_a_person(centre: Centre) -> None:
    row = centre.write()
    centre.mail_server.lost_answer = NO_ANSWER
    for _ in range(ATTEMPTS + 3):
        centre.deliver_mail()
        centre.clock.advance(PAUSE)
    assert len(centre.mail_server.taken) == ATTEMPTS == 5
    assert (centre.message().status, centre.message().error) == ("failed", "no answer after the e-mail was sent")
    centre.mail_server.lost_answer = None
    retry(centre, row)
    assert (centre.deliver_mail(), centre.message().status) == (1, "sent")


def test_a_crash_while_sending_is_an_unknown_end_too(centre: Centre) -> None:
    centre.write()
    centre.mail_server.lost_answer = KeyboardInterrupt()  # what no handler of ours catches, as a killed process
    for attempt in range(1, ATTEMPTS + 1):
        with pytest.raises(KeyboardInterrupt):
            centre.deliver_mail()
        assert (centre.message().status, centre.message().attempts) == ("sending", attempt)
        assert centre.deliver_mail() == 0  # somebody may still be sending it
        centre.clock.advance(timedelta(seconds=61))
    assert centre.deliver_mail() == 0
    assert (centre.message().status, len(centre.mail_server.taken)) == ("failed", 5)


def test_while_the_server_is_away_they_wait_for_as_long_as_it_takes(centre: Centre) -> None:
    for key in "ab":
        centre.write(key)
    centre.mail_server.trouble = NOT_NOW
    for _ in range(ATTEMPTS + 2):
        assert centre.deliver_mail() == 0
        centre.clock.advance(PAUSE)
    with centre.database.reading(SEED) as session:
        rows = outbox_view(session, at=centre.clock.now()).rows
    assert [(row.to_email, row.to_number, row.attempts, row.error, row.code) for row in rows] == [
        ("lemoine@cabinet.example", "", 7, "the mail server asks us to try later", "451")
    ] * 2
    centre.mail_server.trouble = None
    assert centre.deliver_mail() == 2


def test_a_refusal_for_good_fails_with_its_reason_and_a_person_may_send_again(
    centre: Centre, caplog: pytest.LogCaptureFixture
) -> None:
    row = centre.write()
    centre.mail_server.trouble = NO_SUCH_MAILBOX
    assert (centre.deliver_mail(), centre.message().status) == (0, "failed")
    with centre.database.reading(SEED) as session:
        (shown,) = outbox_view(session, at=centre.clock.now()).rows
    assert (shown.error, shown.code, shown.can_be_retried) == ("this e-mail address does not exist", "550", True)
    assert "550" in caplog.text
    assert "lemoine@cabinet.example" not in caplog.text
    centre.mail_server.trouble = None
    retry(centre, row)
    assert (centre.deliver_mail(), centre.message().status) == (1, "sent")


def test_a_fault_of_ours_while_sending_says_nothing_about_whether_it_left(centre: Centre) -> None:
    centre.write()
    centre.mail_server.trouble = ZeroDivisionError()
    centre.deliver_mail()
    assert (centre.message().status, centre.message().error) == ("pending", "ZeroDivisionError")


def test_a_stop_waits_for_one_e_mail_and_gives_the_others_back(centre: Centre) -> None:
    for key in "abc":
        centre.write(key)
    server = centre.mail_server
    sent = deliver_due_mail(centre.database, server, centre.clock, is_stopping=lambda: len(server.taken) > 0)
    assert (sent, [message.status for message in centre.messages()]) == (1, ["sent", "pending", "pending"])


def test_a_slow_server_makes_a_claim_lapse_before_another_process_may_take_it(centre: Centre) -> None:
    for key in "abcd":
        centre.write(key)
    ages = []

    def slowly(_letter: object) -> None:
        ages.append(max(centre.clock.now() - one.claimed_at for one in centre.messages() if one.status == "sending"))
        centre.clock.advance(timedelta(seconds=20))

    centre.mail_server.on_taken = slowly
    assert centre.deliver_mail() == 4
    assert max(ages) < timedelta(seconds=40)


def test_four_deliverers_at_once_send_each_e_mail_once(centre: Centre) -> None:
    for number in range(12):
        centre.write(str(number))
    threads = [threading.Thread(target=centre.deliver_mail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(letter.outbox_id for letter in centre.mail_server.taken) == [one.id for one in centre.messages()]
    assert {message.status for message in centre.messages()} == {"sent"}


def test_the_carrier_is_asked_about_texts_alone(centre: Centre) -> None:
    """Neither a look-up, nor a look at receipts, nor a receipt with a number that it shares, concerns an e-mail."""
    row = centre.write()
    centre.mail_server.lost_answer = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        centre.deliver_mail()
    centre.clock.advance(timedelta(seconds=61))
    centre.carrier.lookup_trouble = TIMED_OUT
    assert centre.deliver() == 0
    with centre.database.unit_of_work(CentreScope(CentreReason.WEBHOOK)) as session:
        told = {"status": "delivered", "error_code": None, "at": centre.clock.now()}
        assert not record_receipt(session, message_id=f"{row}-1", sid="SM" + "0" * 32, **told)  # type: ignore[arg-type]
    assert centre.message().status == "sending"
    centre.mail_server.lost_answer = None
    assert centre.deliver_mail() == 1
    with centre.database.unit_of_work(SEED) as session:
        session.get_one(OutboxMessage, row).sid = "SM" + "1" * 32
    centre.clock.advance(timedelta(minutes=2))
    carrier = FakeProvider()
    carrier.refusing = UNREACHABLE
    assert TextReconciler(centre.database, carrier, centre.clock).run() == 0


def retry(centre: Centre, message_id: int) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        retry_message(session, message_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
