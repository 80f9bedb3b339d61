"""An operator is cut off in an emergency: the patient is the next to be answered at once, and she may be first back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import NotFound
from callcenter.routing.models import Agent, Reservation
from callcenter.routing.returning import return_cut_off
from callcenter.routing.strays import hang_up_strays
from callcenter.telephony.models import Call, Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor
from tests.routing.test_returning import beat, bring_in, rejoin

OTHER = "CA" + "b" * 32


def emergency(floor: Floor, call_id: int, *, is_open: bool = True) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Call).where(Call.id == call_id).values(in_emergency=is_open))


def talk(floor: Floor, name: str = "Ines") -> tuple[int, int]:
    """She talks with a patient: the call, and her leg."""
    floor.hire(name)
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    leg = floor.accept(name)
    floor.hear(leg.id, LegNews.JOINED)
    return call_id, leg.id


def pending(floor: Floor) -> list[tuple[int, int]]:
    with floor.database.reading(ALL) as session:
        rows = session.execute(
            select(Reservation.call_id, Reservation.staff_id).where(Reservation.status == "pending")
        ).all()
        return [(row[0], row[1]) for row in rows]


def on_the_line(floor: Floor, call_id: int) -> list[str]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Leg.role).where(Leg.call_id == call_id, Leg.status == "joined")))


def test_the_patient_is_offered_at_once_before_all_others_and_urgent(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    floor.ring(OTHER, from_number="+33639981499")
    floor.clock.advance(timedelta(seconds=90))
    floor.hear(leg, LegNews.COMPLETED)
    entry = floor.entry(call_id)
    assert (entry.status, entry.urgent, entry.priority_reason, entry.requeue_at) == ("waiting", True, "returned", None)
    floor.hire("Lea")
    assert pending(floor) == [(call_id, floor.staff["Lea"])]


def test_without_an_emergency_she_has_half_a_minute(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    emergency(floor, call_id, is_open=False)
    floor.hear(leg, LegNews.COMPLETED)
    assert (floor.entry(call_id).status, floor.entry(call_id).urgent) == ("answered", False)


def test_the_regulator_stays_with_the_patient_meanwhile(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    regulator = bring_in(floor, call_id, LegRole.EMERGENCY)
    floor.hear(regulator.id, LegNews.JOINED)
    floor.hear(leg, LegNews.COMPLETED)
    assert floor.entry(call_id).status == "waiting"
    floor.hear(regulator.id, LegNews.MODIFIED)  # whatever is heard of the regulator changes nothing
    return_cut_off(floor.database, floor.clock)
    assert floor.entry(call_id).status == "waiting"
    assert sorted(on_the_line(floor, call_id)) == ["emergency", "patient"]
    floor.hire("Lea")
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    assert sorted(on_the_line(floor, call_id)) == ["emergency", "operator", "patient"]
    assert floor.entry(call_id).status == "answered"


def test_a_colleague_who_takes_the_patient_relieves_her(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    floor.hear(leg, LegNews.COMPLETED)
    assert (floor.status_of("Ines"), floor.agent("Ines").call_id) == ("on_call", call_id)
    again = rejoin(floor, call_id)  # she presses her key, and her telephone rings while the colleague is asked
    floor.hire("Lea")
    beat(floor, "Ines")
    taken = floor.accept("Lea")
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("wrap_up", "on_call")
    hang_up_strays(floor.database, floor.provider, floor.clock)
    assert again.sid is None or again.sid in floor.provider.hung_up
    with pytest.raises(NotFound):
        rejoin(floor, call_id)
    floor.hear(taken.id, LegNews.JOINED)
    assert floor.entry(call_id).status == "answered"


def test_she_who_comes_back_first_has_her_patient_and_nobody_else_is_asked(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    floor.hear(leg, LegNews.COMPLETED)
    again = rejoin(floor, call_id)
    floor.hear(again.id, LegNews.RANG)
    floor.hire("Lea")
    assert pending(floor) == [(call_id, floor.staff["Lea"])]  # ringing is not being there
    floor.hear(again.id, LegNews.JOINED)
    assert (floor.entry(call_id).status, floor.status_of("Ines")) == ("answered", "on_call")
    assert (pending(floor), floor.status_of("Lea")) == ([], "available")
    floor.hear(again.id, LegNews.COMPLETED)  # cut again, it begins again
    assert floor.entry(call_id).status == "waiting"


def test_a_colleague_whose_telephone_is_not_reached_gives_the_patient_back_at_once(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    regulator = bring_in(floor, call_id, LegRole.EMERGENCY)
    floor.hear(regulator.id, LegNews.JOINED)
    floor.hear(leg, LegNews.COMPLETED)
    floor.hire("Lea")
    floor.hear(floor.accept("Lea").id, LegNews.FAILED)
    assert (floor.entry(call_id).status, floor.status_of("Lea")) == ("waiting", "break_")


def test_with_her_browser_silent_she_is_offline_and_the_patient_waits_for_others(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    floor.hear(leg, LegNews.COMPLETED)
    floor.clock.advance(timedelta(minutes=1))
    return_cut_off(floor.database, floor.clock)
    assert (floor.status_of("Ines"), floor.entry(call_id).status) == ("offline", "waiting")


def test_an_emergency_that_is_heard_of_after_the_cut_ends_the_waiting(floor: Floor) -> None:
    """The line was rung while the database did not answer: its rows come later."""
    call_id, leg = talk(floor)
    floor.hear(leg, LegNews.COMPLETED)
    assert floor.entry(call_id).requeue_at is not None
    emergency(floor, call_id)
    return_cut_off(floor.database, floor.clock)
    entry = floor.entry(call_id)
    assert (entry.status, entry.urgent, entry.requeue_at) == ("waiting", True, None)


def test_taken_over_while_nobody_was_there_she_may_still_come_back(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    regulator = bring_in(floor, call_id, LegRole.EMERGENCY)
    floor.hear(regulator.id, LegNews.JOINED)
    floor.hear(leg, LegNews.COMPLETED)
    again = rejoin(floor, call_id)
    emergency(floor, call_id, is_open=False)
    floor.hear(again.id, LegNews.JOINED)
    assert (floor.entry(call_id).status, floor.status_of("Ines")) == ("answered", "on_call")


def test_one_call_that_cannot_be_looked_after_leaves_the_others_to_be(floor: Floor) -> None:
    first, leg = talk(floor)
    floor.hear(leg, LegNews.COMPLETED)
    floor.hire("Lea")
    second = floor.ring(OTHER, from_number="+33639981499")
    floor.hear(floor.accept("Lea").id, LegNews.JOINED, LegNews.COMPLETED)
    floor.clock.advance(timedelta(minutes=1))
    with floor.database.unit_of_work(ALL) as session:  # a row that no code of ours writes
        session.execute(update(Leg).where(Leg.id == floor.patient_leg(first)).values(role="stranger"))
    return_cut_off(floor.database, floor.clock)
    assert [str(floor.entry(one).status) for one in (first, second)] == ["answered", "waiting"]


def test_whoever_was_relieved_is_out_of_the_call_for_good(floor: Floor) -> None:
    call_id, leg = talk(floor)
    emergency(floor, call_id)
    floor.hear(leg, LegNews.COMPLETED)
    floor.hire("Lea")
    beat(floor, "Ines")
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    floor.hear(floor.patient_leg(call_id), LegNews.COMPLETED)
    with floor.database.reading(ALL) as session:
        rows = session.execute(select(Agent.staff_id, Agent.status)).all()
    # Lea alone waits for the patient, who is rung back.
    assert {row[0]: str(row[1]) for row in rows} == {floor.staff["Ines"]: "wrap_up", floor.staff["Lea"]: "on_call"}
