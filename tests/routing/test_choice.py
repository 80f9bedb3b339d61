"""Who takes which call."""

from datetime import UTC, datetime, timedelta

from callcenter.routing.choice import Idle, Waiting, match_calls

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def caller(entry_id: int, *, waited: int) -> Waiting:
    return Waiting(entry_id, entry_id, 1, AT - timedelta(seconds=waited))


def operator(staff_id: int, *, idle: int) -> Idle:
    return Idle(staff_id, AT - timedelta(seconds=idle))


def test_the_longest_waiting_goes_to_the_longest_idle() -> None:
    waiting = [caller(1, waited=5), caller(2, waited=30), caller(3, waited=1)]
    idle = [operator(10, idle=4), operator(11, idle=60)]
    pairs = match_calls(waiting, idle)
    assert [(call.entry_id, agent.staff_id) for call, agent in pairs] == [(2, 11), (1, 10)]


def test_nobody_is_asked_twice_for_a_call_she_declined() -> None:
    waiting = [caller(1, waited=30), caller(2, waited=5)]
    pairs = match_calls(waiting, [operator(10, idle=60)], declined={(1, 10)})
    assert [(call.entry_id, agent.staff_id) for call, agent in pairs] == [(2, 10)]
