"""Who answered none of three tries stands until a supervisor decides, or until she is spoken with all the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from callcenter.core.audit import AuditEntry
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.routing.calling_back import take_callback
from callcenter.routing.models import Callback, CallbackReason
from callcenter.routing.unreached import settle_unreached, try_again
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor
from tests.routing.test_callbacks import lose, owed, sid


def unreached(floor: Floor) -> int:
    """A caller whom three tries did not reach."""
    lose(floor, sid(1))
    [one] = owed(floor)
    with floor.database.unit_of_work(ALL) as session:
        gone = {"status": "unreached", "attempts": 3, "closed_at": floor.now}
        session.execute(update(Callback).where(Callback.id == one.id).values(**gone))
    return one.id


def act(floor: Floor, gesture: Callable[[Session], None], *, scope: Practices | None = None) -> None:
    with floor.database.unit_of_work(scope or ALL) as session:
        gesture(session)


def test_three_more_tries_put_her_back_on_the_list_and_she_can_be_rung_at_once(floor: Floor) -> None:
    callback_id = unreached(floor)
    floor.hire("Solene", "Ines")
    again = lambda session: try_again(session, callback_id, staff_id=floor.staff["Solene"], at=floor.now)  # noqa: E731
    act(floor, again)
    [one] = owed(floor)
    assert (one.status, one.attempts, one.not_before, one.closed_at) == ("open", 0, floor.now, None)
    with pytest.raises(Conflict):
        act(floor, again)
    with floor.database.unit_of_work(ALL) as session:
        take_callback(session, callback_id, staff_id=floor.staff["Ines"], at=floor.now)
        acts = session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.staff_id)).all()
    assert acts == [("callback.retried", f"callback {callback_id}", floor.staff["Solene"])]


def test_settled_it_is_on_no_list_and_why_is_kept(floor: Floor) -> None:
    callback_id = unreached(floor)
    floor.hire("Solene")

    def settle(decision: str) -> None:
        act(floor, lambda session: settle_unreached(session, callback_id, decision, staff_id=1, at=floor.now))

    with pytest.raises(Invalid):
        settle("  ")
    assert owed(floor)[0].status == "unreached"
    settle("Son médecin lui a écrit.")
    [one] = owed(floor)
    assert (one.status, one.decision, one.decided_by) == ("settled", "Son médecin lui a écrit.", floor.staff["Solene"])
    with pytest.raises(Conflict):
        settle("Encore")
    # Lost again, she is owed anew.
    lose(floor, sid(2))
    assert [one.status for one in owed(floor)] == ["settled", "open"]


def test_of_two_supervisors_who_settle_at_once_the_second_is_told(floor: Floor) -> None:
    callback_id = unreached(floor)
    floor.hire("Solene", "Maud")

    def settle(session: Session, decision: str, name: str) -> None:
        settle_unreached(session, callback_id, decision, staff_id=floor.staff[name], at=floor.now)

    with ThreadPoolExecutor(1) as pool:
        with floor.database.unit_of_work(ALL) as session:
            settle(session, "Elle a écrit.", "Solene")
            second = pool.submit(act, floor, lambda writes: settle(writes, "Elle vient demain.", "Maud"))
            if not floor.database.is_sqlite:  # there hers is behind the first, and has not seen it
                while session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) == 0:
                    assert not second.done()
        with pytest.raises(Conflict, match="decided already"):
            second.result(30)
    [one] = owed(floor)
    assert (one.decision, one.decided_by) == ("Elle a écrit.", floor.staff["Solene"])


def test_who_is_owed_a_newer_call_is_not_put_on_the_list_twice(floor: Floor) -> None:
    callback_id = unreached(floor)
    floor.hire("Solene")
    lose(floor, sid(2))
    with pytest.raises(Conflict, match="newer"):
        act(floor, lambda session: try_again(session, callback_id, staff_id=1, at=floor.now))
    assert [one.status for one in owed(floor)] == ["unreached", "open"]


def test_a_caller_who_is_lost_anew_at_the_moment_of_the_decision_is_owed_one_call(floor: Floor) -> None:
    callback_id = unreached(floor)
    floor.hire("Solene")
    with ThreadPoolExecutor(1) as pool:
        with floor.database.unit_of_work(ALL) as session:
            old = session.get_one(Callback, callback_id)
            anew = {"practice_id": old.practice_id, "number": old.number, "call_id": old.call_id}
            session.add(Callback(reason=CallbackReason.ABANDONED, opened_at=floor.now, not_before=floor.now, **anew))
            session.flush()
            again = lambda writes: try_again(writes, callback_id, staff_id=1, at=floor.now)  # noqa: E731
            decided = pool.submit(act, floor, again)
            if not floor.database.is_sqlite:  # there her decision is behind the loss, and has not seen it
                while session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) == 0:
                    assert not decided.done()
        with pytest.raises(Conflict, match="newer"):
            decided.result(30)
    assert [one.status for one in owed(floor)] == ["unreached", "open"]


def test_who_gets_through_in_the_end_leaves_nothing_to_decide(floor: Floor) -> None:
    unreached(floor)
    floor.hire("Ines")
    again = floor.ring(sid(3))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    assert [one.status for one in owed(floor)] == ["done"]


def test_another_practices_caller_is_not_there(floor: Floor) -> None:
    callback_id = unreached(floor)
    for gesture in (
        lambda session: try_again(session, callback_id, staff_id=1, at=floor.now),
        lambda session: settle_unreached(session, callback_id, "x", staff_id=1, at=floor.now),
    ):
        with pytest.raises(NotFound):
            act(floor, gesture, scope=Practices.of(77))
    assert owed(floor)[0].status == "unreached"
