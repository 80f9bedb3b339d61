"""Units of work: who commits, who waits, who hears of it."""

import threading
import traceback
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, null, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.core.db import Database, WriterQueue, after_commit, touch
from callcenter.telephony.models import MisdialledCall

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def misdialled(sid: str) -> MisdialledCall:
    return MisdialledCall(sid=sid, to_number="+33199004299", received_at=NOON)


def fail_after_touching(session: Session) -> None:
    touch(session, "queue")
    session.add(misdialled("CA1"))


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(MisdialledCall)) or 0


def test_a_unit_of_work_is_kept_whole_or_not_at_all(database: Database) -> None:
    with database.unit_of_work() as session:
        session.add(misdialled("CA1"))
    with pytest.raises(IntegrityError), database.unit_of_work() as session:
        session.add_all([misdialled("CA2"), misdialled("CA1")])
    assert count(database) == 1


def test_what_a_reading_changes_is_thrown_away(database: Database) -> None:
    with database.reading() as session:
        session.add(misdialled("CA1"))
        session.flush()
    assert count(database) == 0


def test_sixteen_writers_at_once_all_write(database: Database) -> None:
    def write(writer: int) -> None:
        for turn in range(5):
            with database.unit_of_work() as session:
                session.add(misdialled(f"CA{writer}-{turn}"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert count(database) == 80


def test_more_waiting_requests_than_worker_threads_do_not_starve_the_one_that_writes(sqlite_url: str) -> None:
    """The turn is taken at the first statement: units may be opened by the dozen before any of them works."""
    database = Database(sqlite_url)
    opened = [database.unit_of_work() for _ in range(50)]
    sessions = [unit.__enter__() for unit in opened]
    for number, (unit, session) in enumerate(zip(opened, sessions, strict=True)):
        session.add(misdialled(f"CA{number}"))
        unit.__exit__(None, None, None)
    assert count(database) == 50
    database.close()


def test_the_writer_queue_serves_in_order_of_arrival() -> None:
    queue, served = WriterQueue(), []
    queue.take_turn()

    def wait_and_write(number: int) -> None:
        queue.take_turn()
        served.append(number)
        queue.end_turn()

    writers = []
    for number in range(8):
        writer = threading.Thread(target=wait_and_write, args=(number,))
        writer.start()
        while len(queue._waiting) <= number:
            pass
        writers.append(writer)
    queue.end_turn()
    for writer in writers:
        writer.join()
    assert served == list(range(8))


def test_signals_leave_after_the_commit_and_never_after_a_rollback(database: Database) -> None:
    heard: list[list[str]] = []
    publish = database.broadcast.publish
    database.broadcast.publish = lambda topics: (heard.append([*topics, str(count(database))]), publish(topics))[1]  # type: ignore[method-assign]
    done: list[int] = []
    with database.unit_of_work() as session:
        session.add(misdialled("CA1"))
        touch(session, "queue", "queue", "desk-7")
        after_commit(session, lambda: done.append(count(database)))
        assert (heard, done) == ([], [])
    assert heard == [["queue", "desk-7", "1"]]
    assert done == [1]
    with pytest.raises(IntegrityError), database.unit_of_work() as session:
        fail_after_touching(session)
    assert len(heard) == 1


def test_instants_come_back_aware_and_in_utc_and_naive_ones_are_refused(database: Database) -> None:
    with database.unit_of_work() as session:
        session.add(misdialled("CA1"))
    with database.reading() as session:
        assert session.scalars(select(MisdialledCall.received_at)).one() == NOON
    with pytest.raises(Exception, match="an instant needs its zone"), database.unit_of_work() as session:
        session.add(MisdialledCall(sid="CA2", to_number="", received_at=NOON.replace(tzinfo=None)))


def test_a_refused_row_does_not_tell_what_stands_in_it(database: Database) -> None:
    """PostgreSQL adds the row's values to its refusal, and refusals are logged."""
    with database.unit_of_work() as session:
        session.add(misdialled("CA1"))
    with pytest.raises(IntegrityError) as repeated, database.unit_of_work() as session:
        session.add(misdialled("CA1"))
    with pytest.raises(IntegrityError) as empty, database.unit_of_work() as session:
        session.execute(insert(MisdialledCall).values(sid="CA2", to_number="+33199004299", received_at=null()))
    told = "".join("".join(traceback.format_exception(refused.value)) for refused in (repeated, empty))
    assert "misdialled_call" in told
    assert "CA1" not in told.replace('misdialled("CA1")', "")
    assert "+33199004299" not in told.replace('to_number="+33199004299"', "")
