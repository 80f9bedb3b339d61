"""The address in her text: she asks by it as long as she waits, once, and it says how her call stands."""

import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import PracticeLine
from callcenter.routing import presence
from callcenter.routing.callback_link import LinkView, ask_by_link, open_link, read_link
from callcenter.routing.calling_back import take_callback
from callcenter.routing.models import Callback, CallbackLink, Reservation
from callcenter.routing.offers import accept_offer, offer_waiting_calls
from callcenter.routing.overflow import overflow_call, send_elsewhere
from callcenter.telephony.models import Call
from callcenter.telephony.outbound import end_outbound_call
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, PATIENT, Floor

WEBHOOK = Centre(CentreReason.WEBHOOK)
ROUNDS = 8


def sid(number: int) -> str:
    return f"CA{number:032x}"


def wait(floor: Floor, call_sid: str = CALL, *, from_number: str = PATIENT) -> int:
    call_id = floor.ring(call_sid, from_number=from_number)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=61))
    return call_id


def link(floor: Floor, call_id: int) -> str:
    with floor.database.unit_of_work(ALL) as session:
        token = open_link(session, call_id=call_id, practice_id=floor.call(call_id).practice_id, at=floor.now)
    assert token is not None
    return token


def read(floor: Floor, token: str) -> LinkView | None:
    with floor.database.reading(WEBHOOK) as session:
        return read_link(session, token, at=floor.now)


def standing(floor: Floor, token: str) -> str:
    view = read(floor, token)
    return "" if view is None else view.standing.value


def ask(floor: Floor, token: str, *, database: Database | None = None) -> str:
    with (database or floor.database).unit_of_work(WEBHOOK) as session:
        view = ask_by_link(session, token, at=floor.now)
    return "" if view is None else view.standing.value


def tell_carrier(floor: Floor) -> None:
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)


def used_at(floor: Floor) -> list[object]:
    return [row["used_at"] for row in floor.rows(CallbackLink)["callback_link"]]


def test_she_asks_and_keeps_her_place_before_who_came_later(floor: Floor) -> None:
    first = wait(floor, sid(1))
    joined_at = floor.entry(first).joined_at
    wait(floor, sid(2), from_number="+33639981473")
    token = link(floor, first)
    assert (standing(floor, token), ask(floor, token), standing(floor, token)) == ("waiting", "promised", "promised")
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["reason"], owed["status"], owed["number"], owed["losses"]) == ("asked", "open", PATIENT, 0)
    place = floor.entry(owed["outbound_call_id"])
    assert (place.status, place.joined_at, place.priority_reason) == ("waiting", joined_at, "promised")
    # On the line still, she is sent to hear that she may hang up; that she does is no loss.
    tell_carrier(floor)
    assert [(one, to.partition("#")[0]) for one, to in floor.provider.redirected] == [
        (sid(1), "https://centre.example.org/twilio/overflow")
    ]
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    assert (floor.entry(first).status, standing(floor, token)) == ("callback", "promised")
    assert len(floor.rows(Callback)["callback"]) == 1
    floor.hire("Ines")
    assert floor.accept("Ines").call_id == owed["outbound_call_id"]


def test_reading_changes_nothing_and_asking_twice_is_one_promise(floor: Floor) -> None:
    token = link(floor, wait(floor))
    before = floor.rows(CallbackLink, Callback, Call)
    for _ in range(3):
        assert standing(floor, token) == "waiting"
    assert floor.rows(CallbackLink, Callback, Call) == before
    assert ask(floor, token) == "promised"
    after, asked_at = floor.rows(CallbackLink, Callback, Call), floor.now
    floor.clock.advance(timedelta(seconds=5))
    assert ask(floor, token) == "promised"
    assert floor.rows(CallbackLink, Callback, Call) == after
    assert used_at(floor) == [asked_at]


