"""The left column: who waits, the longest first, and what is left to do."""

from datetime import timedelta

from callcenter.core.scope import Practices
from callcenter.desk.models import Disposition, DispositionCode
from callcenter.desk.queue_view import todo_list, waiting_calls
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.routing.models import AgentStatus
from tests.desk.conftest import Cast


def test_the_longest_waiting_stands_first_and_says_whom_it_is_offered_to(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        young = cast.call(session, received=cast.at - timedelta(seconds=7))
        old = cast.call(session, line=cast.kaplan_line, received=cast.at - timedelta(seconds=42))
        cast.offer(session, old, to=cast.ines)
    with cast.database.reading(Practices.of(cast.tilleuls, cast.kaplan)) as session:
        seen = waiting_calls(session, cast.camille)
    assert [(one.call_id, one.practice_name, one.offered_to, one.offered_to_me) for one in seen] == [
        (old.id, "Dr Kaplan", "Ines", False),
        (young.id, "Cabinet des Tilleuls", "", False),
    ]


def test_what_is_left_to_do_is_hers_alone(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for staff, name in ((cast.camille, "hers"), (cast.ines, "not hers")):
            call = cast.call(session)
            cast.talk(session, call, by=staff)
            cast.end(session, call, by=staff)
            cast.set_agent(session, staff, AgentStatus.OFFLINE)
            session.add(
                OutboxMessage(
                    practice_id=cast.tilleuls,
                    dedupe_key=name,
                    kind="appointment_booked",
                    to_number="+33639981472",
                    body="RDV",
                    status=OutboxStatus.FAILED,
                    created_at=cast.at,
                    due_at=cast.at,
                    call_id=call.id,
                )
            )
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        todo = todo_list(session, cast.camille, at=cast.at + timedelta(minutes=5))
    assert (len(todo.undelivered), len(todo.unqualified)) == (1, 1)
    with cast.database.unit_of_work(cast.everything) as session:
        session.add(
            Disposition(
                call_id=todo.unqualified[0].call_id,
                practice_id=cast.tilleuls,
                staff_id=cast.camille,
                code=DispositionCode.NONE,
                chosen_at=cast.at,
            )
        )
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        assert todo_list(session, cast.camille, at=cast.at + timedelta(minutes=5)).unqualified == []


def test_what_does_not_fit_on_the_list_is_said_and_follows(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for number in range(21):
            call = cast.call(session)
            cast.talk(session, call, by=cast.camille)
            cast.end(session, call, by=cast.camille)
            if number == 20:
                newest = call.id
        cast.set_agent(session, cast.camille, AgentStatus.OFFLINE)
    later = cast.at + timedelta(minutes=5)
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        todo = todo_list(session, cast.camille, at=later)
    assert (todo.count, todo.has_more) == (20, True)
    with cast.database.unit_of_work(cast.everything) as session:
        session.add(
            Disposition(
                call_id=newest,
                practice_id=cast.tilleuls,
                staff_id=cast.camille,
                code=DispositionCode.NONE,
                chosen_at=cast.at,
            )
        )
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        todo = todo_list(session, cast.camille, at=later)
    assert (todo.count, todo.has_more) == (20, False)
