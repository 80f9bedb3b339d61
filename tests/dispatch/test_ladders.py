"""A practice's own ladder: its steps in the order of their minutes, a person at its end, and the default again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.errors import Invalid
from callcenter.dispatch.ladders import (
    TypedStep,
    add_step,
    move_step,
    own_ladder,
    read_ladder,
    remove_step,
    reset_ladder,
    save_ladder,
    typed_ladder,
)
from callcenter.dispatch.models import Channel, Target
from callcenter.dispatch.rules.ladder import URGENT, Step
from tests.dispatch.cast import ALTERNATE, Centre

PERSON = TypedStep(after="30", target="supervisor")
TEXTS = TypedStep(after="0", target="addressee", channel="sms", times="3", every="5")
ALTERNATE_AT_20 = TypedStep(after="20", target="alternate", channel="phone")


def save(centre: Centre, *steps: TypedStep) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        save_ladder(session, centre.cast.practice_id, steps, at=centre.clock.now(), staff_id=centre.cast.camille_id)


def kept(centre: Centre) -> list[Step] | None:
    with centre.database.reading(centre.cast.scope) as session:
        own = own_ladder(session, centre.cast.practice_id)
        return None if own is None else list(own)


def test_what_is_saved_is_climbed_and_what_is_planned_already_stays(centre: Centre) -> None:
    before = centre.urgent("before")
    planned = [(one.target, one.due_at) for one in centre.notices(before)]
    save(centre, TEXTS, ALTERNATE_AT_20, PERSON)
    assert [(one.target, one.due_at) for one in centre.notices(before)] == planned
    after = centre.urgent("after")
    start = centre.message(after).due_at
    assert [(one.target, (one.due_at - start) // timedelta(minutes=1)) for one in centre.notices(after)] == [
        (Target.ADDRESSEE, 0),
        (Target.ADDRESSEE, 5),
        (Target.ADDRESSEE, 10),
        (Target.ALTERNATE, 20),
        (Target.SUPERVISOR, 30),
    ]
    centre.tick(20)
    assert ALTERNATE in [one["to"] for one in centre.provider.rung]


def test_steps_are_kept_in_the_order_of_their_minutes(centre: Centre) -> None:
    save(centre, ALTERNATE_AT_20, TEXTS, PERSON)
    assert [(one.position, one.target) for one in kept(centre) or ()] == [
        (1, Target.ADDRESSEE),
        (2, Target.ALTERNATE),
        (3, Target.SUPERVISOR),
    ]


def test_it_is_saved_again_and_goes_back_to_the_default(centre: Centre) -> None:
    save(centre, TEXTS, PERSON)
    save(centre, ALTERNATE_AT_20, PERSON)
    assert [one.target for one in kept(centre) or ()] == [Target.ALTERNATE, Target.SUPERVISOR]
    for _twice in range(2):
        with centre.database.unit_of_work(centre.cast.scope) as session:
            reset_ladder(session, centre.cast.practice_id, at=centre.clock.now(), staff_id=None)
        assert kept(centre) is None


def test_the_default_may_be_typed_as_it_stands() -> None:
    assert read_ladder(typed_ladder(URGENT)) == list(URGENT)


def test_a_second_number_is_always_rung() -> None:
    steps = read_ladder([TypedStep(after="5", target="second", channel="email"), PERSON])
    assert steps[0].channel is Channel.PHONE


@pytest.mark.parametrize(
    ("steps", "field", "sentence"),
    [
        ([TEXTS], "steps", "The last step is a person"),
        ([PERSON, TEXTS], "steps", "The last step is a person"),
        ([TEXTS] * 12 + [PERSON], "steps", "at most 12 steps"),
        ([replace(TEXTS, every="60"), replace(PERSON, after="120"), PERSON], "step-1", "Choose who is told"),
        ([replace(TEXTS, every="60", after="1"), replace(PERSON, after="120")], "steps", "within 2 hours"),
        ([TEXTS, replace(PERSON, after="9")], "step-1", "until minute 10"),
        ([TEXTS, replace(PERSON, after="121")], "step-1", "from 0 to 120"),
        ([replace(TEXTS, after="-1"), PERSON], "step-0", "from 0 to 120"),
        ([replace(TEXTS, times="0"), PERSON], "step-0", "from 1 to 10"),
        ([replace(TEXTS, every=""), PERSON], "step-0", "from 1 to 60"),
        ([replace(TEXTS, channel="desk"), PERSON], "step-0", "by what"),
    ],
)
def test_a_ladder_without_its_end_or_without_measure_is_refused(
    steps: list[TypedStep], field: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        read_ladder(steps)
    assert refused.value.field == field


def test_the_editor_adds_removes_and_moves_but_never_touches_the_person() -> None:
    steps = [TEXTS, ALTERNATE_AT_20, PERSON]
    assert move_step(steps, 1, -1) == [replace(ALTERNATE_AT_20, after="0"), replace(TEXTS, after="20"), PERSON]
    assert move_step(steps, 0, -1) == steps
    assert move_step(steps, 1, 1) == steps
    assert move_step(steps, 2, -1) == steps
    assert remove_step(steps, 0) == [ALTERNATE_AT_20, PERSON]
    assert remove_step(steps, 2) == steps
    assert add_step(steps)[-1] == PERSON
    assert len(read_ladder(add_step(steps))) == 4
    full = [TEXTS] * 11 + [PERSON]
    assert add_step(full) == full
