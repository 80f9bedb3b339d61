"""A conversation that is cut: half a minute to come back, then the next operator, with what was written."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from callcenter.core.errors import Conflict, NotFound
from callcenter.desk.board import read_floor
from callcenter.desk.queue_view import todo_list
from callcenter.routing import presence
from callcenter.routing.calling_back import take_callback
from callcenter.routing.models import Agent, AgentStatus, Callback, QueueEntry, Reservation
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.repairing import repair_floor
from callcenter.routing.returning import COMES_BACK_WITHIN, give_back, rejoin_call, return_cut_off
from callcenter.routing.strays import hang_up_strays
from callcenter.telephony.legs import record_leg_event, want_leg
from callcenter.telephony.models import Call, CallAlarm, Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, MONDAY, Floor


def cut(floor: Floor, *, news: LegNews = LegNews.COMPLETED) -> int:
    """Ines talks, and her telephone leaves."""
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    floor.hear(leg.id, news)
    return call_id


def rejoin(floor: Floor, call_id: int, name: str = "Ines") -> Leg:
    with floor.database.unit_of_work(ALL) as session:
        leg = rejoin_call(session, call_id, staff_id=floor.staff[name], at=floor.now)
    floor.dial(leg)
    return leg


def tick(floor: Floor) -> None:
    return_cut_off(floor.database, floor.clock)


def beat(floor: Floor, *names: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        for name in names:
            presence.heartbeat(session, floor.staff[name], at=floor.now)


def stands(floor: Floor, call_id: int) -> tuple[str, str, bool]:
    """Where her patient is, where Ines is, and whether she is waited for."""
    entry = floor.entry(call_id)
    return str(entry.status), floor.status_of("Ines"), entry.requeue_at is not None


def bring_in(floor: Floor, call_id: int, role: LegRole, **how: Any) -> Leg:
    with floor.database.unit_of_work(ALL) as session:
        leg = want_leg(
            session,
            floor.call(call_id),
            role=role,
            label=f"{role}-1",
            address="+33199001515",
            staff_id=floor.staff["Ines"],
            at=floor.now,
            **how,
        )
    floor.dial(leg)
    return leg


@pytest.mark.parametrize("news", [LegNews.COMPLETED, LegNews.LEFT])
def test_an_operator_whose_telephone_leaves_has_half_a_minute(floor: Floor, news: LegNews) -> None:
    call_id = cut(floor, news=news)
    assert floor.entry(call_id).requeue_at == floor.now + COMES_BACK_WITHIN
    floor.clock.advance(timedelta(seconds=29))
    tick(floor)
    assert stands(floor, call_id) == ("answered", "on_call", True)


def test_coming_back_in_time_takes_it_up_where_it_was(floor: Floor) -> None:
    call_id = cut(floor)
    leg = rejoin(floor, call_id)
    assert rejoin(floor, call_id).id == leg.id
    assert len(floor.provider.dialled) == 2
    floor.hear(leg.id, LegNews.RANG)
    assert stands(floor, call_id) == ("answered", "on_call", True)  # ringing is not being there
    floor.hear(leg.id, LegNews.JOINED)
    floor.clock.advance(timedelta(minutes=1))
    tick(floor)
    assert stands(floor, call_id) == ("answered", "on_call", False)
    assert floor.call(call_id).status == "talking"
    # Cut a second time, she has as long again.
    floor.hear(leg.id, LegNews.COMPLETED)
    assert floor.entry(call_id).requeue_at == floor.now + COMES_BACK_WITHIN
    assert rejoin(floor, call_id).id != leg.id


def test_after_half_a_minute_the_patient_is_the_next_to_be_answered(floor: Floor) -> None:
    call_id = cut(floor)
    earlier = floor.ring("CA" + "b" * 32)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).where(QueueEntry.call_id == earlier).values(joined_at=MONDAY))
    floor.clock.advance(COMES_BACK_WITHIN)
    beat(floor, "Ines")
    tick(floor)
    tick(floor)
    assert stands(floor, call_id) == ("waiting", "wrap_up", False)
    entry = floor.entry(call_id)
    assert (entry.priority, entry.priority_reason, entry.left_at) == (2, "returned", None)
    assert floor.agent("Ines").call_id == call_id
    floor.hire("Lea")  # offered to her as she becomes available
    offers = floor.rows(Reservation)["reservation"]
    assert [row["call_id"] for row in offers if row["status"] == "pending"] == [call_id]
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    tick(floor)
    assert (floor.status_of("Lea"), floor.status_of("Ines")) == ("on_call", "wrap_up")


def test_whose_browser_is_silent_too_is_offline_and_keeps_no_call(floor: Floor) -> None:
    call_id = cut(floor)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    agent = floor.agent("Ines")
    assert (agent.status, agent.call_id, agent.lapsed_at) == ("offline", None, floor.now)
    assert floor.entry(call_id).status == "waiting"


def test_a_restart_forgets_no_patient(floor: Floor) -> None:
    """Nothing of it is kept in the process: another one, later, finds it in the rows."""
    call_id = cut(floor)
    floor.clock.advance(timedelta(minutes=5))
    beat(floor, "Ines")
    tick(floor)
    assert stands(floor, call_id) == ("waiting", "wrap_up", False)


def test_a_patient_who_hangs_up_meanwhile_is_waited_for_no_longer(floor: Floor) -> None:
    call_id = cut(floor)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert stands(floor, call_id) == ("answered", "wrap_up", False)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    assert stands(floor, call_id) == ("answered", "wrap_up", False)
    with pytest.raises(NotFound):
        rejoin(floor, call_id)


def owed(floor: Floor) -> list[tuple[int, str, str, int]]:
    return [(row["call_id"], row["status"], row["reason"], row["losses"]) for row in floor.rows(Callback)["callback"]]


def give_up(floor: Floor, call_id: int) -> None:
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP, LegNews.HUNG_UP)


def test_who_waits_again_and_gives_up_is_owed_a_call_and_her_first_operator_reads_of_her(floor: Floor) -> None:
    call_id = cut(floor)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    floor.clock.advance(timedelta(minutes=1))
    give_up(floor, call_id)
    assert stands(floor, call_id) == ("abandoned", "offline", False)
    assert owed(floor) == [(call_id, "open", "abandoned", 1)]
    with floor.database.reading(ALL) as session:
        # She had been answered, and counts so; nobody has said how her call ended.
        today = read_floor(session, floor.staff["Ines"], zone=ZoneInfo("Europe/Paris"), at=floor.now).today
        assert (today.received, today.answered, today.abandoned) == (1, 1, 0)
        todo = todo_list(session, floor.staff["Ines"], at=floor.now)
        assert [one.call_id for one in todo.unqualified] == [call_id]


def test_so_is_who_was_rung_back_was_cut_off_and_gave_up(floor: Floor) -> None:
    lost = floor.ring()
    floor.hear(floor.patient_leg(lost), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=30))
    give_up(floor, lost)
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        own = take_callback(session, 1, staff_id=floor.staff["Ines"], at=floor.now)
    floor.dial(own)
    floor.hear(own.id, LegNews.JOINED)
    with floor.database.reading(ALL) as session:
        patient = session.scalars(select(Leg).where(Leg.call_id == own.call_id, Leg.role == LegRole.PATIENT)).one()
    floor.dial(patient)
    floor.hear(patient.id, LegNews.JOINED)
    floor.hear(own.id, LegNews.COMPLETED)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    assert floor.entry(own.call_id).status == "waiting"
    floor.hear(patient.id, LegNews.COMPLETED)
    assert owed(floor) == [(lost, "done", "abandoned", 1), (own.call_id, "open", "abandoned", 1)]


@pytest.mark.parametrize("order", list(itertools.permutations(["she gives up", "her telephone fails"])))
@pytest.mark.parametrize("was_reached", [False, True])
def test_whom_the_next_operator_did_not_reach_either_is_owed_a_call(
    floor: Floor, order: tuple[str, ...], was_reached: bool
) -> None:
    call_id = cut(floor)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    floor.hire("Lea")
    leg = floor.accept("Lea")
    floor.hear(leg.id, LegNews.RANG)
    if was_reached:
        floor.hear(leg.id, LegNews.JOINED)
    for told in (*order, *order):
        if told == "she gives up":
            give_up(floor, call_id)
        else:
            floor.hear(leg.id, LegNews.COMPLETED if was_reached else LegNews.FAILED)
    assert floor.call(call_id).status == "ended"
    expected = [] if was_reached else [(call_id, "open", "abandoned", 1)]
    assert owed(floor) == expected
    assert floor.entry(call_id).status == ("answered" if was_reached else "abandoned")


@pytest.mark.parametrize("role", [LegRole.PRACTITIONER, LegRole.EMERGENCY, LegRole.CONTACT])
def test_with_somebody_else_in_the_call_nobody_is_queued_again(floor: Floor, role: LegRole) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    own = floor.accept("Ines")
    floor.hear(own.id, LegNews.JOINED)
    other = bring_in(floor, call_id, role)
    floor.hear(other.id, LegNews.JOINED)
    floor.hear(own.id, LegNews.COMPLETED)
    floor.clock.advance(timedelta(minutes=3))
    tick(floor)
    with floor.database.unit_of_work(ALL) as session:
        assert repair_floor(session, at=floor.now) == 0
    assert stands(floor, call_id) == ("answered", "on_call", False)
    floor.hear(other.id, LegNews.COMPLETED)
    assert floor.entry(call_id).requeue_at == floor.now + COMES_BACK_WITHIN
    # And she may come back into a conversation that goes on.
    assert rejoin(floor, call_id).id != own.id


@pytest.mark.parametrize("how", [{"starts_muted": True}, {"coached": True}])
def test_a_supervisor_who_only_listens_is_nobody_for_the_patient(floor: Floor, how: dict[str, bool]) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    own = floor.accept("Ines")
    floor.hear(own.id, LegNews.JOINED)
    asked = {"coached_leg_id": own.id} if "coached" in how else how
    ear = bring_in(floor, call_id, LegRole.SUPERVISOR, **asked)
    floor.hear(ear.id, LegNews.JOINED)
    floor.hear(own.id, LegNews.COMPLETED)
    assert stands(floor, call_id) == ("answered", "on_call", True)
    floor.clock.advance(COMES_BACK_WITHIN)
    beat(floor, "Ines")
    tick(floor)
    assert stands(floor, call_id) == ("waiting", "wrap_up", False)


def test_a_supervisor_who_speaks_with_the_patient_is_somebody_until_she_falls_silent(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    own = floor.accept("Ines")
    floor.hear(own.id, LegNews.JOINED)
    voice = bring_in(floor, call_id, LegRole.SUPERVISOR)
    floor.hear(voice.id, LegNews.JOINED)
    floor.hear(own.id, LegNews.COMPLETED)
    assert stands(floor, call_id) == ("answered", "on_call", False)
    floor.hear(voice.id, LegNews.MUTED)  # no telephone has moved: nobody is told
    assert not floor.entry(call_id).requeue_at
    tick(floor)
    assert stands(floor, call_id) == ("answered", "on_call", True)


def test_a_telephone_that_never_was_in_gives_the_patient_back_at_once(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.accept("Ines").id, LegNews.FAILED)
    entry = floor.entry(call_id)
    assert stands(floor, call_id) == ("waiting", "break_", False)
    assert (entry.priority, floor.agent("Ines").missed_call) == (0, True)


def test_whom_nobody_has_spoken_with_keeps_the_beginning_of_her_wait(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    floor.clock.advance(timedelta(seconds=25))
    floor.hear(leg.id, LegNews.FAILED)
    entry = floor.entry(call_id)
    assert (entry.status, entry.returned_at) == ("waiting", None)


def test_a_telephone_that_does_not_answer_again_leaves_her_the_time_that_is_left(floor: Floor) -> None:
    call_id = cut(floor)
    until = floor.entry(call_id).requeue_at
    floor.clock.advance(timedelta(seconds=10))
    floor.hear(rejoin(floor, call_id).id, LegNews.FAILED)
    assert stands(floor, call_id) == ("answered", "on_call", True)
    assert floor.entry(call_id).requeue_at == until
    rejoin(floor, call_id)
    assert len(floor.provider.dialled) == 3


def test_a_telephone_that_still_rings_when_the_time_is_over_is_hung_up(floor: Floor) -> None:
    call_id = cut(floor)
    leg = rejoin(floor, call_id)
    floor.clock.advance(COMES_BACK_WITHIN)
    beat(floor, "Ines")
    hang_up_strays(floor.database, floor.provider, floor.clock)
    assert floor.provider.hung_up == []
    tick(floor)
    hang_up_strays(floor.database, floor.provider, floor.clock)
    assert floor.provider.hung_up == [floor.provider.dialled[-1]["sid"]]
    floor.hear(leg.id, LegNews.JOINED)  # picked up in the same second
    assert stands(floor, call_id) == ("waiting", "wrap_up", False)


def test_she_may_give_the_patient_back_at_once(floor: Floor) -> None:
    call_id = cut(floor)
    for expected in (True, False):
        with floor.database.unit_of_work(ALL) as session:
            assert give_back(session, call_id, staff_id=floor.staff["Ines"], at=floor.now) is expected
    assert stands(floor, call_id) == ("waiting", "wrap_up", False)


def test_nobody_gives_back_a_conversation_that_goes_on(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        assert not give_back(session, call_id, staff_id=floor.staff["Ines"], at=floor.now)
    assert stands(floor, call_id) == ("answered", "on_call", False)


def test_a_colleague_cannot_come_into_a_call_that_is_not_hers(floor: Floor) -> None:
    call_id = cut(floor)
    floor.hire("Lea")
    with pytest.raises(NotFound):
        rejoin(floor, call_id, "Lea")


def test_two_who_are_cut_off_are_both_freed(floor: Floor) -> None:
    """A colleague had joined them: her telephone is lost as well."""
    call_id = cut(floor)
    floor.hire("Lea")
    with floor.database.unit_of_work(ALL) as session:
        lea = floor.staff["Lea"]
        session.execute(update(Agent).where(Agent.staff_id == lea).values(status="on_call", call_id=call_id))
        leg = want_leg(
            session,
            floor.call(call_id),
            role=LegRole.OPERATOR,
            label="operator-2",
            address="client:lea",
            staff_id=lea,
            at=floor.now,
        )
    floor.dial(leg)
    floor.hear(leg.id, LegNews.JOINED)
    assert stands(floor, call_id) == ("answered", "on_call", False)
    floor.hear(leg.id, LegNews.COMPLETED)
    floor.clock.advance(COMES_BACK_WITHIN)
    beat(floor, "Ines", "Lea")
    tick(floor)
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("wrap_up", "wrap_up")
    assert floor.entry(call_id).status == "waiting"


def test_a_call_that_is_over_is_not_rejoined(floor: Floor) -> None:
    call_id = cut(floor)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:  # the end of the call was told, she was not moved yet
        session.execute(update(Agent).values(status="on_call", call_id=call_id))
    with pytest.raises(Conflict):
        rejoin(floor, call_id)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_of_the_same_news_ends_alike(floor: Floor, seed: int) -> None:
    """She is cut off, comes back or not, the patient stays or not, a doctor comes and goes: shuffled, and repeated."""
    dice = random.Random(seed)
    if not floor.staff:
        floor.hire("Ines")
    story: dict[str, list[tuple[LegNews, int]]] = {
        "patient": [(LegNews.JOINED, 1), *([(LegNews.HUNG_UP, 0)] if dice.random() < 0.3 else [])],
        "operator": [(LegNews.RANG, 0), (LegNews.JOINED, 2), (LegNews.LEFT, 4), (LegNews.COMPLETED, 0)],
        "again": [],
        "doctor": [],
    }
    if dice.random() < 0.5:
        story["doctor"] = [(LegNews.JOINED, 3), *([(LegNews.COMPLETED, 0)] if dice.random() < 0.5 else [])]
    if dice.random() < 0.6:
        ends = [[(LegNews.FAILED, 0)], [(LegNews.JOINED, 5)], [(LegNews.JOINED, 5), (LegNews.LEFT, 6)], []]
        story["again"] = dice.choice(ends)
    told = [(who, news, mark) for who, heard in story.items() for news, mark in heard]
    shuffled = told + [one for one in told if dice.random() < 0.4]
    dice.shuffle(shuffled)
    is_again = dice.random() < 0.5
    endings = [_play(floor, news, is_again=is_again) for news in (told, shuffled)]
    assert endings[0] == endings[1]


def _play(
    floor: Floor, told: list[tuple[str, LegNews, int]], *, is_again: bool
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[dict[str, Any]]]]:
    """The rows after the news, and after half a minute more."""
    floor.clock.advance(MONDAY - floor.now)
    with floor.database.unit_of_work(ALL) as session:
        fresh = {"status": AgentStatus.AVAILABLE, "call_id": None, "missed_call": False, "lapsed_at": None}
        session.execute(update(Agent).values(status_since=MONDAY, lease_until=MONDAY + timedelta(hours=1), **fresh))
        for table in (Reservation, QueueEntry, CallAlarm, Leg, Call):
            session.execute(delete(table))
    floor.provider.dialled.clear()
    call_id = floor.ring()
    legs = {"patient": floor.patient_leg(call_id), "operator": floor.accept("Ines").id}
    doctor = any(who == "doctor" for who, *_ in told)
    if doctor:
        legs["doctor"] = bring_in(floor, call_id, LegRole.PRACTITIONER).id
    if is_again or any(who == "again" for who, *_ in told):
        with floor.database.unit_of_work(ALL) as session:
            legs["again"] = want_leg(
                session,
                floor.call(call_id),
                role=LegRole.OPERATOR,
                label="operator-again",
                address="client:ines",
                staff_id=floor.staff["Ines"],
                at=floor.now,
            ).id
    for who, news, mark in told:
        with floor.database.unit_of_work(ALL) as session:
            leg = session.scalars(select(Leg).where(Leg.id == legs[who])).one()
            failure = "busy" if news is LegNews.FAILED else ""
            record_leg_event(session, leg, news, at=floor.now, mark=mark, failure=failure)
    heard = _rows(floor)
    floor.clock.advance(COMES_BACK_WITHIN)
    tick(floor)
    return heard, _rows(floor)


def _rows(floor: Floor) -> dict[str, list[dict[str, Any]]]:
    found = floor.rows(Call, Leg, QueueEntry, Reservation, Agent)
    for rows in found.values():
        for row in rows:  # serial numbers go on counting from one playing to the next
            for name in ("id", "call_id", "queue_entry_id", "sid", "label"):
                row.pop(name, None)
    return found


def test_returned_at_once_by_two_ticks_it_is_offered_once(floor: Floor) -> None:
    call_id = cut(floor)
    floor.clock.advance(COMES_BACK_WITHIN)
    beat(floor, "Ines")
    floor.hire("Lea")
    tick(floor)
    tick(floor)
    with floor.database.unit_of_work(ALL) as session:
        offer_waiting_calls(session, at=floor.now)
        pending = select(func.count()).select_from(Reservation).where(Reservation.status == "pending")
        assert session.scalar(pending) == 1
    assert floor.entry(call_id).status == "waiting"
