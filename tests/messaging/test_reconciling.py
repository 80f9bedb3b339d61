"""A receipt that never came is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.errors import ProviderError
from callcenter.messaging.reconciling import TextReconciler
from callcenter.messaging.subscribers import UNDO_FOR
from callcenter.telephony.models import Repair
from tests.agenda.cast import SEED
from tests.fakes import FakeProvider
from tests.messaging.conftest import Centre

MINUTE = timedelta(minutes=1)


def send(centre: Centre) -> str:
    centre.book()
    centre.clock.advance(UNDO_FOR)
    assert centre.deliver() == 1
    sid = centre.message().sid
    assert sid is not None
    return sid


def repairs(centre: Centre) -> list[str]:
    with centre.database.reading(SEED) as session:
        return list(session.scalars(select(Repair.kind)))


def test_a_text_that_arrived_without_a_receipt_is_shown_as_delivered_once(centre: Centre) -> None:
    carrier = FakeProvider()
    texts = TextReconciler(centre.database, carrier, centre.clock)
    carrier.sms[send(centre)] = ("delivered", None)
    assert (texts.run(), centre.message().status) == (0, "sent")  # its receipt may be on its way
    centre.clock.advance(MINUTE)
    assert (texts.run(), centre.message().status) == (1, "delivered")
    assert texts.run() == 0
    assert repairs(centre) == ["text_settled"]


def test_a_text_that_did_not_arrive_says_why(centre: Centre) -> None:
    carrier = FakeProvider()
    carrier.sms[send(centre)] = ("undelivered", "30003")
    centre.clock.advance(MINUTE)
    TextReconciler(centre.database, carrier, centre.clock).run()
    assert (centre.message().status, centre.message().error) == ("failed", "undelivered 30003")


def test_nobody_asks_for_ever(centre: Centre) -> None:
    carrier = FakeProvider()
    carrier.sms[send(centre)] = ("delivered", None)
    centre.clock.advance(timedelta(hours=25))
    assert TextReconciler(centre.database, carrier, centre.clock).run() == 0
    assert centre.message().status == "sent"


def test_a_text_still_on_its_way_stays_so(centre: Centre) -> None:
    carrier = FakeProvider()
    carrier.sms[send(centre)] = ("sent", None)
    centre.clock.advance(MINUTE)
    assert TextReconciler(centre.database, carrier, centre.clock).run() == 0
    assert (centre.message().status, repairs(centre)) == ("sent", [])


def test_a_text_that_may_not_be_asked_after_hides_no_other(centre: Centre) -> None:
    carrier = FakeProvider()
    send(centre)
    centre.clock.advance(MINUTE)
    carrier.refusing = ProviderError("no such account", permanent=True)
    assert TextReconciler(centre.database, carrier, centre.clock).run() == 0
    carrier.refusing = ProviderError("the carrier cannot be reached", permanent=False)
    with pytest.raises(ProviderError):
        TextReconciler(centre.database, carrier, centre.clock).run()
