"""Several operators, one call: exactly one has it, on both databases, and nobody meets a fault."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, text

from callcenter.core.db import Database
from callcenter.core.errors import Conflict
from callcenter.directory.models import Role, Staff
from callcenter.routing import presence
from callcenter.routing.agents import move_agent, settle
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.models import Agent, AgentStatus, Callback, QueueEntry, Reservation, ReservationStatus
from callcenter.routing.offers import accept_offer, offer_waiting_calls, pull_call
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Leg
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor

ROUNDS = 5


def test_two_operators_one_call(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    for round_ in range(ROUNDS):
        call_id = floor.ring(f"CA{round_:032x}")
        together = threading.Barrier(2)
        with floor.database.reading(ALL) as session:
            entry_id = session.scalars(select(QueueEntry.id).where(QueueEntry.call_id == call_id)).one()

        def take(name: str, entry_id: int = entry_id, together: threading.Barrier = together) -> str:
            together.wait()
            try:
                with floor.database.unit_of_work(ALL) as session:
                    pull_call(session, entry_id, staff_id=floor.staff[name], at=floor.now)
            except Conflict as lost:
                return str(lost)
            return "mine"

        with ThreadPoolExecutor(2) as pool:
            answers = dict(zip(("Ines", "Lea"), pool.map(take, ("Ines", "Lea")), strict=True))
        [winner] = [name for name, answer in answers.items() if answer == "mine"]
        [loser] = [name for name in answers if name != winner]
        assert answers[loser] == f"{winner} has just taken this call."
        assert floor.entry(call_id).status == "answered"
        legs = [leg for leg in floor.rows(Leg)["leg"] if leg["call_id"] == call_id and leg["role"] == "operator"]
        assert [leg["staff_id"] for leg in legs] == [floor.staff[winner]]
        assert (floor.status_of(winner), floor.status_of(loser)) == ("on_call", "available")
        assert [row for row in floor.rows(Reservation)["reservation"] if row["status"] == "pending"] == []
        _free(floor, winner)


def test_many_calls_and_ticks_at_once_offer_each_once(floor: Floor) -> None:
    floor.hire("Ines", "Lea", "Maud")

    def come_in(number: int) -> None:
        floor.ring(f"CA{number:032x}")
        with floor.database.unit_of_work(ALL) as session:
            offer_waiting_calls(session, at=floor.now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_in, range(8)))
    # Rows that another transaction holds are passed over; what that left undone is the next tick's.
    with floor.database.unit_of_work(ALL) as session:
        offer_waiting_calls(session, at=floor.now)
    pending = [row for row in floor.rows(Reservation)["reservation"] if row["status"] == "pending"]
    assert len({row["staff_id"] for row in pending}) == len({row["queue_entry_id"] for row in pending}) == len(pending)
    assert len(pending) == 3
    assert {floor.status_of(name) for name in floor.staff} == {"reserved"}


def _free(floor: Floor, name: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        presence.enter_wrap_up(session, floor.staff[name], at=floor.now)
        presence.finish_wrap_up(session, floor.staff[name], at=floor.now)


def test_a_call_that_is_being_moved_can_be_offered_meanwhile(postgresql_url: str) -> None:
    """Whoever moves a call locks it, then its place; an offer locks the place, then refers to the call: no circle."""
    database = Database(postgresql_url)
    floor = Floor(database)
    call_id = floor.ring()
    with database.unit_of_work(ALL) as session:
        presence.heartbeat(session, _hired_idle(floor), at=floor.now)

    def offer() -> int:
        with database.unit_of_work(ALL) as session:
            return offer_waiting_calls(session, at=floor.now)

    with ThreadPoolExecutor(1) as pool, database.unit_of_work(ALL) as session:
        lock_call(session, call_id)
        offered = pool.submit(offer)
        assert offered.result(timeout=5) == 1
    database.close()


def test_a_caller_who_hangs_up_while_she_is_being_offered_rings_for_nobody(postgresql_url: str) -> None:
    """Whom nobody can take any more must not cost the operator her break for a missed call."""
    database = Database(postgresql_url)
    floor = Floor(database)
    call_id = floor.ring()
    with database.unit_of_work(ALL) as session:
        presence.heartbeat(session, _hired_idle(floor), at=floor.now)
    patient_id = floor.patient_leg(call_id)
    with ThreadPoolExecutor(1) as pool:
        with database.unit_of_work(ALL) as session:
            assert offer_waiting_calls(session, at=floor.now) == 1
            leaving = pool.submit(floor.hear, patient_id, LegNews.HUNG_UP)
            time.sleep(0.5)  # she has hung up, and her report waits for the offer to be made
        leaving.result(timeout=10)
    assert floor.entry(call_id).status == "abandoned"
    assert [row["status"] for row in floor.rows(Reservation)["reservation"]] == ["canceled"]
    assert [row["status"] for row in floor.rows(Agent)["agent"]] == ["available"]
    database.close()


def _hired_idle(floor: Floor) -> int:
    """An operator who is available although a call waits: nobody has offered it yet."""
    with floor.database.unit_of_work(ALL) as session:
        ines = Staff(
            login="ines",
            name="Ines",
            first_name="Ines",
            role=Role.OPERATOR,
            password_hash="x",
            endpoint="client:ines",
            created_at=floor.now,
        )
        session.add(ines)
        session.flush()
        session.add(
            Agent(
                staff_id=ines.id,
                status=AgentStatus.AVAILABLE,
                status_since=floor.now,
                lease_until=floor.now,
                missed_call=False,
            )
        )
        return ines.id


def test_a_break_taken_as_the_offer_runs_out_waits_for_it(floor: Floor) -> None:
    """Everybody moves the offer first and its operator after: the other way round the two wait for each other."""
    floor.hire("Ines")
    floor.ring()
    staff_id = floor.staff["Ines"]

    def take_break() -> None:
        with floor.database.unit_of_work(ALL) as session:
            presence.take_break(session, staff_id, at=floor.now)

    with ThreadPoolExecutor(1) as pool:
        with floor.database.unit_of_work(ALL) as session:
            offer = session.scalars(select(Reservation)).one()
            assert settle(session, offer, ReservationStatus.EXPIRED, at=floor.now)
            breaking = pool.submit(take_break)
            time.sleep(0.5)  # she has pressed, and waits
            moved = move_agent(
                session, staff_id, from_=[AgentStatus.RESERVED], to=AgentStatus.BREAK, at=floor.now, missed_call=True
            )
        breaking.result(timeout=10)
    assert moved
    assert floor.status_of("Ines") == "break_"


def test_a_colleague_takes_the_call_owed_to_a_caller_who_is_being_answered(floor: Floor) -> None:
    """Whoever accepts it locks the call, then moves the call-back: the other way round the two wait in a circle."""
    asked, waits = (floor.ring(f"CA{number:032x}") for number in (1, 2))  # two telephones of one number
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, asked, at=floor.now)
        ours = session.scalars(select(Callback.outbound_call_id)).one() or 0
    floor.hire("Ines", "Camille")
    floor.hear(floor.patient_leg(waits), LegNews.JOINED)
    hers = floor.accept("Camille")
    assert hers.call_id == waits
    ines = floor.staff["Ines"]
    with ThreadPoolExecutor(1) as pool:
        with floor.database.unit_of_work(ALL) as session:
            lock_call(session, ours)
            spoken_with = pool.submit(floor.hear, hers.id, LegNews.JOINED)
            if not floor.database.is_sqlite:  # there she is behind whoever accepts, and holds nothing
                while session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) == 0:
                    assert not spoken_with.done()
            offer_id = session.scalars(select(Reservation.id).where(Reservation.call_id == ours)).one()
            accept_offer(session, offer_id, staff_id=ines, at=floor.now)
        spoken_with.result(30)
    assert [row["status"] for row in floor.rows(Callback)["callback"]] == ["done"]
    assert (floor.call(ours).status, floor.call(waits).status) == ("ended", "talking")
