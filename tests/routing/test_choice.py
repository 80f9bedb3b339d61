"""Who takes which call."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.routing.choice import SIDE_BY_SIDE, Idle, Waiting, match_calls

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def caller(entry_id: int, *, waited: int, practice: int = 1, ahead: int = 0, urgent: bool = False) -> Waiting:
    return Waiting(entry_id, entry_id, practice, AT - timedelta(seconds=waited), ahead, urgent)


def operator(staff_id: int, *, idle: int) -> Idle:
    return Idle(staff_id, AT - timedelta(seconds=idle))


def test_the_longest_waiting_goes_to_the_longest_idle() -> None:
    waiting = [caller(1, waited=5), caller(2, waited=30), caller(3, waited=1)]
    idle = [operator(10, idle=4), operator(11, idle=60)]
    pairs = match_calls(waiting, idle)
    assert [(match.call.entry_id, match.agent.staff_id) for match in pairs] == [(2, 11), (1, 10)]


def test_nobody_is_asked_twice_for_a_call_she_declined() -> None:
    waiting = [caller(1, waited=30), caller(2, waited=5)]
    pairs = match_calls(waiting, [operator(10, idle=60)], declined={(1, 10)})
    assert [(match.call.entry_id, match.agent.staff_id) for match in pairs] == [(2, 10)]


def order(waiting: list[Waiting]) -> list[int]:
    """Whom one operator who becomes free again and again would take."""
    taken = []
    while waiting:
        [match] = match_calls(waiting, [operator(10, idle=1)])
        taken.append(match.call.entry_id)
        waiting = [one for one in waiting if one is not match.call]
    return taken


def test_the_sixth_caller_of_one_practice_lets_the_others_pass() -> None:
    flood = [caller(number, waited=100 - number, ahead=number) for number in range(12)]
    others = [caller(50, waited=20, practice=2), caller(51, waited=1, practice=3)]
    assert order([*others, *flood]) == [0, 1, 2, 3, 4, 50, 51, 5, 6, 7, 8, 9, 10, 11]


def test_a_few_callers_of_one_practice_stand_among_the_others_as_they_came() -> None:
    ours = [caller(number, waited=50 - 2 * number, ahead=number) for number in range(5)]
    assert order([*ours, caller(50, waited=47, practice=2)]) == [0, 1, 50, 2, 3, 4]


def test_an_urgent_caller_comes_before_everybody() -> None:
    waiting = [caller(1, waited=300), caller(2, waited=3, ahead=40, urgent=True)]
    assert order(waiting) == [2, 1]


PRACTICES = st.lists(st.integers(1, 4), max_size=40)


@settings(max_examples=60, deadline=None)
@given(practices=PRACTICES)
def test_each_practice_is_served_in_its_own_order_and_nobody_is_forgotten(practices: list[int]) -> None:
    waiting = [
        caller(number, waited=100 - number, practice=practice, ahead=practices[:number].count(practice))
        for number, practice in enumerate(practices)
    ]
    taken = order(waiting)
    assert sorted(taken) == list(range(len(practices)))
    for practice in set(practices):
        own = [number for number in taken if practices[number] == practice]
        assert own == sorted(own)


@settings(max_examples=60, deadline=None)
@given(practices=PRACTICES, flood=st.integers(0, 60))
def test_however_many_flood_one_practice_at_most_five_of_them_come_before_the_others(
    practices: list[int], flood: int
) -> None:
    flooded = [caller(1000 + number, waited=500 - number, practice=9, ahead=number) for number in range(flood)]
    few = [caller(number, waited=100 - number, practice=number, ahead=0) for number in range(len(practices))]
    taken = order([*flooded, *few])
    assert all(place < SIDE_BY_SIDE + len(few) for place, entry in enumerate(taken) if entry < 1000)
