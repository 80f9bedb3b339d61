"""An urgent message climbs until somebody has it, and the last is always a person."""

from datetime import UTC, datetime, timedelta

from callcenter.dispatch.rules.ladder import ONCE, URGENT, Channel, Planned, Step, Target, plan

NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)


def minutes(planned: tuple[Planned, ...]) -> list[tuple[float, Target]]:
    return [((one.due_at - NINE) / timedelta(minutes=1), one.target) for one in planned]


def test_by_default_five_notices_then_the_second_number_the_alternate_and_a_person() -> None:
    assert minutes(plan(URGENT, due_at=NINE)) == [
        (0, Target.ADDRESSEE),
        (2, Target.ADDRESSEE),
        (4, Target.ADDRESSEE),
        (6, Target.ADDRESSEE),
        (8, Target.ADDRESSEE),
        (10, Target.SECOND),
        (15, Target.ALTERNATE),
        (17, Target.SUPERVISOR),
    ]


def test_a_step_without_an_address_is_left_out_and_the_others_keep_their_hour() -> None:
    planned = plan(URGENT, due_at=NINE, is_reachable=lambda one: one.target is Target.ALTERNATE)
    assert minutes(planned) == [(15, Target.ALTERNATE), (17, Target.SUPERVISOR)]


def test_where_nobody_can_be_reached_a_person_is_told_at_once() -> None:
    assert minutes(plan(URGENT, due_at=NINE, is_reachable=lambda _one: False)) == [(0, Target.SUPERVISOR)]
    assert minutes(plan(ONCE, due_at=NINE, climbs=False, is_reachable=lambda _one: False)) == [(0, Target.SUPERVISOR)]


def test_what_is_not_urgent_is_told_once_and_climbs_nowhere() -> None:
    assert minutes(plan(ONCE, due_at=NINE, climbs=False)) == [(0, Target.ADDRESSEE)]


def test_a_practice_that_forgot_the_person_has_her_all_the_same() -> None:
    forgotten = (Step(1, timedelta(minutes=30), Target.ALTERNATE, Channel.PHONE),)
    assert minutes(plan(forgotten, due_at=NINE)) == [(30, Target.ALTERNATE), (30, Target.SUPERVISOR)]
    assert minutes(plan((), due_at=NINE)) == [(0, Target.SUPERVISOR)]


def test_a_practice_that_wants_the_person_early_has_her_early() -> None:
    early = (*URGENT[:3], Step(4, timedelta(minutes=5), Target.SUPERVISOR, Channel.DESK))
    assert (5, Target.SUPERVISOR) in minutes(plan(early, due_at=NINE))


def test_each_notice_is_told_apart_so_that_none_is_sent_twice() -> None:
    planned = plan(URGENT, due_at=NINE)
    assert len({(one.position, one.repetition) for one in planned}) == len(planned)
