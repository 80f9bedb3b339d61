"""The same news in any order, repeated or not, tells the same story."""

import itertools
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.telephony.state import LegNews, LegState, RoomFlags, advance, call_status, was_answered
from callcenter.telephony.statuses import CallStatus, LegRole, LegStatus

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CALLED = LegState(LegRole.PATIENT, rang_us=True, dialled_at=AT)
RUNG = LegState(LegRole.OPERATOR)

# What the carrier tells of one answered call: the patient hangs up first, then the operator's leg goes.
STORY = [
    ("patient", LegNews.JOINED, 1),
    ("ines", LegNews.DIALLED, 0),
    ("ines", LegNews.RANG, 0),
    ("ines", LegNews.ANSWERED, 0),
    ("ines", LegNews.JOINED, 2),
    ("patient", LegNews.HELD, 3),
    ("patient", LegNews.UNHELD, 4),
    ("patient", LegNews.LEFT, 5),
    ("patient", LegNews.HUNG_UP, 0),
    ("ines", LegNews.LEFT, 6),
    ("ines", LegNews.COMPLETED, 0),
]


def told(news: list[tuple[str, LegNews, int]]) -> dict[str, LegState]:
    legs = {"patient": CALLED, "ines": RUNG}
    for who, one, mark in news:
        legs[who] = advance(legs[who], one, at=AT, mark=mark)
    return legs


@settings(max_examples=60, deadline=None)
@given(st.permutations([*STORY, *STORY[:4]]))
def test_any_order_and_repetition_ends_alike(news: list[tuple[str, LegNews, int]]) -> None:
    assert told(news) == told(STORY)
    assert call_status(told(news).values()) is CallStatus.ENDED


def test_a_late_join_does_not_bring_anybody_back() -> None:
    gone = advance(RUNG, LegNews.LEFT, at=AT, mark=2)
    assert advance(gone, LegNews.JOINED, at=AT, mark=1) == gone


def test_a_patient_out_of_her_room_is_still_on_the_line() -> None:
    out = advance(advance(CALLED, LegNews.JOINED, at=AT, mark=1), LegNews.LEFT, at=AT, mark=2)
    assert (out.status, out.is_open) == (LegStatus.DIALLING, True)
    assert advance(out, LegNews.JOINED, at=AT, mark=3).status is LegStatus.JOINED


def test_what_was_given_up_and_joins_all_the_same_is_there() -> None:
    given_up = advance(RUNG, LegNews.GIVEN_UP, at=AT)
    assert given_up.status is LegStatus.FAILED
    assert advance(given_up, LegNews.JOINED, at=AT, mark=1).status is LegStatus.JOINED


def test_a_patient_who_drops_while_the_emergency_line_is_on_is_lost_and_not_ended() -> None:
    dropped = advance(CALLED, LegNews.HUNG_UP, at=AT)
    regulator = advance(LegState(LegRole.EMERGENCY), LegNews.JOINED, at=AT, mark=1)
    again = advance(LegState(LegRole.PATIENT), LegNews.DIALLED, at=AT)
    assert call_status([dropped, regulator]) is CallStatus.LOST
    assert call_status([dropped, regulator, again]) is CallStatus.LOST
    assert call_status([dropped, regulator, advance(again, LegNews.ANSWERED, at=AT)]) is CallStatus.TALKING
    assert call_status([dropped, advance(regulator, LegNews.COMPLETED, at=AT)]) is CallStatus.ENDED


def test_in_an_emergency_an_operator_alone_waits_for_her_patient() -> None:
    dropped = advance(CALLED, LegNews.HUNG_UP, at=AT)
    operator = advance(RUNG, LegNews.JOINED, at=AT, mark=1)
    unanswered = advance(LegState(LegRole.EMERGENCY), LegNews.FAILED, at=AT)
    assert call_status([dropped, operator]) is CallStatus.ENDED
    assert call_status([dropped, operator], in_emergency=True) is CallStatus.LOST
    assert call_status([dropped, operator, unanswered], in_emergency=True) is CallStatus.LOST
    gone = advance(operator, LegNews.COMPLETED, at=AT)
    assert call_status([dropped, gone, unanswered], in_emergency=True) is CallStatus.ENDED


def test_who_hung_up_without_ever_joining_was_not_in_the_conversation() -> None:
    assert not was_answered([CALLED, advance(RUNG, LegNews.HUNG_UP, at=AT)])
    assert was_answered([CALLED, advance(RUNG, LegNews.LEFT, at=AT)])


def test_an_operator_who_waits_for_a_patient_to_pick_up_has_spoken_with_nobody() -> None:
    operator = advance(RUNG, LegNews.JOINED, at=AT, mark=1)
    rung = advance(LegState(LegRole.PATIENT), LegNews.DIALLED, at=AT)
    assert not was_answered([operator, rung])
    assert not was_answered([operator, advance(rung, LegNews.FAILED, at=AT)])
    assert was_answered([operator, advance(rung, LegNews.ANSWERED, at=AT)])


def test_a_call_is_a_conversation_once_somebody_has_joined() -> None:
    assert call_status([CALLED, RUNG]) is CallStatus.WAITING
    assert call_status([CALLED, advance(RUNG, LegNews.RANG, at=AT)]) is CallStatus.WAITING
    assert call_status([CALLED, advance(RUNG, LegNews.JOINED, at=AT)]) is CallStatus.TALKING
    assert call_status([advance(CALLED, LegNews.HUNG_UP, at=AT), RUNG]) is CallStatus.ENDED


def test_a_supervisor_who_joins_to_coach_is_known_as_such_in_any_order() -> None:
    coach = RoomFlags(on_hold=False, muted=False, coaching=True)
    heard_by_all = RoomFlags(on_hold=False, muted=False, coaching=False)
    story = [(LegNews.JOINED, 5, coach), (LegNews.MODIFIED, 9, heard_by_all), (LegNews.MODIFIED, 12, coach)]
    for order in itertools.permutations(story):
        leg = LegState(LegRole.SUPERVISOR)
        for news, mark, flags in order:
            leg = advance(leg, news, at=AT, mark=mark, flags=flags)
        assert (leg.status, leg.coaching, leg.on_hold, leg.muted) == (LegStatus.JOINED, True, False, False)
    assert advance(leg, LegNews.COMPLETED, at=AT).coaching is False


def test_whoever_joins_muted_is_muted() -> None:
    muted = RoomFlags(on_hold=False, muted=True, coaching=False)
    assert advance(LegState(LegRole.SUPERVISOR), LegNews.JOINED, at=AT, mark=5, flags=muted).muted
