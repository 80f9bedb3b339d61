"""What a wrap-up proposes to who left the patient with somebody she had asked in, and to who did not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenter.desk.card import CardState
from callcenter.desk.models import DispositionCode
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.state import LegNews
from tests.desk.test_transfers import (
    ask,
    ask_doctor,
    card,
    colleague,
    doctor,
    gestures,
    laboratory,
    leg,
    pass_on_to_doctor,
)
from tests.desk.test_transfers import call_id as call_id
from tests.desk.test_transfers import floor as floor
from tests.floor import Floor

PUT_THROUGH = DispositionCode.PUT_THROUGH


def likely(floor: Floor, name: str = "Ines") -> DispositionCode | None:
    """What her wrap-up proposes."""
    found = card(floor, name)
    assert found.state is CardState.WRAP_UP
    return found.likely


def test_passed_on_to_a_doctor_it_is_put_through_also_once_they_have_hung_up(floor: Floor, call_id: int) -> None:
    pass_on_to_doctor(floor, call_id)
    assert likely(floor) is PUT_THROUGH
    floor.clock.advance(timedelta(minutes=2))
    floor.hear(leg(floor, "practitioner-1").id, LegNews.COMPLETED)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert likely(floor) is PUT_THROUGH


@pytest.mark.parametrize("whom", [laboratory, doctor, lambda floor: colleague(floor, "Lea")])
def test_put_through_blindly_it_is_too(floor: Floor, call_id: int, whom) -> None:  # type: ignore[no-untyped-def]
    ask(floor, call_id, "Ines", whom(floor), leaves=True)
    assert likely(floor) is PUT_THROUGH


def test_passed_on_to_a_colleague_it_is_hers_who_passed_it_on(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    gestures(floor, "Ines", call_id).join_all()
    gestures(floor, "Ines", call_id).pass_on()
    assert likely(floor) is PUT_THROUGH
    floor.clock.advance(timedelta(minutes=2))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert likely(floor, "Lea") is None
    assert likely(floor) is PUT_THROUGH


def test_a_doctor_who_was_only_consulted_is_no_transfer(floor: Floor, call_id: int) -> None:
    ask_doctor(floor, call_id)
    floor.hear(leg(floor, "practitioner-1").id, LegNews.RANG, LegNews.JOINED)
    gestures(floor, "Ines", call_id).send_away()
    floor.hear(leg(floor, "practitioner-1").id, LegNews.COMPLETED)
    floor.clock.advance(timedelta(seconds=5))
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    assert likely(floor) is None


def test_a_patient_who_hangs_up_while_all_three_speak_was_not_passed_on(floor: Floor, call_id: int) -> None:
    ask_doctor(floor, call_id)
    floor.hear(leg(floor, "practitioner-1").id, LegNews.RANG, LegNews.JOINED)
    gestures(floor, "Ines", call_id).join_all()
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(seconds=1))
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    assert likely(floor) is None