def test_a_call_has_one_address_and_its_token_is_kept_nowhere(floor: Floor) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    assert re.fullmatch(r"[a-z2-7]{26}", token)
    assert token not in str(floor.rows(CallbackLink))
    with floor.database.unit_of_work(ALL) as session:
        assert open_link(session, call_id=call_id, practice_id=floor.call(call_id).practice_id, at=floor.now) is None
    assert link(floor, wait(floor, sid(2))) != token


@pytest.mark.parametrize("token", ["", "a" * 26, "a" * 25, "A" * 26, "é" * 26, "a\x00" * 13, "' OR 1=1 --", "a" * 5000])
def test_what_nobody_was_sent_leads_nowhere(floor: Floor, token: str) -> None:
    link(floor, wait(floor))
    assert (read(floor, token), ask(floor, token)) == (None, "")
    assert floor.rows(Callback)["callback"] == []


def test_its_time_is_over_after_two_hours(floor: Floor) -> None:
    token = link(floor, wait(floor))
    floor.clock.advance(timedelta(hours=2) - timedelta(seconds=1))
    assert standing(floor, token) == "waiting"
    floor.clock.advance(timedelta(seconds=1))
    assert (standing(floor, token), ask(floor, token)) == ("", "")
    assert floor.rows(Callback)["callback"] == []


def test_pressed_after_somebody_has_answered_she_is_told_to_stay(floor: Floor) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    floor.hire("Ines")
    leg = floor.accept("Ines")
    assert (ask(floor, token), used_at(floor)) == ("answered", [None])
    floor.hear(leg.id, LegNews.JOINED)
    assert ask(floor, token) == "answered"
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert ask(floor, token) == "over"
    assert floor.rows(Callback)["callback"] == []


def test_pressed_after_she_hung_up_she_reads_that_she_is_on_the_list(floor: Floor) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert ask(floor, token) == "noted"
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["reason"], owed["status"], used_at(floor)) == ("abandoned", "open", [None])
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Callback).values(status="done"))
    assert standing(floor, token) == "over"


def test_pressed_after_she_was_sent_elsewhere_she_is_told_so(floor: Floor) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(overflow_after=60, overflow_number="+33199001299"))
    with floor.database.unit_of_work(ALL) as session:
        assert overflow_call(session, call_id, at=floor.now)
    assert ask(floor, token) == "elsewhere"
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert ask(floor, token) == "noted"  # nobody was there before she hung up
    assert [row["reason"] for row in floor.rows(Callback)["callback"]] == ["abandoned"]


def test_once_she_was_rung_back_it_is_over(floor: Floor) -> None:
    token = link(floor, wait(floor))
    ask(floor, token)
    floor.hire("Ines")
    leg = floor.accept("Ines")
    assert standing(floor, token) == "promised"
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Callback).values(status="done"))
    assert (standing(floor, token), ask(floor, token)) == ("over", "over")
    assert leg.call_id == floor.rows(Callback)["callback"][0]["outbound_call_id"]


def test_while_an_earlier_loss_of_hers_is_being_rung_back_she_is_being_answered(floor: Floor) -> None:
    lost = wait(floor, sid(1))
    floor.hear(floor.patient_leg(lost), LegNews.HUNG_UP)
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        owed_id = session.scalars(select(Callback.id)).one()
        leg = take_callback(session, owed_id, staff_id=floor.staff["Ines"], at=floor.now)
    floor.dial(leg)
    token = link(floor, wait(floor, sid(2)))
    assert (standing(floor, token), ask(floor, token), used_at(floor)) == ("answered", "answered", [None])


@pytest.mark.parametrize("heard_first", [True, False])
def test_whoever_hangs_up_at_once_after_asking_is_neither_put_back_nor_lost(floor: Floor, heard_first: bool) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    ask(floor, token)
    if heard_first:
        floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.provider.refusing = ProviderError("Call is not in-progress", permanent=True, code=21220)
    tell_carrier(floor)
    assert floor.entry(call_id).status == "callback"
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert (floor.entry(call_id).status, standing(floor, token)) == ("callback", "promised")
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["losses"], floor.entry(owed["outbound_call_id"]).status) == (0, "waiting")


