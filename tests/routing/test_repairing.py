"""Whoever no longer fits her call is freed."""

from datetime import timedelta

from sqlalchemy import update

from callcenter.routing.models import Agent, Callback, QueueEntry, Reservation
from callcenter.routing.repairing import SETTLING, repair_floor
from callcenter.telephony.models import Call
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor


def repair(floor: Floor) -> int:
    with floor.database.unit_of_work(ALL) as session:
        return repair_floor(session, at=floor.now)


def put(floor: Floor, name: str, **values: object) -> None:
    """A row as a fault would leave it."""
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).where(Agent.staff_id == floor.staff[name]).values(**values))


def test_an_operator_on_a_call_that_is_over_wraps_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    assert repair(floor) == 0
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    put(floor, "Ines", status="on_call", call_id=call_id, status_since=floor.now)
    assert repair(floor) == 0  # it may be on its way
    floor.clock.advance(SETTLING)
    assert repair(floor) == 1
    assert floor.status_of("Ines") == "wrap_up"
    assert repair(floor) == 0


def test_an_operator_reserved_for_nothing_is_available_and_gets_the_next_call(floor: Floor) -> None:
    floor.hire("Ines")
    put(floor, "Ines", status="reserved", status_since=floor.now)
    floor.ring()
    floor.clock.advance(SETTLING)
    assert repair(floor) == 1
    assert (floor.status_of("Ines"), len(floor.rows(Reservation)["reservation"])) == ("reserved", 1)


def test_a_place_of_a_call_that_ended_is_closed(floor: Floor) -> None:
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).values(status="waiting", left_at=None))
    floor.clock.advance(timedelta(seconds=1))
    assert repair(floor) == 1
    assert floor.entry(call_id).status == "abandoned"


def test_whose_place_is_closed_late_is_owed_a_call_since_she_hung_up(floor: Floor) -> None:
    call_id = floor.ring()
    floor.clock.advance(timedelta(seconds=30))
    hung_up_at = floor.now
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Call).where(Call.id == call_id).values(status="ended", ended_at=hung_up_at))
    floor.clock.advance(timedelta(minutes=2))
    assert repair(floor) == 1
    assert (floor.entry(call_id).status, floor.entry(call_id).left_at) == ("abandoned", hung_up_at)
    assert [row["opened_at"] for row in floor.rows(Callback)["callback"]] == [hung_up_at]


def test_nobody_is_sent_on_a_break_for_a_place_that_is_closed(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Call).where(Call.id == call_id).values(status="ended"))
    assert repair(floor) == 1
    assert (floor.entry(call_id).status, floor.status_of("Ines")) == ("abandoned", "available")
    assert [row["status"] for row in floor.rows(Reservation)["reservation"]] == ["canceled"]
