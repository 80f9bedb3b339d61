"""What the desk took upon itself: opened once, one person's at a time, done or dropped, and noted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.desk.loop_rules import DESK, LoopKind
from callcenter.desk.loops import find_loop
from callcenter.desk.models import Task, TaskKind, TaskStatus
from callcenter.desk.notes import choose_patient
from callcenter.desk.owning import give_loop
from callcenter.desk.tasks import drop_task, finish_task, give_back, promise, take_task
from callcenter.desk.tasks_from_answers import follow_message, open_task_from_answer
from callcenter.dispatch.events import MessageAnswered, MessageMoved
from callcenter.dispatch.models import AnswerKind, MessageStatus
from tests.desk.conftest import CALLER, Cast
from tests.desk.loop_cast import owe_task, write_message

MINUTE = timedelta(minutes=1)


@pytest.fixture
def task(cast: Cast) -> int:
    with cast.database.unit_of_work(cast.everything) as session:
        return owe_task(session, cast).id


def status(cast: Cast, task_id: int) -> tuple[str, int | None]:
    with cast.database.reading(cast.everything) as session:
        found = session.get_one(Task, task_id)
        return found.status, found.taken_by


def test_a_task_goes_from_hand_to_hand_and_each_step_is_noted(cast: Cast, task: int) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        take_task(session, task, staff_id=cast.camille, at=cast.at)
        take_task(session, task, staff_id=cast.camille, at=cast.at)
        with pytest.raises(Conflict) as refused:
            take_task(session, task, staff_id=cast.ines, at=cast.at)
        assert refused.value.values == {"name": "Camille"}
        with pytest.raises(Conflict):
            give_back(session, task, staff_id=cast.ines, at=cast.at)
    assert status(cast, task) == ("taken", cast.camille)
    with cast.database.unit_of_work(cast.everything) as session:
        give_back(session, task, staff_id=cast.camille, at=cast.at)
        assert session.get_one(Task, task).status == TaskStatus.OPEN
        take_task(session, task, staff_id=cast.ines, at=cast.at)
        finish_task(session, task, staff_id=cast.ines, at=cast.at)
        finish_task(session, task, staff_id=cast.camille, at=cast.at + MINUTE)
        with pytest.raises(Conflict):
            drop_task(session, task, staff_id=cast.ines, at=cast.at)
        with pytest.raises(Conflict):
            take_task(session, task, staff_id=cast.camille, at=cast.at)
        closed = session.get_one(Task, task)
        assert (closed.status, closed.closed_by, closed.closed_at) == (TaskStatus.DONE, cast.ines, cast.at)
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"task {task}")).all()
    assert acts == ["task.opened", "task.taken", "task.given_back", "task.taken", "task.done"]


def test_what_was_handed_to_her_she_gives_back_to_the_desk(cast: Cast, task: int) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        give_loop(session, LoopKind.TASK, task, seen="", to=str(cast.ines), staff_id=cast.camille, at=cast.at)
        with pytest.raises(Conflict):
            give_back(session, task, staff_id=cast.camille, at=cast.at)
        give_back(session, task, staff_id=cast.ines, at=cast.at)
        found = find_loop(session, LoopKind.TASK, task, at=cast.at)
        assert found is not None
        assert found.owner == DESK


def test_another_practices_task_is_not_to_be_found(cast: Cast, task: int) -> None:
    with cast.database.unit_of_work(Practices.of(cast.kaplan)) as session, pytest.raises(NotFound):
        finish_task(session, task, staff_id=cast.camille, at=cast.at)


def test_a_form_sent_twice_is_one_task_and_none_of_another_practice(cast: Cast, task: int) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        assert owe_task(session, cast).id == task
        assert session.query(Task).count() == 1


def promised(cast: Cast, **typed: str) -> Task:
    with cast.database.unit_of_work(cast.everything) as session:
        call = session.query(Task).first() or cast.call(session)
        if not isinstance(call, Task):
            cast.talk(session, call, by=cast.camille)
            choose_patient(
                session,
                call.id,
                staff_id=cast.camille,
                patient_id=cast.patient(session, "Hélène", "Vasseur").id,
                at=cast.at,
            )
            call_id = call.id
        else:
            call_id = call.call_id or 0
        form = {"words": "Rappeler avec le résultat", "by": "mardi", "number": "06 39 98 14 72", "request_key": "k"}
        return promise(session, call_id, keeps_it=False, staff_id=cast.camille, at=cast.at, **(form | typed))


def test_a_promise_holds_what_was_said_until_when_and_whom_to_ring(cast: Cast) -> None:
    made = promised(cast)
    assert (made.kind, made.status, made.created_by) == (TaskKind.PROMISE, TaskStatus.OPEN, cast.camille)
    assert (made.words, made.number) == ("Rappeler avec le résultat", CALLER)
    assert made.due_at == datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # Tuesday, 18 h in Paris
    assert made.patient_id is not None
    assert promised(cast).id == made.id


def test_an_hour_is_of_today_and_must_be_still_to_come(cast: Cast) -> None:
    assert promised(cast, by="14h30").due_at == datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    for wrong, field in (
        ({"by": "8h"}, "by"),
        ({"by": "bientôt"}, "by"),
        ({"words": " "}, "words"),
        ({"number": "12"}, "number"),
    ):
        with pytest.raises(Invalid) as refused:
            promised(cast, request_key="other", **wrong)
        assert refused.value.field == field


def test_nobody_promises_in_a_colleagues_call(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.ines)
        with pytest.raises(NotFound):
            promise(
                session,
                call.id,
                words="Oui",
                by="mardi",
                number="",
                request_key="k",
                keeps_it=True,
                staff_id=cast.camille,
                at=cast.at,
            )


def test_what_she_keeps_herself_is_hers_at_once(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        made = promise(
            session,
            call.id,
            words="Oui",
            by="demain",
            number="",
            request_key="k",
            keeps_it=True,
            staff_id=cast.camille,
            at=cast.at,
        )
        assert (made.status, made.taken_by) == (TaskStatus.TAKEN, cast.camille)


def answer(cast: Cast, kind: AnswerKind, *, nth: int = 1) -> Task:
    with cast.database.unit_of_work(cast.everything) as session:
        message = session.query(type(write_message(session, cast, key=f"m{nth}"))).first()
        assert message is not None
        told = MessageAnswered(message.id, cast.tilleuls, nth, kind, "Venez à jeun", None, cast.lemoine, cast.at)
        open_task_from_answer(session, told)
        open_task_from_answer(session, told)
        return session.query(Task).filter_by(request_key=f"answer-{nth}").one()


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_an_answer_is_one_task_with_whom_it_is_about(cast: Cast, kind: AnswerKind) -> None:
    task = answer(cast, kind)
    assert (task.kind, task.words, task.number, task.caller) == (
        kind.value,
        "Venez à jeun",
        CALLER,
        "Mme Vasseur </Say><Dial>",
    )
    assert task.due_at > cast.at


def test_once_the_message_is_done_nobody_looks_after_the_practitioners_call(cast: Cast) -> None:
    rings, tells = answer(cast, AnswerKind.I_CALL), answer(cast, AnswerKind.TELL, nth=2)
    assert rings.message_id is not None
    with cast.database.unit_of_work(cast.everything) as session:
        follow_message(session, MessageMoved(rings.message_id, cast.tilleuls, MessageStatus.TAKEN, cast.at))
        assert session.get_one(Task, rings.id).status == TaskStatus.OPEN
        follow_message(session, MessageMoved(rings.message_id, cast.tilleuls, MessageStatus.DONE, cast.at))
    assert status(cast, rings.id) == ("done", None)
    assert status(cast, tells.id) == ("open", None)


def test_a_message_withdrawn_asks_nobody_to_ring(cast: Cast) -> None:
    rings = answer(cast, AnswerKind.I_CALL)
    with cast.database.unit_of_work(cast.everything) as session:
        follow_message(session, MessageMoved(rings.message_id or 0, cast.tilleuls, MessageStatus.WITHDRAWN, cast.at))
    assert status(cast, rings.id) == ("dropped", None)
