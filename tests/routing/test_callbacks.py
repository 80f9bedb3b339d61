"""Callers who are owed a call: once each, closed by themselves when somebody speaks with them, rung back by day."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import Conflict, NotFound
from callcenter.directory.models import Staff
from callcenter.routing.callbacks import callbacks_owed, promise_callback
from callcenter.routing.calling_back import rest_at_night, take_callback
from callcenter.routing.models import Callback, QueueEntry, Reservation
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.models import Call, CallDirection, Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, PATIENT, Floor


def lose(floor: Floor, sid: str = CALL, *, after: float = 8, from_number: str = PATIENT) -> int:
    """A caller waits in vain and hangs up."""
    call_id = floor.ring(sid, from_number=from_number)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=after))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    return call_id


def owed(floor: Floor) -> list[Callback]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


def take(floor: Floor, callback_id: int, name: str) -> Leg:
    with floor.database.unit_of_work(ALL) as session:
        leg = take_callback(session, callback_id, staff_id=floor.staff[name], at=floor.now)
    floor.dial(leg)
    return leg


def patient_of(floor: Floor, call_id: int) -> Leg:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT)).one()


def sid(number: int) -> str:
    return f"CA{number:032x}"


def test_a_caller_who_waits_in_vain_is_owed_one_call_however_often_she_tries(floor: Floor) -> None:
    first = lose(floor, sid(1))
    lost_at = floor.now
    last = [lose(floor, sid(number)) for number in (2, 3)][-1]
    [one] = owed(floor)
    assert (one.number, one.losses, one.opened_at, one.call_id) == (PATIENT, 3, lost_at, last)
    assert first != last


def test_who_hangs_up_at_once_or_hides_her_number_is_owed_nothing(floor: Floor) -> None:
    lose(floor, sid(1), after=5)
    lose(floor, sid(2), from_number="anonymous")
    assert owed(floor) == []


def test_it_is_done_as_soon_as_somebody_speaks_with_her(floor: Floor) -> None:
    lose(floor, sid(1))
    floor.hire("Ines")
    again = floor.ring(sid(2))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    leg = floor.accept("Ines")
    assert owed(floor)[0].status == "open"
    floor.hear(leg.id, LegNews.JOINED)
    assert owed(floor)[0].status == "done"


def test_a_loss_heard_of_after_she_got_through_owes_nothing(floor: Floor) -> None:
    lost = floor.ring(sid(1))
    floor.hear(floor.patient_leg(lost), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=30))
    floor.hire("Ines", "Camille")  # the first call rings at one of them, the second at the other
    again = floor.ring(sid(2))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    leg = floor.accept("Camille")
    assert leg.call_id == again
    floor.hear(leg.id, LegNews.JOINED)
    floor.hear(floor.patient_leg(lost), LegNews.HUNG_UP)
    assert owed(floor) == []


def test_her_own_telephone_is_rung_first_and_the_patients_once_she_is_there(floor: Floor) -> None:
    lose(floor)
    floor.hire("Ines")
    leg = take(floor, owed(floor)[0].id, "Ines")
    assert [one["to"] for one in floor.provider.dialled] == ["client:ines"]
    assert floor.call(leg.call_id).status == "waiting"
    floor.hear(leg.id, LegNews.JOINED)
    patient = patient_of(floor, leg.call_id)
    assert (patient.address, patient.status, floor.call(leg.call_id).status) == (PATIENT, "wanted", "talking")
    floor.dial(patient)
    floor.hear(patient.id, LegNews.RANG)
    assert (floor.status_of("Ines"), owed(floor)[0].status) == ("on_call", "taken")
    floor.hear(patient.id, LegNews.JOINED)
    assert (owed(floor)[0].status, floor.call(leg.call_id).status) == ("done", "talking")
    floor.hear(patient.id, LegNews.COMPLETED)
    assert (floor.call(leg.call_id).status, floor.status_of("Ines")) == ("ended", "wrap_up")
    assert [one.status for one in owed(floor)] == ["done"]  # her hanging up after that owes nothing new


@pytest.mark.parametrize("first_name", ["Ines", ""])
def test_whoever_comes_second_hears_who_rings_her_back(floor: Floor, first_name: str) -> None:
    lose(floor)
    floor.hire("Ines", "Lea")
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).where(Staff.name == "Ines").values(first_name=first_name))
    take(floor, owed(floor)[0].id, "Ines")
    with pytest.raises(Conflict) as refused:
        take(floor, owed(floor)[0].id, "Lea")
    assert refused.value.values == {"name": "Ines"}  # by her name, where no first name is kept


def test_three_tries_ten_minutes_apart_then_a_supervisor_must_know(floor: Floor) -> None:
    lose(floor)
    for number in (1, 2, 3):
        floor.hire(f"Ines{number}")
        leg = take(floor, owed(floor)[0].id, f"Ines{number}")
        floor.hear(leg.id, LegNews.JOINED)
        patient = patient_of(floor, leg.call_id)
        floor.dial(patient)
        floor.hear(patient.id, LegNews.FAILED)
        assert floor.call(leg.call_id).status == "ended"
        [one] = owed(floor)
        assert one.attempts == number
        expected = ("unreached", floor.now) if number == 3 else ("open", floor.now + timedelta(minutes=10))
        assert (one.status, one.not_before) == expected
        if number < 3:
            with pytest.raises(Conflict, match="Nobody answered a moment ago"):
                take(floor, one.id, f"Ines{number}")
            floor.clock.advance(timedelta(minutes=10))


def test_an_operator_who_hangs_up_before_the_patient_was_rung_uses_up_no_try(floor: Floor) -> None:
    lose(floor)
    floor.hire("Ines")
    leg = take(floor, owed(floor)[0].id, "Ines")
    hang_up_call(floor.database, floor.provider, leg.call_id, floor.clock)
    assert floor.call(leg.call_id).status == "ended"
    [one] = owed(floor)
    assert (one.status, one.attempts, one.taken_by) == ("open", 0, None)
    assert [one["to"] for one in floor.provider.dialled] == ["client:ines"]  # nobody rang the patient
    # And it can be taken again.
    floor.hire("Camille")
    assert take(floor, one.id, "Camille").call_id != leg.call_id


def test_the_second_operator_is_told_who_rings_and_a_repeat_is_the_same_call(floor: Floor) -> None:
    lose(floor)
    floor.hire("Ines", "Camille")
    [one] = owed(floor)
    leg = take(floor, one.id, "Ines")
    assert take(floor, one.id, "Ines").id == leg.id
    with pytest.raises(Conflict) as refused:
        take(floor, one.id, "Camille")
    assert refused.value.values == {"name": "Ines"}
    with pytest.raises(NotFound):
        take(floor, 999, "Camille")
    assert len(floor.rows(Call)["call"]) == 2


def test_nobody_is_rung_back_at_night(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=11))  # 20 h in Paris
    lose(floor)
    floor.hire("Ines")
    with pytest.raises(Conflict, match="between 8 and 20"):
        take(floor, owed(floor)[0].id, "Ines")
    assert [one.status for one in owed(floor)] == ["open"]


def test_a_promised_caller_keeps_her_place_and_goes_before_who_came_later(floor: Floor) -> None:
    first, second = floor.ring(sid(1)), floor.ring(sid(2), from_number="+33639981473")
    for call_id in (first, second):
        floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    joined_at = floor.entry(first).joined_at
    floor.clock.advance(timedelta(seconds=70))
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, first, at=floor.now)
        assert not promise_callback(session, first, at=floor.now)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    [one] = owed(floor)
    assert (one.reason, one.losses, floor.entry(first).status) == ("asked", 0, "callback")
    place = floor.entry(one.outbound_call_id or 0)
    assert (place.status, place.joined_at, place.priority_reason) == ("waiting", joined_at, "promised")
    floor.hire("Ines")
    leg = floor.accept("Ines")
    assert leg.call_id == one.outbound_call_id
    assert owed(floor)[0].status == "taken"


def test_who_calls_again_instead_of_waiting_to_be_rung_is_not_rung_any_more(floor: Floor) -> None:
    first = floor.ring(sid(1))
    floor.hear(floor.patient_leg(first), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        promise_callback(session, first, at=floor.now)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    promised, place = owed(floor)[0].outbound_call_id or 0, floor.entry(first)
    floor.clock.advance(timedelta(seconds=70))
    later = floor.ring(sid(9), from_number="+33639981499")
    floor.clock.advance(timedelta(seconds=70))
    again = floor.ring(sid(2))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    # She stands where the call of ours stood, which is over: it would find her engaged.
    hers = floor.entry(again)
    assert (hers.status, hers.priority_reason, hers.joined_at) == ("waiting", "promised", place.joined_at)
    assert (floor.call(promised).status, owed(floor)[0].status, owed(floor)[0].outbound_call_id) == (
        "ended",
        "open",
        None,
    )
    floor.hire("Ines", "Camille")
    offered = [row["call_id"] for row in floor.rows(Reservation)["reservation"]]
    assert offered == [again, later]
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    assert [one.status for one in owed(floor)] == ["done"]
    assert [one["to"] for one in floor.provider.dialled] == ["client:ines"]


def test_who_redials_while_the_promise_rings_at_an_operator_is_offered_instead(floor: Floor) -> None:
    first = floor.ring(sid(1))
    floor.hear(floor.patient_leg(first), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).values(urgent=True, ahead=3))
        promise_callback(session, first, at=floor.now)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    floor.hire("Ines")
    again = floor.ring(sid(2))
    offered = [(row["call_id"], row["status"]) for row in floor.rows(Reservation)["reservation"]]
    assert offered == [(owed_place(floor, first), "canceled"), (again, "pending")]
    assert (floor.entry(again).urgent, floor.entry(again).ahead) == (True, 3)


def test_who_redials_and_gives_up_again_is_rung_back_at_her_old_place(floor: Floor) -> None:
    first = floor.ring(sid(1))
    floor.hear(floor.patient_leg(first), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        promise_callback(session, first, at=floor.now)
    joined_at = floor.now
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    for number in (2, 3):
        floor.clock.advance(timedelta(minutes=2))
        again = floor.ring(sid(number))
        floor.hear(floor.patient_leg(again), LegNews.JOINED)
        assert owed(floor)[0].outbound_call_id is None
        floor.clock.advance(timedelta(seconds=30))
        floor.hear(floor.patient_leg(again), LegNews.HUNG_UP, LegNews.HUNG_UP)
        assert floor.entry(again).status == "abandoned"
        [one] = owed(floor)
        assert (one.status, one.reason, one.opened_at, one.losses) == ("open", "asked", joined_at, number - 1)
        place = floor.entry(one.outbound_call_id or 0)
        assert (place.status, place.priority_reason, place.joined_at) == ("waiting", "promised", joined_at)
    floor.hire("Ines")
    assert floor.accept("Ines").call_id == owed(floor)[0].outbound_call_id


def test_nobody_rings_a_number_whose_other_call_still_waits(floor: Floor) -> None:
    first = floor.ring(sid(1))
    floor.hear(floor.patient_leg(first), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        promise_callback(session, first, at=floor.now)
    joined_at = floor.now
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(minutes=2))
    again, beside = floor.ring(sid(2)), floor.ring(sid(3))  # two telephones of her household
    for call_id in (again, beside):
        floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(floor.patient_leg(again), LegNews.HUNG_UP)
    assert (owed(floor)[0].status, owed(floor)[0].outbound_call_id) == ("open", None)
    floor.hear(floor.patient_leg(beside), LegNews.HUNG_UP)
    place = floor.entry(owed(floor)[0].outbound_call_id or 0)
    assert (place.status, place.joined_at) == ("waiting", joined_at)


def test_whom_an_operator_is_ringing_stands_before_others_in_the_queue_too(floor: Floor) -> None:
    lose(floor, sid(1))
    floor.hire("Ines")
    ringing = take(floor, owed(floor)[0].id, "Ines")
    again = floor.ring(sid(2))
    assert (floor.entry(again).priority_reason, floor.entry(again).joined_at) == ("promised", floor.now)
    assert (owed(floor)[0].status, floor.call(ringing.call_id).status) == ("taken", "waiting")


def owed_place(floor: Floor, first: int) -> int:
    """The call of ours that was to ring her."""
    with floor.database.reading(ALL) as session:
        return session.scalars(
            select(Call.id).where(Call.direction == CallDirection.OUTBOUND, Call.id != first).order_by(Call.id)
        ).one()


def test_whoever_is_spoken_with_is_not_rung_by_the_colleague_who_was_about_to(floor: Floor) -> None:
    lose(floor, sid(1))
    floor.hire("Ines", "Camille")
    ringing = take(floor, owed(floor)[0].id, "Ines")
    again = floor.ring(sid(2))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    spoken = floor.accept("Camille")
    floor.hear(spoken.id, LegNews.JOINED)
    assert (owed(floor)[0].status, floor.call(ringing.call_id).status) == ("done", "ended")
    floor.hear(ringing.id, LegNews.JOINED)  # her telephone answers all the same
    assert patient_of(floor, ringing.call_id).dialled_at is None
    assert floor.status_of("Ines") == "wrap_up"


def test_who_asks_again_while_she_is_being_rung_keeps_her_place_and_who_had_asked_keeps_the_older_one(
    floor: Floor,
) -> None:
    first = floor.ring(sid(1))
    floor.hear(floor.patient_leg(first), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        promise_callback(session, first, at=floor.now)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    joined_at = floor.entry(first).joined_at
    floor.clock.advance(timedelta(minutes=2))
    again = floor.ring(sid(2))
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, again, at=floor.now)
    promised = owed(floor)[0].outbound_call_id
    assert (floor.entry(promised or 0).joined_at, floor.entry(again).status) == (joined_at, "callback")
    floor.hire("Ines")
    floor.accept("Ines")
    third = floor.ring(sid(3))
    with floor.database.unit_of_work(ALL) as session:
        assert not promise_callback(session, third, at=floor.now)
    assert (owed(floor)[0].outbound_call_id, floor.entry(third).status) == (promised, "waiting")


def test_a_promise_of_the_evening_is_kept_within_the_hour_or_in_the_morning(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=10, minutes=50))  # 19:50 in Paris
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        promise_callback(session, call_id, at=floor.now)
    promised = owed(floor)[0].outbound_call_id or 0
    for minutes, resting in ((30, 0), (29, 0), (1, 1), (1, 0)):
        floor.clock.advance(timedelta(minutes=minutes))
        assert rest_at_night(floor.database, floor.clock) == resting
    [one] = owed(floor)
    assert (one.status, one.outbound_call_id, one.attempts) == ("open", None, 0)
    assert (floor.entry(promised).status, floor.call(promised).status) == ("abandoned", "ended")


def test_a_conversation_that_has_begun_is_not_ended_by_another_of_the_same_number(floor: Floor) -> None:
    lose(floor, sid(1))
    floor.hire("Ines", "Camille")
    leg = take(floor, owed(floor)[0].id, "Ines")
    floor.hear(leg.id, LegNews.JOINED)
    patient = patient_of(floor, leg.call_id)
    floor.dial(patient)
    floor.hear(patient.id, LegNews.JOINED)
    lose_again = floor.ring(sid(2))  # somebody else of her household, at the same number
    floor.hear(floor.patient_leg(lose_again), LegNews.JOINED)
    other = floor.accept("Camille")
    floor.hear(other.id, LegNews.JOINED)
    assert floor.call(leg.call_id).status == "talking"
    assert (floor.status_of("Ines"), floor.status_of("Camille")) == ("on_call", "on_call")


def test_a_try_that_nobody_answered_is_no_success_for_who_waits_meanwhile(floor: Floor) -> None:
    lose(floor, sid(1))
    again = floor.ring(sid(2))
    floor.hear(floor.patient_leg(again), LegNews.JOINED)
    floor.hire("Ines", "Camille")
    with pytest.raises(Conflict, match="waits in the queue"):
        take(floor, owed(floor)[0].id, "Camille")
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(floor.patient_leg(again), LegNews.HUNG_UP)
    leg = take(floor, owed(floor)[0].id, "Camille")
    floor.hear(leg.id, LegNews.JOINED)
    patient = patient_of(floor, leg.call_id)
    floor.dial(patient)
    third = floor.ring(sid(3))
    floor.hear(floor.patient_leg(third), LegNews.JOINED)
    floor.hear(patient.id, LegNews.FAILED)
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(floor.patient_leg(third), LegNews.HUNG_UP)
    [one] = owed(floor)
    assert (one.status, one.losses) == ("open", 3)


def test_the_figures_count_what_is_owed_and_what_is_late(floor: Floor) -> None:
    lose(floor, sid(1))
    lost_at = floor.now
    floor.clock.advance(timedelta(minutes=15))
    lose(floor, sid(2), from_number="+33639981473")
    with floor.database.reading(ALL) as session:
        figures = callbacks_owed(session, at=floor.now)
    assert (figures.count, figures.late, figures.oldest_at) == (2, 1, lost_at)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_news_of_a_loss_changes_nothing(floor: Floor, order: tuple[int, ...]) -> None:
    call_id = floor.ring()
    floor.clock.advance(timedelta(seconds=8))
    news = [LegNews.JOINED, LegNews.LEFT, LegNews.HUNG_UP]
    for number in (*order, *order):
        floor.hear(floor.patient_leg(call_id), news[number])
    [one] = owed(floor)
    assert (one.losses, one.status) == (1, "open")
