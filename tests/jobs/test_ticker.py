"""The ticker finds due work in the tables and outlives its failures."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from callcenter.desk.models import LoopOwner, TaskKind
from callcenter.desk.tasks import open_task
from callcenter.directory.models import Practice, Role, Staff
from callcenter.jobs.ticker import Ticker
from callcenter.messaging.models import OutboxChannel, OutboxMessage
from callcenter.routing import presence
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, MONDAY, Floor


def ticker_of(floor: Floor) -> Ticker:
    return Ticker(floor.settings, floor.database, floor.clock, floor.provider)


def test_one_tick_of_distribution_moves_a_call_on(floor: Floor) -> None:
    ticker = ticker_of(floor)
    floor.hire("Ines")
    floor.ring()
    for _ in range(5):  # it looks again and again: after a longer gap nobody would be blamed
        assert floor.status_of("Ines") == "reserved"
        if floor.now >= MONDAY + timedelta(seconds=17):
            floor.hire("Lea")
        floor.clock.advance(timedelta(seconds=4))
        with floor.database.unit_of_work(ALL) as session:
            presence.heartbeat(session, floor.staff["Ines"], at=floor.now)
        ticker.distribute()
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("break_", "reserved")


def test_a_call_that_ended_here_is_closed_at_the_carrier(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    ticker_of(floor).sweep_calls()
    assert floor.provider.ended == [f"call-{CALL}"]


def test_an_offer_that_ran_out_while_the_product_was_down_costs_nobody_her_place(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    floor.clock.advance(timedelta(seconds=60))
    ticker = ticker_of(floor)
    ticker.distribute()
    assert floor.status_of("Ines") == "available"
    with floor.database.unit_of_work(ALL) as session:
        presence.heartbeat(session, floor.staff["Ines"], at=floor.now)
    ticker.distribute()
    assert floor.status_of("Ines") == "reserved"


def test_a_database_that_stalls_takes_nobody_off(floor: Floor) -> None:
    """Heartbeats hang with everything else: whoever is there is heard of soon after."""
    ticker = ticker_of(floor)
    floor.clock.advance(timedelta(minutes=5))
    floor.hire("Ines", "Lea")
    ticker.distribute()
    floor.clock.advance(timedelta(seconds=20))
    sent_at = floor.now - timedelta(seconds=18)
    with floor.database.unit_of_work(ALL) as session:
        presence.heartbeat(session, floor.staff["Ines"], at=sent_at)  # it hung until now
    ticker.distribute()
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("available", "available")
    for _ in range(14):
        floor.clock.advance(timedelta(seconds=1))
        with floor.database.unit_of_work(ALL) as session:
            presence.heartbeat(session, floor.staff["Ines"], at=floor.now)
        ticker.distribute()
    assert floor.status_of("Lea") == "available"
    floor.clock.advance(timedelta(seconds=1))
    ticker.distribute()
    # One lease after the database was back, whoever was not heard of is away.
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("available", "offline")


def test_e_mails_are_a_kind_of_their_own_and_fail_with_a_reason_where_no_server_is_set(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        mail = OutboxMessage(
            practice_id=session.scalars(select(Practice.id)).one(),
            dedupe_key="notice-1",
            kind="message_notice",
            channel=OutboxChannel.EMAIL,
            to_email="lemoine@cabinet.example",
            subject="Message",
            body="https://centre.example.org/m/abc",
            created_at=floor.now,
            due_at=floor.now,
        )
        session.add(mail)
    kinds = ticker_of(floor).kinds()
    kinds["messages"]()
    assert told(floor) == ("pending", "")
    kinds["mail"]()
    assert told(floor) == ("failed", "no mail server is set")


def told(floor: Floor) -> tuple[str, str]:
    """What became of the one row of the outbox."""
    with floor.database.reading(ALL) as session:
        row = session.scalars(select(OutboxMessage)).one()
        return str(row.status), row.error


def test_what_nobody_has_before_midnight_is_handed_to_the_supervisor(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        sofia = Staff(login="sofia", name="Sofia", role=Role.SUPERVISOR, password_hash="-", created_at=MONDAY)
        session.add(sofia)
        practice_id = session.scalars(select(Practice.id)).one()
        owed = open_task(
            session,
            practice_id,
            kind=TaskKind.PROMISE,
            request_key="t",
            words="",
            due_at=MONDAY,
            at=MONDAY,
        )
    ticker = ticker_of(floor)
    ticker.kinds()["open loops"]()
    floor.clock.advance(timedelta(hours=14, minutes=45))  # 23:45 in Paris
    ticker.kinds()["open loops"]()
    with floor.database.reading(ALL) as session:
        named = session.scalars(select(LoopOwner)).one()
        assert (named.ref_id, named.staff_id, named.reason, named.named_by) == (owed.id, sofia.id, "night", None)


def test_a_fault_in_one_kind_of_sweep_leaves_the_others_to_be_done(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.engine.connect() as connection, connection.begin():
        connection.execute(text("ALTER TABLE agent RENAME TO mislaid"))
    ticker_of(floor).sweep_calls()
    assert floor.provider.ended == [f"call-{CALL}"]


def test_it_ticks_and_goes_on_after_a_failure(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    ticker = ticker_of(floor)
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        presence.take_break(session, floor.staff["Ines"], at=floor.now)
    with floor.database.engine.connect() as connection, connection.begin():
        connection.execute(text("ALTER TABLE reservation RENAME TO mislaid"))
    with caplog.at_level(logging.ERROR):
        ticker.start()
        _until(lambda: "due work failed" in caplog.text)
        with floor.database.engine.connect() as connection, connection.begin():
            connection.execute(text("ALTER TABLE mislaid RENAME TO reservation"))
        floor.ring()
        with floor.database.unit_of_work(ALL) as session:
            # Nobody is told that she is free: the next tick sees it.
            session.execute(update(Agent).values(status=AgentStatus.AVAILABLE))
        _until(lambda: floor.status_of("Ines") == "reserved")
        ticker.stop()


def _until(reached: Callable[[], bool], *, seconds: float = 6.0) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "nothing happened"
        time.sleep(0.05)
