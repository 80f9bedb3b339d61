"""How long a caller will wait, and who is offered a key before she does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.phone import CALL_COUNTRIES
from callcenter.directory.line_entry import LineEntry
from callcenter.routing.expected_wait import (
    USUAL_HANDLING,
    KeyOffer,
    QueueLook,
    expected_wait,
    key_offer,
    usual_handling,
)

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CALLER = "+33639981472"
LINE = LineEntry(
    line_id=1,
    practice_id=1,
    practice_code="lilas",
    practice_name="Cabinet des Lilas",
    number="+33199001234",
    language="fr",
    zone="Europe/Paris",
    country="FR",
    mode="training",
    callback_after=180,
)


def offer(
    waiting: int = 4,
    on_duty: int = 2,
    *,
    line: LineEntry = LINE,
    number: str | None = CALLER,
    at: datetime = NINE,
    looked_at: datetime | None = None,
) -> KeyOffer | None:
    look = QueueLook(at=looked_at or at, waiting=waiting, on_duty=on_duty)
    return key_offer(look, line, number, countries=CALL_COUNTRIES, at=at)


@pytest.mark.parametrize(
    ("waiting", "on_duty", "seconds"), [(0, 3, 0), (1, 2, 60), (4, 2, 240), (5, 3, 200), (0, 0, None), (9, 0, None)]
)
def test_who_waits_before_her_is_shared_among_those_on_duty(waiting: int, on_duty: int, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert expected_wait(QueueLook(at=NINE, waiting=waiting, on_duty=on_duty)) == expected


def test_the_day_counts_once_it_has_twenty_conversations() -> None:
    short = timedelta(seconds=30)
    assert usual_handling([]) == usual_handling([short] * 19) == USUAL_HANDLING
    assert usual_handling([short] * 20) == short
    assert usual_handling([short] * 10 + [timedelta(seconds=90)] * 10) == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("waiting", "on_duty", "minutes"),
    [(4, 2, 4), (5, 3, 4), (7, 4, 4), (2, 1, 4), (10, 1, 20)],  # 240, 200, 210, 240, 1200 seconds
)
def test_whole_minutes_are_rounded_up(waiting: int, on_duty: int, minutes: int) -> None:
    assert offer(waiting, on_duty) == KeyOffer(minutes)


def test_a_short_wait_is_offered_nothing() -> None:
    assert offer(3, 2) is None  # 180 s: no longer than the line says
    assert offer(0, 1) is None


def test_nobody_on_duty_promises_no_minutes() -> None:
    assert offer(0, 0) == offer(30, 0) == KeyOffer(None)


@pytest.mark.parametrize(("after", "minutes"), [(0, None), (30, 1), (59, 1), (60, None), (61, None)])
def test_the_line_says_what_is_long(after: int, minutes: int | None) -> None:
    expected = None if minutes is None else KeyOffer(minutes)
    assert offer(1, 2, line=replace(LINE, callback_after=after)) == expected
    if not after:
        assert offer(0, 0, line=replace(LINE, callback_after=after)) is None


@pytest.mark.parametrize(
    "number",
    [None, "", "anonymous", "+266696687", "+33899123456", "+3315", "+881612345678", "+12125550123", "06 39 98 14 72"],
)
def test_who_cannot_be_rung_back_is_offered_nothing(number: str | None) -> None:
    assert offer(30, 1, number=number) is None


@pytest.mark.parametrize(("hour", "is_offered"), [(6, False), (7, True), (18, True), (19, False)])
def test_at_hours_at_which_nobody_is_rung_nothing_is_offered(hour: int, is_offered: bool) -> None:
    assert (offer(30, 1, at=NINE.replace(hour=hour)) is not None) is is_offered
    assert (offer(0, 0, at=NINE.replace(hour=hour)) is not None) is is_offered


def test_a_look_that_has_grown_old_offers_nothing() -> None:
    assert offer(looked_at=NINE - timedelta(seconds=15)) == KeyOffer(4)
    assert offer(looked_at=NINE - timedelta(seconds=16)) is None
    assert key_offer(None, LINE, CALLER, countries=CALL_COUNTRIES, at=NINE) is None
