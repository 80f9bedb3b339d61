"""Who said at the gate that it is an emergency and is lost all the same: owed a call before others, also at night."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import Conflict
from callcenter.routing.arrival import admit_call, receive_call
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.calling_back import rest_at_night, take_callback
from callcenter.routing.models import Callback, CallbackStatus, QueueEntry, Reservation
from callcenter.routing.unreached import try_again
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.models import CallHandling, Leg
from callcenter.telephony.state import LegNews
from tests.floor import ALL, LINE, PATIENT, Floor

OTHER = "+33639981473"


def sid(number: int) -> str:
    return f"CA{number:032x}"


def press_emergency(floor: Floor, number: int, *, from_number: str = PATIENT) -> int:
    """A stranger to a flooded practice says at its gate that it is an emergency, and waits in the queue."""
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(
            session,
            sid=sid(number),
            to_number=LINE,
            from_number=from_number,
            at=floor.now,
            handling=CallHandling.GATED,
        )
        assert call is not None
        assert admit_call(session, sid(number), urgent=True, at=floor.now)
    floor.hear(floor.patient_leg(call.call_id), LegNews.JOINED)
    return call.call_id


def ring(floor: Floor, number: int, *, from_number: str = PATIENT) -> int:
    call_id = floor.ring(sid(number), from_number=from_number)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    return call_id


def give_up(floor: Floor, call_id: int) -> None:
    floor.clock.advance(timedelta(seconds=8))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)


def promise(floor: Floor, call_id: int) -> int:
    """The caller asks to be rung back; the call of ours that is to ring her."""
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, call_id, at=floor.now)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    return owed(floor).outbound_call_id or 0


def owed(floor: Floor, number: str = PATIENT) -> Callback:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Callback).where(Callback.number == number)).one()


def take(floor: Floor, name: str, number: str = PATIENT) -> Leg:
    with floor.database.unit_of_work(ALL) as session:
        leg = take_callback(session, owed(floor, number).id, staff_id=floor.staff[name], at=floor.now)
    floor.dial(leg)
    return leg


def offered(floor: Floor) -> list[int]:
    return [row["call_id"] for row in floor.rows(Reservation)["reservation"] if row["status"] == "pending"]


def test_an_emergency_that_is_lost_is_owed_an_urgent_call_and_an_ordinary_loss_is_not(floor: Floor) -> None:
    give_up(floor, press_emergency(floor, 1))
    give_up(floor, ring(floor, 2, from_number=OTHER))
    assert (owed(floor).urgent, owed(floor, OTHER).urgent) == (True, False)


def test_an_emergency_after_an_ordinary_loss_makes_it_urgent_and_a_later_loss_leaves_it_so(floor: Floor) -> None:
    give_up(floor, ring(floor, 1))
    lost_at = floor.now
    assert not owed(floor).urgent
    give_up(floor, press_emergency(floor, 2))
    assert owed(floor).urgent
    ring(floor, 3)
    beside = ring(floor, 4)  # a second telephone of her household, which has said nothing and passes nobody
    assert not floor.entry(beside).urgent
    give_up(floor, beside)
    assert (owed(floor).urgent, owed(floor).losses, owed(floor).opened_at) == (True, 3, lost_at)


def test_who_rings_again_after_an_emergency_that_was_lost_waits_before_everybody(floor: Floor) -> None:
    give_up(floor, press_emergency(floor, 1))
    cut_off = ring(floor, 2, from_number=OTHER)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).where(QueueEntry.call_id == cut_off).values(priority=2))
    again = ring(floor, 3)
    assert (floor.entry(again).urgent, floor.entry(cut_off).urgent) == (True, False)
    floor.hire("Ines")
    assert offered(floor) == [again]


def test_the_call_that_rings_her_back_is_urgent_too_and_another_is_not(floor: Floor) -> None:
    give_up(floor, press_emergency(floor, 1))
    give_up(floor, ring(floor, 2, from_number=OTHER))
    floor.hire("Ines", "Camille")
    urgent, other = take(floor, "Ines"), take(floor, "Camille", OTHER)
    assert (floor.entry(urgent.call_id).urgent, floor.entry(other.call_id).urgent) == (True, False)


def test_an_emergency_that_was_lost_is_rung_back_at_night_and_another_caller_is_not(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=14))  # 23 h in Paris
    give_up(floor, press_emergency(floor, 1))
    give_up(floor, ring(floor, 2, from_number=OTHER))
    floor.hire("Ines", "Camille")
    with pytest.raises(Conflict, match="between 8 and 20"):
        take(floor, "Camille", OTHER)
    leg = take(floor, "Ines")
    floor.hear(leg.id, LegNews.JOINED)
    assert (owed(floor).status, owed(floor, OTHER).status) == ("taken", "open")


def test_an_urgent_promise_is_kept_through_the_night_and_another_rests(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=10, minutes=50))  # 19:50 in Paris
    urgent = promise(floor, press_emergency(floor, 1))
    other = ring(floor, 2, from_number=OTHER)
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, other, at=floor.now)
    floor.clock.advance(timedelta(hours=2))
    assert rest_at_night(floor.database, floor.clock) == 1
    assert (owed(floor).outbound_call_id, owed(floor, OTHER).outbound_call_id) == (urgent, None)
    assert (floor.entry(urgent).status, floor.entry(urgent).urgent) == ("waiting", True)


@pytest.mark.parametrize("asks_too", [True, False])
def test_the_call_that_is_to_ring_a_household_becomes_urgent_with_its_other_telephone(
    floor: Floor, asks_too: bool
) -> None:
    cut_off = ring(floor, 1, from_number=OTHER)
    first, second = ring(floor, 2), press_emergency(floor, 3)
    placed = promise(floor, first)
    assert not floor.entry(placed).urgent
    if asks_too:
        promise(floor, second)
    else:
        give_up(floor, second)
    assert (owed(floor).outbound_call_id, owed(floor).urgent) == (placed, True)
    assert floor.entry(placed).urgent
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).where(QueueEntry.call_id == cut_off).values(priority=2))
    floor.hire("Ines")
    assert offered(floor) == [placed]


def test_nobody_answers_and_it_stays_urgent_also_for_three_more_tries(floor: Floor) -> None:
    give_up(floor, press_emergency(floor, 1))
    floor.hire("Ines")
    leg = take(floor, "Ines")
    hang_up_call(floor.database, floor.provider, leg.call_id, floor.clock)
    assert (owed(floor).status, owed(floor).urgent) == ("open", True)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Callback).values(status=CallbackStatus.UNREACHED))
        try_again(session, 1, staff_id=floor.staff["Ines"], at=floor.now)
    assert (owed(floor).status, owed(floor).urgent) == ("open", True)
