"""Who waits too long is sent elsewhere, and is at her place again when nobody is there; on both databases."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.directory.models import PracticeLine
from callcenter.jobs.ticker import Ticker
from callcenter.routing.calling_back import take_callback
from callcenter.routing.elsewhere import note_spoken_elsewhere
from callcenter.routing.models import Callback, QueueEntry, Reservation
from callcenter.routing.offers import accept_offer, offer_waiting_calls
from callcenter.routing.overflow import come_back, overflow_call, send_elsewhere, take_overdue, where_to
from callcenter.routing.presence import heartbeat
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Leg
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, PATIENT, Floor

AFTER = timedelta(seconds=60)
ELSEWHERE = "+33199001999"
SECOND = "CA" + "b" * 32
DOCUMENT = "https://centre.example.org/twilio/overflow#rc=2&rp=ct,rt,5xx"
ROUNDS = 4


def set_overflow(floor: Floor, *, after: int = 60, number: str = ELSEWHERE) -> None:
    with floor.database.unit_of_work(ALL) as session:
        line = update(PracticeLine).where(PracticeLine.number == LINE)
        session.execute(line.values(overflow_after=after, overflow_number=number))


def wait(floor: Floor, sid: str = CALL) -> int:
    """A caller in her own room."""
    call_id = floor.ring(sid)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    return call_id


def tick(floor: Floor) -> None:
    """What the jobs do each second, with the operators at their desks."""
    with floor.database.unit_of_work(ALL) as session:
        for staff_id in floor.staff.values():
            heartbeat(session, staff_id, at=floor.now)
    ticker = Ticker(floor.settings, floor.database, floor.clock, floor.provider)
    ticker.distribute()
    ticker.sweep_calls()


def ask(floor: Floor, sid: str = CALL) -> str | None:
    """The carrier asks what the caller who was sent is to hear; the number."""
    with floor.database.unit_of_work(ALL) as session:
        goes_to = where_to(session, sid, at=floor.now)
    return None if goes_to is None else goes_to.number


def test_who_has_waited_long_enough_is_sent_to_the_lines_number(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER - timedelta(seconds=1))
    tick(floor)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("waiting", [])
    floor.clock.advance(timedelta(seconds=1))
    tick(floor)
    entry = floor.entry(call_id)
    assert (entry.status, entry.left_at, entry.sent_at) == ("overflow", floor.now, floor.now)
    assert floor.provider.redirected == [(CALL, DOCUMENT)]
    tick(floor)
    assert floor.provider.redirected == [(CALL, DOCUMENT)]
    assert ask(floor) == ELSEWHERE


def test_whoever_is_asked_meanwhile_is_free_for_the_next(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER - timedelta(seconds=5))
    floor.hire("Ines")
    floor.clock.advance(timedelta(seconds=5))
    tick(floor)
    [offer] = floor.rows(Reservation)["reservation"]
    assert (offer["call_id"], offer["status"], floor.status_of("Ines")) == (call_id, "canceled", "available")


def test_a_line_without_overflow_keeps_its_callers(floor: Floor) -> None:
    set_overflow(floor, after=0)
    call_id = wait(floor)
    floor.clock.advance(timedelta(hours=1))
    tick(floor)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("waiting", [])


def test_nobody_there_and_she_is_at_her_old_place_and_the_first_to_be_answered(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    joined_at = floor.entry(call_id).joined_at
    floor.clock.advance(AFTER)
    tick(floor)
    floor.hear(floor.patient_leg(call_id), LegNews.LEFT)
    later = wait(floor, SECOND)
    with floor.database.unit_of_work(ALL) as session:
        assert come_back(session, CALL, at=floor.now)
    with floor.database.unit_of_work(ALL) as session:
        assert not come_back(session, CALL, at=floor.now)
    entry = floor.entry(call_id)
    assert (entry.status, entry.joined_at, entry.left_at) == ("waiting", joined_at, None)
    floor.hire("Ines")
    assert floor.accept("Ines").call_id == call_id
    assert floor.entry(later).status == "waiting"


def test_heard_in_her_own_room_she_waits_again_although_nothing_else_was_told(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    floor.hear(floor.patient_leg(call_id), LegNews.LEFT, LegNews.JOINED)
    assert floor.entry(call_id).status == "waiting"


def test_what_is_heard_of_her_room_before_she_was_sent_brings_nobody_back(floor: Floor) -> None:
    set_overflow(floor)
    call_id = floor.ring()
    floor.clock.advance(AFTER)
    take_overdue(floor.database, floor.clock)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    assert floor.entry(call_id).status == "overflow"


def test_back_from_elsewhere_she_waits_as_long_again(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(floor.patient_leg(call_id), LegNews.LEFT, LegNews.JOINED)
    tick(floor)
    floor.clock.advance(timedelta(seconds=59))
    tick(floor)
    assert len(floor.provider.redirected) == 1
    floor.clock.advance(timedelta(seconds=1))
    tick(floor)
    assert len(floor.provider.redirected) == 2
    assert floor.entry(call_id).status == "overflow"


def test_a_process_that_dies_before_telling_the_carrier_is_finished_by_the_next_second(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    take_overdue(floor.database, floor.clock)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("overflow", [])
    tick(floor)
    assert floor.provider.redirected == [(CALL, DOCUMENT)]


def test_refused_by_the_carrier_she_is_back_at_her_place(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    floor.provider.refusing = ProviderError("Call is not in-progress", permanent=True, code=21220)
    tick(floor)
    assert floor.entry(call_id).status == "waiting"
    floor.provider.refusing = None
    assert ask(floor) is None
    tick(floor)
    assert floor.provider.redirected == []
    floor.clock.advance(AFTER)
    tick(floor)
    assert floor.provider.redirected == [(CALL, DOCUMENT)]


def test_an_answer_that_was_lost_is_asked_for_again_then_given_up(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    floor.provider.refusing = ProviderError("no answer", permanent=False, unknown=True)
    tick(floor)
    assert floor.entry(call_id).status == "overflow"
    floor.clock.advance(timedelta(seconds=6))
    tick(floor)
    assert floor.entry(call_id).status == "waiting"


def test_that_she_asks_is_proof_that_she_was_sent(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    take_overdue(floor.database, floor.clock)
    assert ask(floor) == ELSEWHERE
    assert floor.entry(call_id).sent_at == floor.now
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.provider.redirected == []


def test_a_number_that_was_taken_back_meanwhile_leads_her_to_her_place(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    set_overflow(floor, number="")
    assert ask(floor) is None
    assert floor.entry(call_id).status == "waiting"


def test_who_hangs_up_while_it_rings_elsewhere_is_lost_and_is_owed_a_call(floor: Floor) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    floor.clock.advance(timedelta(seconds=10))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP, LegNews.HUNG_UP)
    entry = floor.entry(call_id)
    assert (floor.call(call_id).status, entry.status, entry.left_at) == ("ended", "abandoned", floor.now)
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["number"], owed["status"], owed["losses"], owed["opened_at"]) == (PATIENT, "open", 1, floor.now)
    with floor.database.unit_of_work(ALL) as session:
        assert not come_back(session, CALL, at=floor.now)


@pytest.mark.parametrize("order", list(itertools.permutations(["spoke", "hung up"])))
def test_who_was_answered_elsewhere_is_owed_nothing_in_whichever_order_it_is_told(
    floor: Floor, order: tuple[str, ...]
) -> None:
    set_overflow(floor)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    for told in (*order, *order):
        floor.clock.advance(timedelta(seconds=2))
        if told == "hung up":
            floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
        else:
            with floor.database.unit_of_work(ALL) as session:
                note_spoken_elsewhere(session, CALL, at=floor.now)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "overflow")
    assert [row["status"] for row in floor.rows(Callback)["callback"]] in ([], ["done"])


def test_an_answer_elsewhere_settles_the_losses_before_it_and_calls_off_who_was_about_to_ring_her(floor: Floor) -> None:
    set_overflow(floor)
    lost = wait(floor, SECOND)
    floor.clock.advance(timedelta(seconds=30))
    floor.hear(floor.patient_leg(lost), LegNews.HUNG_UP)
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        [owed] = floor.rows(Callback)["callback"]
        ringing = take_callback(session, owed["id"], staff_id=floor.staff["Ines"], at=floor.now).call_id
    with floor.database.unit_of_work(ALL) as session:
        note_spoken_elsewhere(session, CALL, at=floor.now)
    assert [row["status"] for row in floor.rows(Callback)["callback"]] == ["done"]
    assert floor.call(ringing).status == "ended"


def test_whom_somebody_has_spoken_with_is_not_sent_away(floor: Floor) -> None:
    set_overflow(floor)
    floor.hire("Ines")
    call_id = wait(floor)
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    floor.clock.advance(AFTER)
    tick(floor)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("answered", [])
    floor.hear(leg.id, LegNews.LEFT)
    floor.clock.advance(timedelta(seconds=31))
    tick(floor)
    assert (floor.entry(call_id).priority_reason, floor.provider.redirected) == ("returned", [])


@pytest.mark.parametrize("number", ["Ines takes her", "she hangs up"])
def test_overflow_against_what_happens_at_that_moment(floor: Floor, number: str) -> None:
    """Either she goes and nobody has her, or somebody has her (or nobody is there any more) and she does not go."""
    set_overflow(floor)
    floor.hire("Ines")
    other = Database(floor.database.url)
    outcomes = set()
    try:
        for round_ in range(ROUNDS):
            sid = f"CA{round_:032x}"
            call_id = wait(floor, sid)
            with floor.database.unit_of_work(ALL) as session:
                offer_waiting_calls(session, at=floor.now)
            offer = next(row for row in floor.rows(Reservation)["reservation"] if row["call_id"] == call_id)
            together = threading.Barrier(2)

            def leave(call_id: int = call_id, together: threading.Barrier = together) -> bool:
                together.wait()
                with other.unit_of_work(ALL) as session:
                    return overflow_call(session, call_id, at=floor.now)

            def act(
                call_id: int = call_id, offer_id: int = offer["id"], together: threading.Barrier = together
            ) -> bool:
                together.wait()
                try:
                    with floor.database.unit_of_work(ALL) as session:
                        if number == "Ines takes her":
                            accept_offer(session, offer_id, staff_id=floor.staff["Ines"], at=floor.now)
                        else:
                            leg = session.get(Leg, floor.patient_leg(call_id))
                            assert leg is not None
                            record_leg_event(session, leg, LegNews.HUNG_UP, at=floor.now)
                except Conflict:
                    return False
                return True

            with ThreadPoolExecutor(2) as pool:
                went, took = pool.submit(leave), pool.submit(act)
                has_left, was_first = went.result(), took.result()
            outcomes.add(has_left)
            status = floor.entry(call_id).status
            if number == "Ines takes her":
                assert has_left is not was_first
                assert (status, floor.status_of("Ines")) == (
                    ("overflow", "available") if has_left else ("answered", "on_call")
                )
            else:
                assert (floor.call(call_id).status, floor.status_of("Ines")) == ("ended", "available")
                assert status == "abandoned"
            _finish(floor, call_id)
    finally:
        other.close()


def _finish(floor: Floor, call_id: int) -> None:
    """The call is over and Ines is free again."""
    from callcenter.routing import presence

    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        if floor.status_of("Ines") == "on_call":
            presence.enter_wrap_up(session, floor.staff["Ines"], at=floor.now)
        presence.finish_wrap_up(session, floor.staff["Ines"], at=floor.now)


def test_two_processes_that_look_at_once_send_her_once(floor: Floor) -> None:
    set_overflow(floor)
    calls = [wait(floor, f"CA{number:032x}") for number in range(3)]
    floor.clock.advance(AFTER)
    other = Database(floor.database.url)
    together = threading.Barrier(2)

    def work(database: Database) -> None:
        together.wait()
        take_overdue(database, floor.clock)

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, (floor.database, other)))
    finally:
        other.close()
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert sorted(sid for sid, _ in floor.provider.redirected) == [f"CA{number:032x}" for number in range(3)]
    assert {row["status"] for row in floor.rows(QueueEntry)["queue_entry"]} == {"overflow"}
    assert [floor.call(call_id).status for call_id in calls] == ["waiting"] * 3


def test_without_a_number_she_is_promised_a_call_and_sent_to_hear_so(floor: Floor) -> None:
    set_overflow(floor, number="")
    call_id = wait(floor)
    floor.clock.advance(AFTER)
    tick(floor)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("callback", [(CALL, DOCUMENT)])
    with floor.database.unit_of_work(ALL) as session:
        goes_to = where_to(session, CALL, at=floor.now)
    assert goes_to is not None
    assert goes_to.is_promised
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["number"], owed["reason"], owed["status"]) == (PATIENT, "asked", "open")


def test_who_cannot_be_rung_back_waits_on(floor: Floor) -> None:
    set_overflow(floor, number="")
    call_id = floor.ring(from_number="anonymous")
    floor.clock.advance(AFTER)
    tick(floor)
    assert (floor.entry(call_id).status, floor.provider.redirected) == ("waiting", [])
