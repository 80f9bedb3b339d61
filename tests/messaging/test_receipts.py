"""Receipts come repeated, late and out of order."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from urllib.parse import parse_qs, urlsplit

import pytest

from callcenter.core.scope import Centre as CentreScope
from callcenter.core.scope import CentreReason
from callcenter.messaging.outbox import retry_message
from callcenter.messaging.receipts import record_receipt
from callcenter.messaging.subscribers import UNDO_FOR
from tests.messaging.carriers import TIMED_OUT, Text
from tests.messaging.conftest import Centre


def receipt(centre: Centre, text: Text, status: str, error_code: str | None = None) -> bool:
    (reference,) = parse_qs(urlsplit(text.status_callback).query)["m"]
    with centre.database.unit_of_work(CentreScope(CentreReason.WEBHOOK)) as session:
        return record_receipt(
            session,
            message_id=reference,
            sid=text.sid,
            status=status,
            error_code=error_code,
            at=centre.clock.now(),
        )


def send(centre: Centre) -> Text:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    assert centre.deliver() == 1
    return centre.carrier.taken[-1]


@pytest.mark.parametrize("order", list(permutations(("queued", "sent", "delivered"))))
def test_in_any_order_and_twice_a_delivered_text_is_delivered(centre: Centre, order: tuple[str, ...]) -> None:
    text = send(centre)
    for status in order + order:
        receipt(centre, text, status)
    assert centre.message().status == "delivered"


def test_nothing_takes_delivered_back(centre: Centre) -> None:
    text = send(centre)
    assert receipt(centre, text, "delivered")
    assert not receipt(centre, text, "undelivered", "30003")
    assert not receipt(centre, text, "delivered")
    assert centre.message().status == "delivered"


def test_an_undelivered_text_has_failed_with_the_carrier_s_code(centre: Centre) -> None:
    assert receipt(centre, send(centre), "undelivered", "30003")
    assert (centre.message().status, centre.message().error) == ("failed", "undelivered 30003")


def test_a_receipt_that_overtakes_our_own_record_is_kept(centre: Centre) -> None:
    centre.carrier.on_taken = lambda text: receipt(centre, text, "delivered") and None
    text = send(centre)
    message = centre.message()
    assert (message.status, message.sid, message.sent_at) == ("delivered", text.sid, centre.clock.now())


def test_a_receipt_settles_what_a_time_out_left_open(centre: Centre) -> None:
    centre.carrier.lost_answer = TIMED_OUT
    centre.book()
    centre.clock.advance(UNDO_FOR)
    centre.deliver()
    centre.carrier.lost_answer = None
    assert receipt(centre, centre.carrier.taken[0], "sent")
    centre.clock.advance(timedelta(minutes=5))
    assert centre.deliver() == 0
    assert centre.message().status == "sent"


def test_a_late_failure_of_the_first_attempt_says_nothing_about_the_second(centre: Centre) -> None:
    first = send(centre)
    receipt(centre, first, "failed", "30008")
    with centre.database.unit_of_work(centre.cast.scope) as session:
        retry_message(session, centre.message().id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    assert centre.deliver() == 1
    assert not receipt(centre, first, "failed", "30008")
    assert centre.message().status == "sent"
    assert receipt(centre, centre.carrier.taken[1], "delivered")


def test_a_receipt_for_nothing_of_ours_changes_nothing(centre: Centre) -> None:
    send(centre)
    for reference in (None, "", "7", "999999-1", "x-1", "1-1-1", "９-1", "9" * 40 + "-1"):
        with centre.database.unit_of_work(CentreScope(CentreReason.WEBHOOK)) as session:
            assert not record_receipt(
                session, message_id=reference, sid="SM-unknown", status="failed", error_code=None, at=centre.clock.now()
            )
    assert centre.message().status == "sent"


def test_a_receipt_whose_text_was_taken_for_another_message_still_counts(centre: Centre) -> None:
    """Two texts in the same words: the look-up of the first may have found the second's."""
    other = send(centre)
    centre.book(11, 45, key="other")
    centre.clock.advance(UNDO_FOR)
    centre.carrier.lost_answer = TIMED_OUT
    centre.deliver()
    mine = centre.carrier.taken[-1]
    assert receipt(centre, Text(other.sid, mine.to, mine.sender, mine.body, mine.status_callback), "delivered")
    assert [(message.status, message.sid) for message in centre.messages()] == [
        ("sent", other.sid),
        ("delivered", None),
    ]
