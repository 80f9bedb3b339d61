"""What a look says of a leg, decided without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.telephony.discrepancies import Believed, Seen, news_of
from callcenter.telephony.state import LegNews
from callcenter.telephony.statuses import LegRole, LegStatus

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def leg(status: LegStatus, *, patient: bool = False, on_hold: bool = False, muted: bool = False) -> Believed:
    role = LegRole.PATIENT if patient else LegRole.OPERATOR
    return Believed(1, 1, role, status, patient, AT - timedelta(seconds=10), on_hold, muted)


def test_both_agree() -> None:
    assert news_of(leg(LegStatus.JOINED), Seen("in-progress", is_in_room=True), at=AT) == []
    assert news_of(leg(LegStatus.RINGING), Seen("ringing", is_in_room=False), at=AT) == []
    assert news_of(leg(LegStatus.DIALLING), Seen("queued", is_in_room=False), at=AT) == []


def test_who_is_in_the_room_is_believed_with_hold_and_microphone() -> None:
    seen = Seen("in-progress", is_in_room=True, on_hold=True)
    assert news_of(leg(LegStatus.RINGING, muted=True), seen, at=AT) == [LegNews.JOINED, LegNews.HELD, LegNews.UNMUTED]


def test_being_in_no_room_proves_nothing() -> None:
    assert news_of(leg(LegStatus.JOINED), Seen("in-progress", is_in_room=False), at=AT) == []
    assert news_of(leg(LegStatus.DIALLING, patient=True), Seen("in-progress", is_in_room=False), at=AT) == []


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_whom_we_rang_was_not_reached_but_who_rang_us_has_hung_up(status: str) -> None:
    seen = Seen(status, is_in_room=False)
    assert news_of(leg(LegStatus.RINGING), seen, at=AT) == [LegNews.FAILED]
    assert news_of(leg(LegStatus.JOINED, patient=True), seen, at=AT) == [LegNews.HUNG_UP]


def test_a_call_that_the_carrier_does_not_know_is_over_after_a_minute() -> None:
    unknown = Seen(None, is_in_room=False)
    assert news_of(leg(LegStatus.JOINED), unknown, at=AT) == []
    assert news_of(leg(LegStatus.JOINED), unknown, at=AT + timedelta(seconds=50)) == [LegNews.HUNG_UP]
