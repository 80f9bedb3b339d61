"""What stands on an operator's list: hers and the desk's, once, and nothing that has its own place on her screen."""

from datetime import timedelta

import pytest

from callcenter.core.scope import Practices
from callcenter.desk.loop_lists import desk_loops, filtered, owners_among, practice_loops, practices_among
from callcenter.desk.loop_rules import LoopKind
from callcenter.desk.loops import open_loops
from callcenter.desk.owning import give_loop
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import AcknowledgementKind, Channel, MayAnswer
from tests.desk.conftest import Cast
from tests.desk.loop_cast import one_of_each, owe_call, owe_task, write_message

HOUR = timedelta(hours=1)


def kinds(cast: Cast, staff_id: int, *, after: timedelta = timedelta()) -> list[str]:
    with cast.database.reading(cast.everything) as session:
        return sorted(one.kind.value for one in desk_loops(session, staff_id, at=cast.at + after).shown)


def test_a_message_comes_to_the_desk_when_its_deadline_is_over(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        one_of_each(session, cast, nth=1)
    assert kinds(cast, cast.camille) == ["task"]
    assert kinds(cast, cast.camille, after=HOUR) == ["message", "task"]
    assert kinds(cast, cast.ines, after=HOUR) == ["message", "task"]


@pytest.mark.parametrize("kind", [LoopKind.CALLBACK, LoopKind.TASK])
def test_what_was_given_to_her_is_on_her_list_and_on_no_other(cast: Cast, kind: LoopKind) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        ref_id = {LoopKind.CALLBACK: owe_call, LoopKind.TASK: owe_task}[kind](session, cast).id
        give_loop(session, kind, ref_id, seen="", to=str(cast.ines), staff_id=cast.camille, at=cast.at)
    assert (kinds(cast, cast.ines), kinds(cast, cast.camille)) == ([kind.value], [])


def test_beside_the_queue_only_the_first_stand_and_the_others_are_counted(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for nth in range(4):
            owe_task(session, cast, key=f"t{nth}", due=(nth - 1) * HOUR)
    with cast.database.reading(cast.everything) as session:
        found = desk_loops(session, cast.camille, at=cast.at + timedelta(minutes=1), at_most=3)
    assert (len(found.shown), found.count, found.more, found.late) == (3, 4, 1, 2)


def test_a_list_is_filtered_by_practice_and_by_who_has_it(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        owe_task(session, cast)
        owe_task(session, cast, key="k").practice_id = cast.kaplan
        write_message(session, cast)
    with cast.database.reading(cast.everything) as session:
        loops = open_loops(session, at=cast.at)
    assert [(one.name, one.count) for one in practices_among(loops)] == [("Cabinet des Tilleuls", 2), ("Dr Kaplan", 1)]
    owners = owners_among(loops)
    assert [(one.key, one.name, one.count) for one in owners] == [
        ("desk", "", 2),
        (f"practitioner-{cast.lemoine}", "Dr Lemoine", 1),
    ]
    both = filtered(loops, practice=str(cast.tilleuls), owner="desk", at=cast.at)
    assert [one.practice_id for one in both.shown] == [cast.tilleuls]
    assert filtered(loops, practice="' OR 1", owner="", at=cast.at).count == 0


def test_a_practice_sees_its_own_but_no_call_that_rings_for_somebody(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        one_of_each(session, cast, nth=1)
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        assert sorted(one.kind.value for one in practice_loops(session, at=cast.at).shown) == [
            "callback",
            "message",
            "relay",
            "task",
        ]


def test_what_is_one_doctors_alone_is_open_for_the_practice_without_a_word(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        message = write_message(session, cast)
        message.may_answer = MayAnswer.ADDRESSEE
        owe_task(session, cast).message_id = message.id
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        shown = practice_loops(session, at=cast.at).shown
    assert [(one.about, one.number, one.words) for one in shown] == [("", None, "")] * 2
    with cast.database.reading(cast.everything) as session:
        assert {one.words for one in open_loops(session, at=cast.at)} == {"Mon ordonnance", "C'est normal"}


def test_her_list_reads_no_message_that_a_practitioner_has_or_may_still_take(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        due = [write_message(session, cast, key=f"m{nth}", due=(nth - 2) * HOUR).id for nth in range(5)]
        by = Reader(Channel.APP, practitioner_id=cast.lemoine)
        acknowledge(session, due[0], AcknowledgementKind.TAKEN, by=by, at=cast.at)
        of_doctor = f"practitioner-{cast.lemoine}"
        give_loop(
            session, LoopKind.MESSAGE, due[4], seen=of_doctor, to=str(cast.ines), staff_id=cast.camille, at=cast.at
        )
    with cast.database.reading(cast.everything) as session:
        at_desk = {one.ref_id for one in open_loops(session, at=cast.at, at_desk=True)}
        every = {one.ref_id for one in open_loops(session, at=cast.at)}
        hers = [one.ref_id for one in desk_loops(session, cast.ines, at=cast.at).shown]
    assert at_desk == {due[1], due[2], due[4]}
    assert every == set(due)
    assert hers == [due[1], due[2], due[4]]
