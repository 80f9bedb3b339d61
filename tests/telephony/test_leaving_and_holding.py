"""Hanging up and holding, with a carrier that may fail."""

from datetime import timedelta

import pytest

from callcenter.core.errors import Conflict, ProviderError
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.legs import mark_emergency, want_leg
from callcenter.telephony.models import CallStatus, Leg, LegRole
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds
from tests.fakes import FakeProvider
from tests.floor import ALL, CALL, Floor

UNREACHABLE = ProviderError("the carrier cannot be reached", permanent=False)
SILENT = ProviderError("no answer", permanent=False, unknown=True)


@pytest.fixture
def call_id(floor: Floor) -> int:
    """Ines talks with a patient."""
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    return call_id


def test_hanging_up_ends_the_call_for_everybody(floor: Floor, call_id: int) -> None:
    hang_up_call(floor.database, floor.provider, call_id, floor.clock)
    call = floor.call(call_id)
    assert (call.status, call.ended_at, call.closed_at) == (CallStatus.ENDED, floor.now, floor.now)
    assert floor.provider.ended == [f"call-{CALL}"]
    assert floor.status_of("Ines") == "wrap_up"
    assert {leg["status"] for leg in floor.rows(Leg)["leg"]} == {"left"}


def test_a_hang_up_that_the_carrier_missed_is_told_again(floor: Floor, call_id: int) -> None:
    floor.provider.refusing = UNREACHABLE
    hang_up_call(floor.database, floor.provider, call_id, floor.clock)
    assert floor.call(call_id).closed_at is None
    floor.provider.refusing = None
    close_ended_calls(floor.database, floor.provider, floor.clock)
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.ended == [f"call-{CALL}"]
    assert floor.call(call_id).closed_at == floor.now


def test_an_operator_left_alone_by_the_patient_is_let_go(floor: Floor, call_id: int) -> None:
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert floor.status_of("Ines") == "wrap_up"
    assert floor.call(call_id).closed_at is None
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.ended == [f"call-{CALL}"]


def test_a_patient_who_left_alone_needs_nothing_from_the_carrier(floor: Floor) -> None:
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED, LegNews.HUNG_UP)
    assert floor.call(call_id).closed_at == floor.now
    assert floor.entry(call_id).status == "abandoned"


def test_hold_is_shown_once_the_carrier_did_it(floor: Floor, call_id: int) -> None:
    floor.provider.refusing = UNREACHABLE
    with pytest.raises(Conflict):
        hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    assert [leg["on_hold"] for leg in floor.rows(Leg)["leg"]] == [False, False]
    floor.provider.refusing = None
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    assert floor.provider.held == [(f"call-{CALL}", CALL, True)]
    assert floor.rows(Leg)["leg"][0]["held_at"] == floor.now
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=False)
    assert floor.rows(Leg)["leg"][0]["held_at"] is None


@pytest.mark.parametrize("is_swept", [False, True])
def test_an_emergency_that_begins_while_the_carrier_is_told_of_a_hold_leaves_no_music(
    floor: Floor, call_id: int, is_swept: bool
) -> None:
    """F12 saw nobody on hold, for that was not so yet, and took nobody back."""

    class BegunMeanwhile(FakeProvider):
        def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
            if is_swept and not on_hold:
                raise UNREACHABLE
            super().set_hold(conference, sid, on_hold)
            if on_hold:
                begin_emergency(floor, call_id)

    carrier = BegunMeanwhile()
    with pytest.raises(Conflict, match="emergency"):
        hold_patient(floor.database, carrier, call_id, floor.clock, on_hold=True)
    if is_swept:
        assert floor.rows(Leg)["leg"][0]["on_hold"]
        lift_lonely_holds(floor.database, floor.provider, floor.clock)
    held = floor.provider.held if is_swept else carrier.held
    assert held[-1] == (f"call-{CALL}", CALL, False)
    assert not floor.rows(Leg)["leg"][0]["on_hold"]


def test_nobody_is_held_in_an_emergency_before_its_line_is_dialled(floor: Floor, call_id: int) -> None:
    begin_emergency(floor, call_id)
    with pytest.raises(Conflict, match="emergency"):
        hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    assert floor.provider.held == []


def test_nobody_is_held_while_the_emergency_line_listens(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        leg = want_leg(
            session,
            floor.call(call_id),
            role=LegRole.EMERGENCY,
            label="emergency-1",
            address="+33199001515",
            staff_id=floor.staff["Ines"],
            at=floor.now,
        )
    floor.dial(leg)
    floor.hear(leg.id, LegNews.JOINED)
    with pytest.raises(Conflict):
        hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    assert floor.provider.held == []


def test_the_patient_stays_with_the_emergency_line_when_the_operators_telephone_is_lost(
    floor: Floor, call_id: int
) -> None:
    with floor.database.unit_of_work(ALL) as session:
        emergency = want_leg(
            session,
            floor.call(call_id),
            role=LegRole.EMERGENCY,
            label="emergency-1",
            address="+33199001515",
            staff_id=floor.staff["Ines"],
            at=floor.now,
        )
    floor.dial(emergency)
    floor.hear(emergency.id, LegNews.JOINED)
    [own] = [leg["id"] for leg in floor.rows(Leg)["leg"] if leg["role"] == "operator"]
    floor.hear(own, LegNews.LEFT)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.TALKING, "answered")
    floor.hear(emergency.id, LegNews.LEFT)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.WAITING, "answered")
    assert floor.entry(call_id).requeue_at is not None  # Ines may come back to her


def test_a_telephone_that_was_perhaps_not_dialled_is_dialled_again_then_given_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.provider.refusing = SILENT
    floor.accept("Ines")
    floor.provider.refusing = None
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.provider.dialled == []  # the gesture may still be on its way
    floor.clock.advance(timedelta(seconds=5))
    for _ in range(2):
        dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert len(floor.provider.dialled) == 1
    floor.clock.advance(timedelta(seconds=40))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.entry(call_id).status == "waiting"
    assert floor.provider.hung_up == [floor.provider.dialled[0]["sid"]]


def test_a_refused_repeat_takes_nobody_out_of_a_conversation(floor: Floor) -> None:
    """The first order got through unheard: her telephone is picked up while the carrier is asked again, and refuses."""
    floor.hire("Ines")
    call_id = floor.ring()
    floor.provider.refusing = SILENT
    leg = floor.accept("Ines")
    floor.clock.advance(timedelta(seconds=5))

    class PickedUpMeanwhile(FakeProvider):
        def dial_into_conference(self, **_: str) -> str:  # type: ignore[override]
            floor.hear(leg.id, LegNews.JOINED)
            raise UNREACHABLE

    dial_forgotten_legs(floor.database, PickedUpMeanwhile(), floor.clock, settings=floor.settings)
    assert floor.call(call_id).status == CallStatus.TALKING
    assert floor.status_of("Ines") == "on_call"


def begin_emergency(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        mark_emergency(session, call_id, is_open=True, at=floor.now)
