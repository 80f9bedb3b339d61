"""Which calls may leave, and when: without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.phone import CALL_COUNTRIES
from callcenter.telephony.placing_rules import CallCounts, PlacingOrder, refusal_now, refusal_of_number, turn_at
from callcenter.telephony.statuses import LegRole

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CAPS = CallCounts(operator=3, practice=5, centre=8)
PATIENT = PlacingOrder(LegRole.PATIENT, "+33639981472", is_exempt=False)
REGULATOR = PlacingOrder(LegRole.EMERGENCY, "15", is_exempt=True)


def refusal(
    order: PlacingOrder, placed: CallCounts = CallCounts(), *, is_stopped: bool = False, caps: CallCounts = CAPS
) -> str:
    never = refusal_of_number(order, countries=CALL_COUNTRIES)
    return never or refusal_now(order, placed, caps, is_stopped=is_stopped)


def test_the_last_call_before_a_cap_leaves_and_the_next_does_not() -> None:
    assert refusal(PATIENT, CallCounts(operator=2, practice=4, centre=7)) == ""
    assert "operator" in refusal(PATIENT, CallCounts(operator=3, practice=3, centre=3))
    assert "practice" in refusal(PATIENT, CallCounts(operator=0, practice=5, centre=5))
    assert "centre" in refusal(PATIENT, CallCounts(operator=0, practice=0, centre=8))


def test_a_cap_of_nothing_lets_no_outside_call_leave() -> None:
    assert refusal(PATIENT, caps=CallCounts()) != ""


@pytest.mark.parametrize("role", [LegRole.OPERATOR, LegRole.SUPERVISOR])
@pytest.mark.parametrize("address", ["client:camille", "+33145674567"])
def test_our_own_peoples_telephones_are_neither_capped_nor_stopped(role: LegRole, address: str) -> None:
    order = PlacingOrder(role, address, is_exempt=False)
    assert refusal(order, CallCounts(9, 9, 9), is_stopped=True) == ""


@pytest.mark.parametrize("role", [LegRole.PATIENT, LegRole.PRACTITIONER])
def test_the_switch_stops_calls_to_outside_numbers(role: LegRole) -> None:
    assert "stopped" in refusal(PlacingOrder(role, "+33639981472", is_exempt=False), is_stopped=True)


@pytest.mark.parametrize("address", ["15", "112", "116117", "+33199001515", "+33240083737"])
def test_the_emergency_line_may_be_short_and_nothing_stops_it(address: str) -> None:
    order = replace(REGULATOR, address=address)
    assert refusal(order, CallCounts(9, 9, 9), is_stopped=True, caps=CallCounts()) == ""


def test_a_patient_in_danger_is_rung_back_wherever_her_telephone_is_from() -> None:
    abroad = "+4915112345678"
    assert refusal(replace(PATIENT, address=abroad)) != ""
    assert refusal(replace(PATIENT, address=abroad, is_exempt=True), CallCounts(9, 9, 9), is_stopped=True) == ""


@pytest.mark.parametrize("address", ["+33899123456", "+33820123456", "+8816123456789", "", "anonymous"])
def test_not_even_an_emergency_rings_a_premium_number(address: str) -> None:
    assert refusal(replace(REGULATOR, address=address)) != ""


@pytest.mark.parametrize("address", ["15", "3949", "+33899123456", "+8816123456789", "+18765551234", ""])
@pytest.mark.parametrize("role", [LegRole.OPERATOR, LegRole.PATIENT, LegRole.PRACTITIONER])
def test_nobody_else_rings_what_stolen_access_is_used_for(role: LegRole, address: str) -> None:
    assert refusal(PlacingOrder(role, address, is_exempt=False)) != ""


@given(waits=st.lists(st.integers(0, 900), min_size=1, max_size=30), per_second=st.sampled_from([0.5, 1, 3, 10]))
@settings(max_examples=60, deadline=None)
def test_calls_that_leave_at_their_turn_never_leave_faster_than_the_pace(waits: list[int], per_second: float) -> None:
    """However their wishes are spread, each leaves an interval after the one before, none later than needed."""
    at, next_at = NINE, None
    left = []
    for wait in waits:
        at += timedelta(milliseconds=wait)
        turn = turn_at(next_at, ahead=0, per_second=per_second, at=at)
        assert turn in (at, next_at)
        left.append(turn)
        next_at = turn + timedelta(seconds=1 / per_second)
        at = turn
    gaps = [later - earlier for earlier, later in pairwise(left)]
    assert all(gap >= timedelta(seconds=1 / per_second) for gap in gaps)


def test_whoever_stands_behind_others_waits_for_them() -> None:
    second = timedelta(seconds=1)
    assert turn_at(None, ahead=0, per_second=1, at=NINE) == NINE
    assert turn_at(None, ahead=2, per_second=1, at=NINE) == NINE + 2 * second
    assert turn_at(NINE + second, ahead=2, per_second=2, at=NINE) == NINE + 2 * second
    assert turn_at(NINE - second, ahead=0, per_second=1, at=NINE) == NINE
