"""The same news in any order, repeated or not, tells the same story."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.telephony.state import LegNews, LegState, advance, call_status, was_answered
from callcenter.telephony.statuses import CallStatus, LegRole, LegStatus

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CALLED = LegState(LegRole.PATIENT, LegStatus.DIALLING)
RUNG = LegState(LegRole.OPERATOR, LegStatus.WANTED)

# What the carrier tells of one answered call: the patient hangs up first, then the operator's leg goes.
STORY = [
    ("patient", LegNews.JOINED),
    ("ines", LegNews.DIALLED),
    ("ines", LegNews.RANG),
    ("ines", LegNews.JOINED),
    ("patient", LegNews.LEFT),
    ("patient", LegNews.HUNG_UP),
    ("ines", LegNews.LEFT),
    ("ines", LegNews.HUNG_UP),
]


def told(news: list[tuple[str, LegNews]]) -> dict[str, LegState]:
    legs = {"patient": CALLED, "ines": RUNG}
    for who, one in news:
        legs[who] = advance(legs[who], one, at=AT)
    return legs


@settings(max_examples=60, deadline=None)
@given(st.permutations([*STORY, *STORY[:4]]))
def test_any_order_and_repetition_ends_alike(news: list[tuple[str, LegNews]]) -> None:
    assert told(news) == told(STORY)
    assert call_status(told(news).values()) is CallStatus.ENDED


def test_a_late_join_does_not_bring_anybody_back() -> None:
    gone = advance(RUNG, LegNews.LEFT, at=AT)
    assert advance(gone, LegNews.JOINED, at=AT) == gone


def test_who_hung_up_without_ever_joining_was_not_in_the_conversation() -> None:
    assert not was_answered([advance(RUNG, LegNews.HUNG_UP, at=AT)])
    assert was_answered([advance(RUNG, LegNews.LEFT, at=AT)])


def test_a_call_is_a_conversation_once_somebody_has_joined() -> None:
    assert call_status([CALLED, RUNG]) is CallStatus.WAITING
    assert call_status([CALLED, advance(RUNG, LegNews.RANG, at=AT)]) is CallStatus.WAITING
    assert call_status([CALLED, advance(RUNG, LegNews.JOINED, at=AT)]) is CallStatus.TALKING
    assert call_status([advance(CALLED, LegNews.LEFT, at=AT), RUNG]) is CallStatus.ENDED