def test_one_whom_the_carrier_would_not_send_waits_on_with_her_promise_and_is_no_loss(floor: Floor) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    ask(floor, token)
    floor.provider.refusing = ProviderError("no answer", permanent=False, unknown=True)
    floor.clock.advance(timedelta(seconds=7))
    tell_carrier(floor)
    assert (floor.entry(call_id).status, standing(floor, token)) == ("waiting", "promised")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert (floor.entry(call_id).status, standing(floor, token)) == ("callback", "promised")
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["losses"], owed["reason"]) == (0, "asked")


@pytest.mark.parametrize("order", list(itertools.permutations(["ask", "hang up", "carrier"])))
def test_in_any_order_she_is_owed_one_call(floor: Floor, order: tuple[str, ...]) -> None:
    call_id = wait(floor)
    token = link(floor, call_id)
    for what in (*order, *order):
        if what == "ask":
            ask(floor, token)
        elif what == "hang up":
            floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
        else:
            tell_carrier(floor)
    [owed] = floor.rows(Callback)["callback"]
    has_asked_first = order.index("ask") < order.index("hang up")
    assert (owed["reason"], owed["losses"]) == (("asked", 0) if has_asked_first else ("abandoned", 1))
    assert standing(floor, token) == ("promised" if has_asked_first else "noted")


def test_asked_twice_at_the_moment_at_which_somebody_takes_her(floor: Floor) -> None:
    """Either she is promised one call and nobody has her, or somebody has her and nothing is promised."""
    floor.hire("Ines")
    other = Database(floor.database.url)
    try:
        for number in range(ROUNDS):
            call_id = wait(floor, sid(number), from_number=f"+3363998200{number}")
            token = link(floor, call_id)
            with floor.database.unit_of_work(ALL) as session:
                presence.heartbeat(session, floor.staff["Ines"], at=floor.now)
                offer_waiting_calls(session, at=floor.now)
            offers = floor.rows(Reservation)["reservation"]
            offer_id = next(row["id"] for row in offers if row["call_id"] == call_id and row["status"] == "pending")
            together = threading.Barrier(3)

            def press(database: Database, token: str = token, together: threading.Barrier = together) -> str:
                together.wait()
                return ask(floor, token, database=database)

            def take(offer_id: int = offer_id, together: threading.Barrier = together) -> bool:
                together.wait()
                try:
                    with floor.database.unit_of_work(ALL) as session:
                        accept_offer(session, offer_id, staff_id=floor.staff["Ines"], at=floor.now)
                except Conflict:
                    return False
                return True

            with ThreadPoolExecutor(3) as pool:
                pressed = [pool.submit(press, database) for database in (floor.database, other)]
                taken = pool.submit(take).result(30)
                seen = {one.result(30) for one in pressed}
            owed = [row for row in floor.rows(Callback)["callback"] if row["call_id"] == call_id]
            if taken:
                assert (floor.entry(call_id).status, seen, owed) == ("answered", {"answered"}, [])
                floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
            else:
                assert (floor.entry(call_id).status, seen, len(owed)) == ("callback", {"promised"}, 1)
                # Her place goes on, and rings at whoever was about to take her: now, or within a second.
                with floor.database.unit_of_work(ALL) as session:
                    offer_waiting_calls(session, at=floor.now)
                assert floor.accept("Ines").call_id == owed[0]["outbound_call_id"]
                floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
                _end(floor, owed[0]["outbound_call_id"])
            _make_available(floor)
    finally:
        other.close()


def _end(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Callback).values(status="done"))
        end_outbound_call(session, call_id, at=floor.now)


def _make_available(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        presence.finish_wrap_up(session, floor.staff["Ines"], at=floor.now)
