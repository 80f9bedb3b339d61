"""A patient whose line drops while somebody waits for her is rung back; nobody is left alone on hold."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.errors import Conflict, ProviderError
from callcenter.routing.presence import enter_wrap_up
from callcenter.routing.strays import hang_up_strays
from callcenter.telephony.alarms import OpenAlarm, open_alarms
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.leaving import hang_up_call, leave_call
from callcenter.telephony.legs import mark_emergency, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.placing import stop_placing
from callcenter.telephony.ringing_back import RingingBack, ring_back_lost_patients, ringing_back
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds
from tests.floor import ALL, CALL, PATIENT, Floor

UNREACHABLE = ProviderError("the carrier cannot be reached", permanent=False)
REGULATOR = "+33261911544"


@pytest.fixture
def call_id(floor: Floor) -> int:
    """Ines talks with a patient."""
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    return call_id


@pytest.mark.parametrize("role", [LegRole.EMERGENCY, LegRole.PRACTITIONER])
def test_she_is_rung_back_into_the_same_room_and_the_conversation_goes_on(
    floor: Floor, call_id: int, role: LegRole
) -> None:
    bring_in(floor, call_id, role)

    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)

    assert floor.call(call_id).status == CallStatus.LOST
    assert [alarm.number for alarm in alarms(floor)] == [PATIENT]
    assert floor.status_of("Ines") == "on_call"
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.ended == []
    sweep(floor)
    sweep(floor)
    order = floor.provider.dialled[-1]
    assert (order["to"], order["label"], order["conference"]) == (PATIENT, "patient-2", f"call-{CALL}")
    assert len(floor.provider.dialled) == 3  # Ines, whom she called in, and the patient: once

    floor.hear(leg(floor, "patient-2").id, LegNews.RANG, LegNews.JOINED)

    assert floor.call(call_id).status == CallStatus.TALKING
    assert alarms(floor) == []


def test_why_she_could_not_be_rung_back_is_told(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id, LegRole.PRACTITIONER)  # no emergency: the stop switch holds
    with floor.database.unit_of_work(ALL) as session:
        stop_placing(session, reason="a bill that grows", staff_id=floor.staff["Ines"], at=floor.now)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    standing = standing_of(floor, call_id)
    assert standing is not None
    assert standing.failure == leg(floor, "patient-2").failure != ""


def test_three_tries_ten_seconds_apart_then_the_alarm_stands(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    for number in (2, 3, 4):
        sweep(floor)
        floor.hear(leg(floor, f"patient-{number}").id, LegNews.FAILED)
        floor.clock.advance(timedelta(seconds=9))
        sweep(floor)
        assert len(patients(floor)) == number
        floor.clock.advance(timedelta(seconds=1))
    floor.clock.advance(timedelta(minutes=1))
    sweep(floor)
    assert len(patients(floor)) == 4
    standing = standing_of(floor, call_id)
    assert standing is not None
    assert (standing.tries, standing.is_given_up) == (3, True)
    assert len(alarms(floor)) == 1
    assert floor.status_of("Ines") == "on_call"


def test_who_is_lost_again_is_rung_three_times_again(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    floor.hear(leg(floor, "patient-2").id, LegNews.JOINED, LegNews.COMPLETED)
    assert floor.call(call_id).status == CallStatus.LOST
    sweep(floor)
    standing = standing_of(floor, call_id)
    assert standing is not None
    assert (standing.tries, leg(floor, "patient-3").status) == (1, LegStatus.DIALLING)


def test_she_is_rung_where_she_said_she_can_be(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id)
    with floor.database.unit_of_work(ALL) as session:
        session.scalars(select(Call).where(Call.id == call_id)).one().callback_number = "+33639980001"
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    assert floor.provider.dialled[-1]["to"] == "+33639980001"


def test_a_withheld_number_cannot_be_rung_back_and_the_alarm_says_so(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring(from_number="anonymous")
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    assert len(floor.provider.dialled) == 2
    assert [alarm.number for alarm in alarms(floor)] == [None]
    standing = standing_of(floor, call_id)
    assert standing is not None
    assert (standing.number, standing.is_given_up) == (None, True)


def test_when_the_regulator_leaves_while_she_is_unreachable_the_call_is_over(floor: Floor, call_id: int) -> None:
    regulator = bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.hear(regulator.id, LegNews.COMPLETED)
    assert floor.call(call_id).status == CallStatus.ENDED
    assert alarms(floor) == []
    assert floor.status_of("Ines") == "wrap_up"
    sweep(floor)
    assert len(patients(floor)) == 1


def test_when_everybody_has_left_her_telephone_rings_no_longer(floor: Floor, call_id: int) -> None:
    regulator = bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    floor.hear(leg(floor, "patient-2").id, LegNews.RANG)
    floor.hear(regulator.id, LegNews.COMPLETED)
    assert floor.call(call_id).status == CallStatus.LOST  # Ines is still there for her
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    assert floor.call(call_id).status == CallStatus.ENDED
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert leg(floor, "patient-2").sid in floor.provider.hung_up


@pytest.mark.parametrize("line", ["not dialled", "not answered", "hung up"])
def test_in_an_emergency_she_is_rung_back_whether_or_not_a_line_is_on(floor: Floor, call_id: int, line: str) -> None:
    emergency(floor, call_id)
    if line != "not dialled":
        regulator = bring_in(floor, call_id, joins=line == "hung up")
        floor.hear(regulator.id, LegNews.COMPLETED if line == "hung up" else LegNews.FAILED)
    with floor.database.unit_of_work(ALL) as session:  # nothing stops what an emergency needs
        stop_placing(session, reason="a bill that grows", staff_id=floor.staff["Ines"], at=floor.now)

    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)

    assert (floor.call(call_id).status, floor.status_of("Ines")) == (CallStatus.LOST, "on_call")
    assert [alarm.number for alarm in alarms(floor)] == [PATIENT]
    sweep(floor)
    assert floor.provider.dialled[-1]["label"] == "patient-2"
    floor.hear(leg(floor, "patient-2").id, LegNews.JOINED)
    assert (floor.call(call_id).status, alarms(floor)) == (CallStatus.TALKING, [])


def test_an_emergency_without_its_patient_is_over_once_the_operator_has_left(floor: Floor, call_id: int) -> None:
    emergency(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    sweep(floor)
    assert (floor.call(call_id).status, floor.status_of("Ines"), alarms(floor)) == (CallStatus.ENDED, "wrap_up", [])
    assert leg(floor, "patient-2").sid in floor.provider.hung_up
    assert len(patients(floor)) == 2


@pytest.mark.parametrize("is_rung", [False, True])
def test_when_the_emergency_is_over_nobody_waits_for_a_patient_who_has_left(
    floor: Floor, call_id: int, is_rung: bool
) -> None:
    emergency(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    if is_rung:
        sweep(floor)
    emergency(floor, call_id, is_open=False)
    if is_rung:  # she may still pick up: whoever is there speaks with her
        assert floor.call(call_id).status == CallStatus.LOST
        floor.hear(leg(floor, "patient-2").id, LegNews.FAILED)
    assert (floor.call(call_id).status, floor.status_of("Ines"), alarms(floor)) == (CallStatus.ENDED, "wrap_up", [])
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.ended == [f"call-{CALL}"]


def test_an_emergency_that_begins_too_late_brings_no_ended_call_back(floor: Floor, call_id: int) -> None:
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    emergency(floor, call_id)
    floor.hear(leg(floor, "operator-1").id, LegNews.UNMUTED)
    assert floor.call(call_id).status == CallStatus.ENDED


def test_who_is_back_alone_waits_at_the_head_of_the_queue(floor: Floor, call_id: int) -> None:
    """Her telephone is picked up in the very second in which the others leave."""
    regulator = bring_in(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    floor.hear(regulator.id, LegNews.COMPLETED)
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    floor.hear(leg(floor, "patient-2").id, LegNews.JOINED)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.WAITING, "waiting")


def test_a_call_that_the_operator_ends_is_over_for_everybody(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id, joins=False)
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    sweep(floor)
    assert floor.call(call_id).status == CallStatus.ENDED
    assert {one["status"] for one in floor.rows(Leg)["leg"]} == {"left"}
    assert alarms(floor) == []
    assert len(patients(floor)) == 1
    assert leg(floor, "emergency-1").sid in floor.provider.hung_up  # it was not in the room yet, and rang


def test_after_taken_over_patient_and_regulator_stay_and_whoever_is_left_is_not_lost(
    floor: Floor, call_id: int
) -> None:
    regulator = bring_in(floor, call_id)
    assert leave_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    with floor.database.unit_of_work(ALL) as session:
        enter_wrap_up(session, floor.staff["Ines"], at=floor.now)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.TALKING, "answered")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    sweep(floor)
    assert floor.provider.dialled[-1]["label"] == "patient-2"
    floor.hear(leg(floor, "patient-2").id, LegNews.JOINED)
    assert floor.call(call_id).status == CallStatus.TALKING
    floor.hear(regulator.id, LegNews.COMPLETED)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.WAITING, "waiting")


def test_nobody_leaves_a_patient_alone_on_hold(floor: Floor, call_id: int) -> None:
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    with pytest.raises(Conflict, match="take her back first"):
        hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    with pytest.raises(Conflict, match="take her back first"):
        leave_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    assert floor.call(call_id).status == CallStatus.TALKING
    assert floor.provider.ended == floor.provider.hung_up == []
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=False)
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    assert floor.call(call_id).status == CallStatus.ENDED


def test_with_a_doctor_on_the_line_she_is_not_alone_on_hold(floor: Floor, call_id: int) -> None:
    bring_in(floor, call_id, LegRole.PRACTITIONER)
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    assert floor.call(call_id).status == CallStatus.ENDED


def test_an_operator_lost_during_a_hold_leaves_no_music_to_the_next(floor: Floor, call_id: int) -> None:
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    assert leg(floor, "patient").on_hold
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    assert floor.entry(call_id).requeue_at is not None
    floor.provider.refusing = UNREACHABLE
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    assert leg(floor, "patient").on_hold
    floor.provider.refusing = None
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    assert floor.provider.held == [(f"call-{CALL}", CALL, True), (f"call-{CALL}", CALL, False)]
    assert not leg(floor, "patient").on_hold


def test_a_telephone_given_up_that_is_picked_up_after_all_is_shown_then_hung_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    own = floor.accept("Ines")
    floor.clock.advance(timedelta(seconds=41))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert (leg(floor, "operator-1").status, floor.status_of("Ines")) == (LegStatus.FAILED, "break_")
    floor.provider.hung_up.clear()

    floor.hear(own.id, LegNews.JOINED)
    assert leg(floor, "operator-1").status == LegStatus.JOINED
    assert floor.entry(call_id).status == "waiting"
    hang_up_strays(floor.database, floor.provider, floor.clock)
    hang_up_strays(floor.database, floor.provider, floor.clock)

    assert floor.provider.hung_up == [floor.provider.dialled[0]["sid"]]
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (CallStatus.WAITING, "waiting")


def test_an_operator_on_her_call_is_no_stray(floor: Floor, call_id: int) -> None:
    hang_up_strays(floor.database, floor.provider, floor.clock)
    assert floor.provider.hung_up == []
    assert floor.call(call_id).status == CallStatus.TALKING


def test_a_telephone_that_turns_up_in_an_ended_call_is_hung_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    own = floor.accept("Ines")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.hung_up == [leg(floor, "operator-1").sid]
    assert floor.status_of("Ines") == "wrap_up"
    assert own.label == "operator-1"


def bring_in(floor: Floor, call_id: int, role: LegRole = LegRole.EMERGENCY, *, joins: bool = True) -> Leg:
    """Ines has a doctor or the regulator rung into her call."""
    with floor.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        wanted = want_leg(
            session, call, role=role, label=f"{role}-1", address=REGULATOR, staff_id=floor.staff["Ines"], at=floor.now
        )
    floor.dial(wanted)
    if joins:
        floor.hear(wanted.id, LegNews.JOINED)
    return wanted


def emergency(floor: Floor, call_id: int, *, is_open: bool = True) -> None:
    """Its card is opened, or closed."""
    with floor.database.unit_of_work(ALL) as session:
        mark_emergency(session, call_id, is_open=is_open, at=floor.now)


def sweep(floor: Floor) -> None:
    ring_back_lost_patients(floor.database, floor.provider, floor.clock, settings=floor.settings)


def alarms(floor: Floor) -> list[OpenAlarm]:
    with floor.database.reading(ALL) as session:
        return open_alarms(session)


def leg(floor: Floor, label: str) -> Leg:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Leg).where(Leg.label == label)).one()


def patients(floor: Floor) -> list[str]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Leg.label).where(Leg.role == LegRole.PATIENT).order_by(Leg.id)))


def standing_of(floor: Floor, call_id: int) -> RingingBack | None:
    with floor.database.reading(ALL) as session:
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        return ringing_back(call, session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all())
