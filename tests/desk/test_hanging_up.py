"""F8: whoever else is with a patient, or waits for her, goes on; nobody is hung up on by a key meant for another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound, ProviderError
from callcenter.core.scope import Practices
from callcenter.desk.card import CardState
from callcenter.desk.emergency import begin_relay, note_taken_over
from callcenter.desk.hanging_up import give_to_colleague, hang_up
from callcenter.routing.calling_back import take_callback
from callcenter.routing.models import AgentStatus, Callback, QueueEntryStatus, Reservation
from callcenter.routing.offers import accept_offer
from callcenter.routing.presence import take_break
from callcenter.routing.returning import give_back, rejoin_call
from callcenter.telephony.models import CallStatus, LegRole
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import lift_lonely_holds
from callcenter.telephony.transferring import Outsider, want_outsider
from tests.desk.test_transfers import ask, colleague, gestures, leg, state
from tests.floor import ALL, Floor
from tests.telephony.test_lost_patients import bring_in

DOCTOR = Outsider(LegRole.PRACTITIONER, "+33639980021", "Dr Lemoine")


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.hire("Ines", "Lea")
    return floor


@pytest.fixture
def call_id(floor: Floor) -> int:
    """A patient waits in her room; it rings for Ines."""
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    return call_id


def press(floor: Floor, name: str, call_id: int) -> None:
    staff_id = floor.staff[name]
    told = {"settings": floor.settings, "scope": Practices.of(1), "staff_id": staff_id}
    hang_up(floor.database, floor.provider, call_id, floor.clock, **told)  # type: ignore[arg-type]


def let_go(floor: Floor, name: str, call_id: int) -> bool:
    staff_id = floor.staff[name]
    return give_to_colleague(
        floor.database, floor.provider, call_id, floor.clock, scope=Practices.of(1), staff_id=staff_id
    )


def bring_in_doctor(floor: Floor, call_id: int) -> int:
    with floor.database.unit_of_work(ALL) as session:
        wanted = want_outsider(session, floor.call(call_id), DOCTOR, staff_id=floor.staff["Ines"], at=floor.now)
    floor.dial(wanted)
    return wanted.id


def is_with(floor: Floor, name: str) -> tuple[str, int | None]:
    agent = floor.agent(name)
    return agent.status, agent.call_id


def test_whose_telephone_still_rings_leaves_the_patient_to_a_colleague(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.RANG)
    assert state(floor, "Ines") is CardState.CONNECTING
    press(floor, "Ines", call_id)
    assert floor.provider.hung_up == [leg(floor, "operator-1").sid]
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.WAITING, QueueEntryStatus.WAITING)
    # She has heard nothing that she could wrap up.
    assert is_with(floor, "Ines") == (AgentStatus.AVAILABLE, None)
    assert floor.status_of("Lea") == AgentStatus.RESERVED
    with pytest.raises(NotFound):
        press(floor, "Ines", call_id)
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    assert floor.call(call_id).status == CallStatus.TALKING


def test_alone_on_the_floor_she_is_not_rung_at_once_by_what_she_has_just_left(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        take_break(session, floor.staff["Lea"], at=floor.now)
    floor.hear(floor.accept("Ines").id, LegNews.RANG)
    press(floor, "Ines", call_id)
    assert (floor.entry(call_id).status, floor.status_of("Ines")) == (QueueEntryStatus.WAITING, AgentStatus.AVAILABLE)


def test_a_telephone_that_the_carrier_was_not_told_of_yet_does_not_ring_any_more(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        offer = session.scalars(select(Reservation)).one()
        wanted = accept_offer(session, offer.id, staff_id=floor.staff["Ines"], at=floor.now)
    press(floor, "Ines", call_id)
    floor.dial(wanted)
    assert floor.provider.dialled == []
    assert (is_with(floor, "Ines"), floor.status_of("Lea")) == ((AgentStatus.AVAILABLE, None), AgentStatus.RESERVED)


def test_while_the_carrier_is_out_of_reach_nothing_changes(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.RANG)
    floor.provider.refusing = ProviderError("no", permanent=False)
    with pytest.raises(Conflict):
        press(floor, "Ines", call_id)
    floor.provider.refusing = None
    floor.hear(leg(floor, "operator-1").id, LegNews.JOINED)
    assert state(floor, "Ines") is CardState.TALKING


def test_whose_telephone_has_come_in_meanwhile_is_not_taken_out_by_a_key_meant_for_its_ringing(
    floor: Floor, call_id: int
) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    assert not let_go(floor, "Ines", call_id)
    assert (state(floor, "Ines"), floor.provider.hung_up) == (CardState.TALKING, [])


def test_who_was_asked_in_and_does_not_come_leaves_the_patient_where_she_is(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.RANG)
    floor.clock.advance(timedelta(seconds=5))
    press(floor, "Lea", call_id)
    assert is_with(floor, "Lea") == (AgentStatus.AVAILABLE, None)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.TALKING, QueueEntryStatus.ANSWERED)
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    assert state(floor, "Ines") is CardState.TALKING


@pytest.mark.parametrize("leave", [press, let_go])
def test_whose_telephone_rings_again_does_not_leave_patient_and_regulator_to_themselves(
    floor: Floor, call_id: int, leave: Callable[[Floor, str, int], object]
) -> None:
    dropped = floor.accept("Ines")
    floor.hear(dropped.id, LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        begin_relay(session, floor.call(call_id), staff_id=floor.staff["Ines"], at=floor.now)
    bring_in(floor, call_id)
    floor.hear(dropped.id, LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        again = rejoin_call(session, call_id, staff_id=floor.staff["Ines"], at=floor.now)
    floor.dial(again)
    floor.hear(again.id, LegNews.RANG)
    with pytest.raises(Conflict, match="taken over"):
        leave(floor, "Ines", call_id)
    assert (is_with(floor, "Ines"), floor.provider.hung_up) == ((AgentStatus.ON_CALL, call_id), [])
    with floor.database.unit_of_work(ALL) as session:
        note_taken_over(session, call_id, staff_id=floor.staff["Ines"], at=floor.now + timedelta(seconds=30))
    leave(floor, "Ines", call_id)
    assert is_with(floor, "Ines") == (AgentStatus.WRAP_UP, call_id)


def test_a_call_of_ours_whose_patient_was_not_rung_yet_is_over_and_stays_owed(floor: Floor, call_id: int) -> None:
    floor.clock.advance(timedelta(seconds=20))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        owed = session.scalars(select(Callback)).one()
        wanted = take_callback(session, owed.id, staff_id=floor.staff["Ines"], at=floor.now)
    floor.dial(wanted)
    floor.hear(wanted.id, LegNews.RANG)
    assert not let_go(floor, "Ines", wanted.call_id)
    press(floor, "Ines", wanted.call_id)
    assert floor.call(wanted.call_id).status == CallStatus.ENDED
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(Callback.status)).one() == "open"


def test_a_doctor_who_leaves_in_the_instant_before_takes_the_key_with_him(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    doctor = bring_in_doctor(floor, call_id)
    floor.hear(doctor, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(doctor, LegNews.COMPLETED)
    floor.clock.advance(timedelta(milliseconds=700))
    press(floor, "Ines", call_id)
    assert (floor.call(call_id).status, floor.provider.ended) == (CallStatus.TALKING, [])
    floor.clock.advance(timedelta(milliseconds=400))
    press(floor, "Ines", call_id)
    assert floor.call(call_id).status == CallStatus.ENDED


def test_the_key_that_sends_somebody_away_pressed_twice_leaves_the_patient_there(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    bring_in_doctor(floor, call_id)
    floor.clock.advance(timedelta(seconds=5))
    gestures(floor, "Ines", call_id).send_away()
    press(floor, "Ines", call_id)
    assert floor.call(call_id).status == CallStatus.TALKING
    floor.clock.advance(timedelta(seconds=5))
    ask(floor, call_id, "Ines", colleague(floor, "Lea"), nth=2)
    gestures(floor, "Ines", call_id).send_away()
    press(floor, "Ines", call_id)
    assert (state(floor, "Ines"), floor.call(call_id).status) == (CardState.TALKING, CallStatus.TALKING)


def test_a_guest_who_leaves_as_her_colleague_does_keeps_the_patient(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    gestures(floor, "Ines", call_id).join_all()
    gestures(floor, "Ines", call_id).pass_on()
    press(floor, "Lea", call_id)
    assert (state(floor, "Lea"), floor.call(call_id).status) == (CardState.TALKING, CallStatus.TALKING)


def test_a_colleague_who_is_sent_away_is_out_of_the_call(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=5))
    gestures(floor, "Ines", call_id).send_away()
    assert is_with(floor, "Lea") == (AgentStatus.WRAP_UP, call_id)
    with pytest.raises(NotFound), floor.database.unit_of_work(ALL) as session:
        rejoin_call(session, call_id, staff_id=floor.staff["Lea"], at=floor.now)
    assert (state(floor, "Ines"), floor.entry(call_id).requeue_at) == (CardState.TALKING, None)


def test_a_colleague_who_is_sent_away_before_she_came_in_has_nothing_to_wrap_up(floor: Floor, call_id: int) -> None:
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.RANG)
    floor.clock.advance(timedelta(seconds=5))
    gestures(floor, "Ines", call_id).send_away()
    assert is_with(floor, "Lea") == (AgentStatus.AVAILABLE, None)
    assert state(floor, "Ines") is CardState.TALKING
    # Should the patient come to wait again, she may be asked like everybody.
    floor.clock.advance(timedelta(seconds=1))
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    with floor.database.unit_of_work(ALL) as session:
        assert give_back(session, call_id, staff_id=floor.staff["Ines"], at=floor.now)
    assert floor.status_of("Lea") == AgentStatus.RESERVED
