"""What puts a caller before others who came earlier, on both databases and on every way into the queue."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.directory.models import PracticeLine
from callcenter.routing.arrival import admit_call, find_lost_caller, receive_call
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.choice import SIDE_BY_SIDE
from callcenter.routing.models import Callback, CallbackReason, CallbackStatus
from callcenter.telephony.models import CallHandling
from callcenter.telephony.outbound import open_outbound_call
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, PATIENT, Floor

SECOND, THIRD, FOURTH = ("CA" + letter * 32 for letter in "bcd")


def stands(floor: Floor, call_id: int) -> tuple[int, str]:
    entry = floor.entry(call_id)
    return entry.priority, entry.priority_reason


def try_and_hang_up(floor: Floor, sid: str, *, from_number: str = PATIENT) -> None:
    floor.hear(floor.patient_leg(floor.ring(sid, from_number=from_number)), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(minutes=4))


def owe(floor: Floor, status: CallbackStatus, *, number: str = PATIENT) -> None:
    lost = floor.ring(FOURTH, from_number="+33639981599")
    with floor.database.unit_of_work(ALL) as session:
        practice_id = floor.call(lost).practice_id
        owed = Callback(
            practice_id=practice_id,
            number=number,
            reason=CallbackReason.ABANDONED,
            status=status,
            call_id=lost,
            opened_at=floor.now,
            not_before=floor.now,
        )
        session.add(owed)


def make_priority_line(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).where(PracticeLine.number == LINE).values(is_priority=True))


def test_an_ordinary_caller_stands_where_she_came(floor: Floor) -> None:
    assert stands(floor, floor.ring()) == (0, "")


def test_the_caller_of_a_priority_line_stands_before_others(floor: Floor) -> None:
    make_priority_line(floor)
    assert stands(floor, floor.ring()) == (1, "line")


def test_a_flood_on_a_priority_line_stands_before_nobody(floor: Floor) -> None:
    make_priority_line(floor)
    calls = [floor.ring(f"CA{number:032x}", from_number=f"+3363998{number:04d}") for number in range(SIDE_BY_SIDE + 2)]
    assert [stands(floor, call_id)[1] for call_id in calls] == ["line"] * SIDE_BY_SIDE + ["", ""]


def test_the_third_try_within_twenty_minutes_stands_before_others(floor: Floor) -> None:
    try_and_hang_up(floor, CALL)
    try_and_hang_up(floor, SECOND)
    assert stands(floor, floor.ring(THIRD)) == (1, "repeated")


def test_the_second_try_does_not_nor_one_of_half_an_hour_ago(floor: Floor) -> None:
    try_and_hang_up(floor, CALL)
    assert stands(floor, floor.ring(SECOND)) == (0, "")
    floor.hear(floor.patient_leg(floor.call(2).id), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(minutes=17))
    assert stands(floor, floor.ring(THIRD)) == (0, "")


def test_callers_who_withhold_their_number_are_not_taken_for_one(floor: Floor) -> None:
    try_and_hang_up(floor, CALL, from_number="anonymous")
    try_and_hang_up(floor, SECOND, from_number="anonymous")
    assert stands(floor, floor.ring(THIRD, from_number="anonymous")) == (0, "")


def test_many_telephones_of_one_number_pass_nobody(floor: Floor) -> None:
    """A machine that rings without hanging up, or the one number of a whole hospital."""
    try_and_hang_up(floor, CALL)
    try_and_hang_up(floor, SECOND)
    assert stands(floor, floor.ring(THIRD)) == (1, "repeated")
    assert stands(floor, floor.ring(FOURTH)) == (0, "")


@pytest.mark.parametrize("status", [CallbackStatus.OPEN, CallbackStatus.TAKEN])
def test_who_is_owed_a_call_stands_before_others(floor: Floor, status: CallbackStatus) -> None:
    owe(floor, status)
    assert stands(floor, floor.ring()) == (1, "promised")


@pytest.mark.parametrize(("status", "number"), [(CallbackStatus.DONE, PATIENT), (CallbackStatus.OPEN, "+33639981500")])
def test_a_call_that_was_given_back_or_is_owed_to_another_counts_for_nothing(
    floor: Floor, status: CallbackStatus, number: str
) -> None:
    owe(floor, status, number=number)
    assert stands(floor, floor.ring()) == (0, "")


@pytest.mark.parametrize("way", ["queue", "gate"])
def test_who_asked_to_be_rung_back_and_rings_herself_stands_where_she_stood(floor: Floor, way: str) -> None:
    first = floor.ring(CALL)
    joined_at = floor.now
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, first, at=floor.now)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(minutes=3))
    handling = CallHandling.QUEUE if way == "queue" else CallHandling.GATED
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(session, sid=SECOND, to_number=LINE, from_number=PATIENT, at=floor.now, handling=handling)
        assert call is not None
        if way == "gate":
            assert admit_call(session, SECOND, urgent=True, at=floor.now)
    hers = floor.entry(call.call_id)
    assert stands(floor, call.call_id) == (1, "promised")
    assert (hers.joined_at, hers.overflowed_at, hers.urgent) == (joined_at, floor.now, way == "gate")


def test_her_third_try_counts_although_an_operator_rings_her_back(floor: Floor) -> None:
    """A call of ours is none of her telephones."""
    try_and_hang_up(floor, CALL)
    try_and_hang_up(floor, SECOND)
    with floor.database.unit_of_work(ALL) as session:
        practice_id, line_id = session.execute(select(PracticeLine.practice_id, PracticeLine.id)).one()
        open_outbound_call(session, practice_id=practice_id, line_id=line_id, number=PATIENT, at=floor.now)
        session.execute(update(Callback).values(status=CallbackStatus.UNREACHED))
    assert stands(floor, floor.ring(THIRD)) == (1, "repeated")


def test_the_gate_leads_to_the_same_place(floor: Floor) -> None:
    try_and_hang_up(floor, CALL)
    try_and_hang_up(floor, SECOND)
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(
            session, sid=THIRD, to_number=LINE, from_number=PATIENT, at=floor.now, handling=CallHandling.GATED
        )
        assert call is not None
    with floor.database.unit_of_work(ALL) as session:
        assert admit_call(session, THIRD, urgent=False, at=floor.now)
    assert stands(floor, call.call_id) == (1, "repeated")


def test_so_does_the_room_in_which_a_lost_caller_is_found(floor: Floor) -> None:
    make_priority_line(floor)
    with floor.database.unit_of_work(ALL) as session:
        call = find_lost_caller(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now)
        assert call is not None
    assert stands(floor, call.call_id) == (1, "line")


def test_who_was_only_noted_and_is_heard_in_her_room_too(floor: Floor) -> None:
    make_priority_line(floor)
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(
            session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now, handling=CallHandling.FALLBACK
        )
        assert call is not None
    floor.hear(floor.patient_leg(call.call_id), LegNews.JOINED)
    assert stands(floor, call.call_id) == (1, "line")


def test_an_emergency_comes_before_a_priority_and_that_before_an_earlier_caller(floor: Floor) -> None:
    first = floor.ring("CA" + "0" * 32, from_number="+33639981501")
    make_priority_line(floor)
    with floor.database.unit_of_work(ALL) as session:
        gated = receive_call(
            session,
            sid=SECOND,
            to_number=LINE,
            from_number="+33639981502",
            at=floor.now,
            handling=CallHandling.GATED,
        )
        assert gated is not None
    priority = floor.ring(CALL)
    with floor.database.unit_of_work(ALL) as session:
        assert admit_call(session, SECOND, urgent=True, at=floor.now)
    order = []
    for name in ("Ines", "Lea", "Maud"):
        floor.hire(name)
        order.append(floor.accept(name).call_id)
    assert order == [gated.call_id, priority, first]
