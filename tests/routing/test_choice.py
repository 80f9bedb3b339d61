"""Who takes which call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.routing.choice import (
    SIDE_BY_SIDE,
    Idle,
    ReservationRule,
    Skills,
    Waiting,
    alike_practices,
    is_asked_again,
    match_calls,
)

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


def test_who_declined_a_while_ago_is_asked_again_when_nobody_else_may() -> None:
    waiting, operators = [caller(1, waited=30)], [operator(10, idle=60), operator(11, idle=1)]
    declined = {(1, 10), (1, 11)}
    assert match_calls(waiting, operators, declined=declined) == []
    [match] = match_calls(waiting, operators, declined=declined, again={(1, 11)})
    assert match.agent.staff_id == 11
    [match] = match_calls(waiting, [*operators, operator(12, idle=0)], declined=declined, again=declined)
    assert match.agent.staff_id == 12


@pytest.mark.parametrize(("is_urgent", "after"), [(False, 30), (True, 5)])
def test_a_call_comes_back_to_who_declined_it_after_a_while(is_urgent: bool, after: int) -> None:
    assert not is_asked_again(AT, is_urgent=is_urgent, at=AT + timedelta(seconds=after - 1))
    assert is_asked_again(AT, is_urgent=is_urgent, at=AT + timedelta(seconds=after))


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


SKILLS = st.builds(
    Skills,
    languages=st.frozensets(st.sampled_from(["fr", "en", "nl"])),
    certified_for=st.frozensets(st.integers(1, 3)),
)


Pairs = set[tuple[int, int]]


@st.composite
def floors(draw: st.DrawFn) -> tuple[list[Waiting], list[Idle], Pairs, Pairs]:
    """Callers of a few practices, operators of every kind, some who declined some, and some of those long ago."""
    asks = {practice: (draw(st.sampled_from(["fr", "en", "nl"])), draw(st.booleans())) for practice in (1, 2, 3)}
    waiting = []
    for entry_id in range(draw(st.integers(0, 8))):
        practice = draw(st.integers(1, 3))
        language, certified_only = asks[practice]
        waiting.append(
            replace(
                caller(entry_id, waited=draw(st.integers(0, 90)), practice=practice, urgent=draw(st.booleans())),
                priority=draw(st.integers(0, 2)),
                language=language,
                certified_only=certified_only,
                last_spoken_with=draw(st.none() | st.integers(100, 105)),
            )
        )
    idle = [
        Idle(100 + number, AT - timedelta(seconds=draw(st.integers(0, 90))), draw(SKILLS))
        for number in range(draw(st.integers(0, 6)))
    ]
    declined = draw(st.sets(st.tuples(st.integers(0, 7), st.integers(100, 105)), max_size=6))
    again = draw(st.sets(st.sampled_from(sorted(declined)))) if declined else set()
    return waiting, idle, declined, again


@settings(max_examples=200, deadline=None)
@given(floor=floors())
def test_nobody_unqualified_nobody_twice_and_nobody_passed_over(
    floor: tuple[list[Waiting], list[Idle], Pairs, Pairs],
) -> None:
    waiting, idle, declined, again = floor
    declined = declined - again
    matches = match_calls(waiting, idle, declined=declined | again, again=again)
    assert all(match.agent.may_take(match.call) for match in matches)
    assert not {(match.call.entry_id, match.agent.staff_id) for match in matches} & declined
    assert len({match.agent.staff_id for match in matches}) == len(matches)
    assert len({match.call.entry_id for match in matches}) == len(matches)
    asked = {match.agent.staff_id for match in matches}
    offered = {match.call.entry_id for match in matches}
    for call in waiting:
        could = {one.staff_id for one in idle if one.may_take(call) and (call.entry_id, one.staff_id) not in declined}
        if call.entry_id not in offered:
            assert could <= asked, "somebody free could take it"
            # And whoever could take it has one whose turn came before.
            later = {match.agent.staff_id for match in matches if match.call.turn > call.turn}
            assert not could & later
    for match in matches:
        is_known = match.agent.staff_id == match.call.last_spoken_with
        assert (match.rule is ReservationRule.AFFINITY) == is_known


@settings(max_examples=100, deadline=None)
@given(floor=floors())
def test_looking_at_a_few_of_each_kind_of_practice_chooses_as_looking_at_all(
    floor: tuple[list[Waiting], list[Idle], Pairs, Pairs],
) -> None:
    """What the distributor reads from the database is as good as everything."""
    waiting, idle, declined, again = floor
    practices = sorted({(call.practice_id, call.language, call.certified_only) for call in waiting})
    most = len(idle) + len({entry_id for entry_id, _ in declined})
    few: list[Waiting] = []
    for group in alike_practices(practices, idle):
        few += sorted((call for call in waiting if call.practice_id in group), key=lambda call: call.turn)[:most]
    chosen = match_calls(few, idle, declined=declined, again=again)
    assert chosen == match_calls(waiting, idle, declined=declined, again=again)


def test_whoever_knows_the_caller_comes_before_whoever_is_free_longer() -> None:
    call = replace(caller(1, waited=5), last_spoken_with=11)
    [match] = match_calls([call], [operator(10, idle=60), operator(11, idle=1)])
    assert (match.agent.staff_id, match.rule) == (11, ReservationRule.AFFINITY)
    [match] = match_calls([call], [operator(10, idle=60)])
    assert (match.agent.staff_id, match.rule) == (10, ReservationRule.LONGEST_IDLE)


def test_a_call_that_nobody_free_may_take_lets_the_next_pass() -> None:
    head = replace(caller(1, waited=90), certified_only=True)
    [match] = match_calls([head, caller(2, waited=5)], [operator(10, idle=60)])
    assert match.call.entry_id == 2
