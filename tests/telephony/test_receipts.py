"""A webhook is applied once, and its receipt is not kept for ever."""

from datetime import timedelta

from callcenter.telephony.models import WebhookReceipt
from callcenter.telephony.receipts import forget_old, is_first
from tests.floor import ALL, Floor


def test_a_receipt_is_kept_while_a_repeat_may_come_and_forgotten_after(floor: Floor) -> None:
    def hear(sid: str) -> bool:
        with floor.database.unit_of_work(ALL) as session:
            return is_first(session, "leg", sid, "ringing", "1", at=floor.now)

    assert (hear("CA1"), hear("CA1")) == (True, False)
    floor.clock.advance(timedelta(days=2))
    assert hear("CA2")
    with floor.database.unit_of_work(ALL) as session:
        assert forget_old(session, at=floor.now) == 0
        assert forget_old(session, at=floor.now + timedelta(seconds=1)) == 1
    assert [row["key"] for row in floor.rows(WebhookReceipt)["webhook_receipt"]] == ["leg:CA2:ringing:1"]
