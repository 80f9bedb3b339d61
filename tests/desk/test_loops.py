"""Every open loop has an owner and a due time, and only its own practice sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.desk.loop_rules import Loop, LoopKind, OwnerReason
from callcenter.desk.loops import open_loops
from callcenter.desk.models import LoopOwner
from callcenter.desk.owning import give_loop, note_looked, settle_message, take_loop
from callcenter.desk.tasks import finish_task
from callcenter.directory.models import Role, Staff
from callcenter.dispatch.models import (
    Acknowledgement,
    AcknowledgementKind,
    Channel,
    Message,
    MessageAnswer,
    MessageStatus,
)
from callcenter.routing.models import CallbackStatus, ReservationStatus
from tests.desk.conftest import Cast
from tests.desk.loop_cast import hire, one_of_each, open_relay, owe_call, owe_task, write_message

MINUTE = timedelta(minutes=1)


@contextmanager
def queries(database: Database) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def owners(cast: Cast, *, after: timedelta = timedelta()) -> dict[str, str]:
    with cast.database.reading(cast.everything) as session:
        return {
            one.kind.value: one.owner.name or one.owner.kind.value for one in open_loops(session, at=cast.at + after)
        }


def test_each_kind_has_the_owner_that_its_own_row_says(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        write_message(session, cast)
        owed = owe_call(session, cast)
        cast.offer(session, cast.call(session, number="+33639983000"), to=cast.ines)
        open_relay(session, cast)
        owe_task(session, cast)
    assert owners(cast) == {
        "message": "Dr Lemoine",
        "callback": "desk",
        "offer": "Ines",
        "relay": "Camille",
        "task": "desk",
    }
    with cast.database.unit_of_work(cast.everything) as session:
        taken = session.get_one(type(owed), owed.id)
        taken.status, taken.taken_by, taken.taken_at = CallbackStatus.TAKEN, cast.ines, cast.at
        session.query(Staff).filter_by(id=cast.camille).update({"is_active": False})
    later = owners(cast, after=timedelta(hours=1))
    assert (later["message"], later["callback"]) == ("desk", "Ines")
    assert later["relay"] == "desk"  # an account that was closed owns nothing


def test_what_is_over_is_no_loop_and_whoever_was_named_for_it_is_forgotten(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        message, owed, task = write_message(session, cast), owe_call(session, cast), owe_task(session, cast)
        offer = cast.offer(session, cast.call(session, number="+33639983000"), to=cast.ines)
        relay = open_relay(session, cast)
        for kind, ref_id in (("message", message.id), ("callback", owed.id), ("task", task.id), ("offer", offer.id)):
            session.add(
                LoopOwner(
                    practice_id=cast.tilleuls,
                    kind=LoopKind(kind),
                    ref_id=ref_id,
                    staff_id=cast.ines,
                    reason="taken",
                    named_at=cast.at + MINUTE,
                )
            )
        session.flush()
        assert {one.owner.name for one in open_loops(session, at=cast.at)} == {"Ines", "Camille"}
        message.status, owed.status, offer.status = MessageStatus.DONE, CallbackStatus.DONE, ReservationStatus.ACCEPTED
        relay.taken_over_at = cast.at
        session.flush()
        finish_task(session, task.id, staff_id=cast.ines, at=cast.at)
    assert owners(cast) == {}


def test_a_caller_whom_three_tries_did_not_reach_is_still_owed_a_decision(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        owe_call(session, cast).status = CallbackStatus.UNREACHED
    assert owners(cast) == {"callback": "desk"}


def test_a_message_that_was_taken_is_its_takers_until_it_is_done(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        message = write_message(session, cast)
        session.add(
            Acknowledgement(
                message_id=message.id,
                practice_id=cast.tilleuls,
                kind=AcknowledgementKind.TAKEN,
                practitioner_id=cast.lemoine,
                channel=Channel.APP,
                acknowledged_at=cast.at,
            )
        )
        message.status = MessageStatus.TAKEN
    assert owners(cast, after=timedelta(hours=5)) == {"message": "Dr Lemoine"}


def test_another_practice_sees_nothing_of_them(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        one_of_each(session, cast, nth=1)
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        assert len(open_loops(session, at=cast.at)) == 5
    with cast.database.reading(Practices.of(cast.kaplan)) as session:
        assert open_loops(session, at=cast.at) == []


def test_three_of_each_cost_no_more_queries_than_one(cast: Cast) -> None:
    asked = []
    for nth in (1, 2, 3):
        with cast.database.unit_of_work(cast.everything) as session:
            one_of_each(session, cast, nth=nth)
        with cast.database.reading(cast.everything) as session, queries(cast.database) as seen:
            assert len(open_loops(session, at=cast.at)) == 5 * nth
            asked.append(len([one for one in seen if one.startswith("SELECT")]))
    assert asked == [8, 8, 8]


def _take(cast: Cast, kind: LoopKind, ref_id: int, *, by: int, seen: str = "") -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        take_loop(session, kind, ref_id, seen=seen, staff_id=by, at=cast.at + MINUTE)


def _only(cast: Cast) -> Loop:
    with cast.database.reading(cast.everything) as session:
        return open_loops(session, at=cast.at + 2 * MINUTE)[0]


@pytest.mark.parametrize("kind", [LoopKind.CALLBACK, LoopKind.TASK, LoopKind.MESSAGE])
def test_whoever_comes_second_is_told_who_has_it(cast: Cast, kind: LoopKind) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        opens = {LoopKind.CALLBACK: owe_call, LoopKind.TASK: owe_task, LoopKind.MESSAGE: write_message}
        ref_id = opens[kind](session, cast).id
    seen = _only(cast).owner.key
    _take(cast, kind, ref_id, by=cast.camille, seen=seen)
    _take(cast, kind, ref_id, by=cast.camille, seen=seen)  # sent twice, it is once
    with pytest.raises(Conflict) as refused:
        _take(cast, kind, ref_id, by=cast.ines, seen=seen)
    assert refused.value.values == {"name": "Camille"}
    assert (_only(cast).owner.name, _only(cast).owner.reason) == ("Camille", OwnerReason.TAKEN)
    _take(cast, kind, ref_id, by=cast.ines, seen=f"staff-{cast.camille}")  # who sees whose it is may take it over
    assert _only(cast).owner.name == "Ines"


def test_it_is_given_to_a_colleague_of_the_centre_and_to_nobody_else(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        task_id = owe_task(session, cast).id
        doctor = hire(session, cast, "lemoine", Role.PRACTITIONER)

    def give(to: str) -> None:
        with cast.database.unit_of_work(cast.everything) as session:
            give_loop(session, LoopKind.TASK, task_id, seen="", to=to, staff_id=cast.camille, at=cast.at)

    for nobody in (str(doctor), "", "²", "999", "1; DROP"):
        with pytest.raises(Invalid):
            give(nobody)
    give(str(cast.ines))
    assert (_only(cast).owner.name, _only(cast).owner.reason) == ("Ines", OwnerReason.GIVEN)
    with cast.database.unit_of_work(cast.everything) as session:
        assert note_looked(session, cast.ines, at=cast.at) == 0  # only the night's are news


def test_what_is_closed_changes_hands_no_more(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        task = owe_task(session, cast)
        finish_task(session, task.id, staff_id=cast.ines, at=cast.at)
    with pytest.raises(NotFound):
        _take(cast, LoopKind.TASK, task.id, by=cast.camille)


def test_whoever_has_a_message_ends_it_with_a_word_and_nobody_else_does(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        message_id = write_message(session, cast).id

    def settle(by: int, note: str = "Dr Lemoine jointe à l’hôpital.") -> None:
        with cast.database.unit_of_work(cast.everything) as session:
            settle_message(session, message_id, note, staff_id=by, at=cast.at + MINUTE)

    with pytest.raises(Conflict):
        settle(cast.camille)  # it is still the doctor's
    _take(cast, LoopKind.MESSAGE, message_id, by=cast.camille, seen=_only(cast).owner.key)
    with pytest.raises(Conflict):
        settle(cast.ines)
    with pytest.raises(Invalid):
        settle(cast.camille, " ")
    for _twice in range(2):
        settle(cast.camille)
    with cast.database.reading(cast.everything) as session:
        assert open_loops(session, at=cast.at + MINUTE) == []
        assert session.get_one(Message, message_id).status == MessageStatus.DONE
        assert [one.words for one in session.scalars(select(MessageAnswer))] == ["Dr Lemoine jointe à l’hôpital."]
