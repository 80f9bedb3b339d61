"""A call comes in: the same rows, offers and news whichever database keeps them, and whoever else is at it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.routing.arrival import Received, find_lost_caller, receive_call
from callcenter.routing.events import CallOffered, CallQueued
from callcenter.routing.models import Callback, QueueEntry, Reservation
from callcenter.routing.offers import decline_offer
from callcenter.telephony.calls import HUNG_UP
from callcenter.telephony.events import CallReceived
from callcenter.telephony.models import Call, CallHandling, Leg
from callcenter.telephony.receipts import is_first
from tests.floor import ALL, CALL, LINE, PATIENT, Floor

WEBHOOK = Centre(CentreReason.WEBHOOK)
SECOND = "CA" + "b" * 32


def receive(database: Database, floor: Floor, sid: str = CALL, **more: CallHandling) -> Received:
    with database.voice_work(WEBHOOK) as session:
        received = receive_call(session, sid=sid, to_number=LINE, from_number=PATIENT, at=floor.now, **more)
    assert received is not None
    return received


def test_whoever_listens_hears_of_a_call_its_place_and_its_offer(floor: Floor) -> None:
    floor.hire("Ines")
    heard: list[object] = []
    for kind in (CallReceived, CallQueued, CallOffered):
        floor.database.bus.subscribe(kind, lambda _session, event: heard.append(event))
    call = receive(floor.database, floor)
    [offer] = floor.rows(Reservation)["reservation"]
    own = {"call_id": call.call_id, "practice_id": call.practice_id, "at": floor.now}
    assert heard == [
        CallReceived(**own),
        CallQueued(**own),
        CallOffered(**own, staff_id=floor.staff["Ines"], reservation_id=offer["id"]),
    ]
    receive(floor.database, floor)
    assert len(heard) == 3


def test_the_screens_concerned_are_told(floor: Floor) -> None:
    floor.hire("Ines")
    with floor.database.voice_work(WEBHOOK) as session:
        receive_call(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now)
        told = set(session.info["topics"])
    [call] = floor.rows(Call)["call"]
    assert told == {"queue", f"desk-{floor.staff['Ines']}", f"call-{call['id']}"}


@pytest.mark.parametrize("handling", [CallHandling.ANNOUNCED, CallHandling.GATED])
def test_who_is_not_to_wait_is_only_recorded_and_keeps_her_first_handling(floor: Floor, handling: CallHandling) -> None:
    floor.hire("Ines")
    first = receive(floor.database, floor, handling=handling)
    again = receive(floor.database, floor)
    assert (first.handling, again.handling, first.is_new, again.is_new) == (handling, handling, True, False)
    rows = floor.rows(Call, Leg, QueueEntry, Reservation)
    assert [len(found) for found in rows.values()] == [1, 1, 0, 0]
    assert floor.status_of("Ines") == "available"


def test_a_newcomer_rings_for_her_who_declined_the_only_other(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    with floor.database.unit_of_work(ALL) as session:
        offer = session.scalars(select(Reservation.id)).one()
        decline_offer(session, offer, staff_id=floor.staff["Ines"], at=floor.now)
    second = receive(floor.database, floor, SECOND)
    assert floor.accept("Ines").call_id == second.call_id


def test_an_end_that_came_first_asks_nobody(floor: Floor) -> None:
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        assert is_first(session, HUNG_UP, CALL, at=floor.now)
    call = receive(floor.database, floor)
    assert (floor.call(call.call_id).status, floor.entry(call.call_id).status) == ("ended", "abandoned")
    assert floor.rows(Reservation)["reservation"] == []
    assert floor.status_of("Ines") == "available"


def test_who_hung_up_before_her_call_could_be_written_down_has_waited_until_then(floor: Floor) -> None:
    came_at = floor.now
    floor.clock.advance(timedelta(seconds=60))
    with floor.database.unit_of_work(ALL) as session:
        assert is_first(session, HUNG_UP, CALL, at=floor.now)
    with floor.database.voice_work(WEBHOOK) as session:  # what the webhook began a minute ago, at last
        receive_call(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=came_at)
    [entry] = floor.rows(QueueEntry)["queue_entry"]
    assert (entry["joined_at"], entry["left_at"]) == (came_at, floor.now)
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["number"], owed["status"], owed["opened_at"]) == (PATIENT, "open", floor.now)


def test_who_waits_in_her_room_although_nothing_was_kept_is_queued_once(floor: Floor) -> None:
    for expected in (True, False):
        with floor.database.unit_of_work(WEBHOOK) as session:
            found = find_lost_caller(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now)
        assert (found is not None) is expected
    [leg] = floor.rows(Leg)["leg"]
    assert (leg["status"], floor.entry(leg["call_id"]).status) == ("joined", "waiting")


def test_two_processes_at_once_keep_one_call_and_ring_for_different_operators(floor: Floor) -> None:
    floor.hire("Ines", "Lea", "Maud", "Nora")
    other = Database(floor.database.url)
    together = threading.Barrier(2)

    def ring(database: Database, sids: list[str]) -> list[bool]:
        together.wait()
        return [receive(database, floor, sid).is_new for sid in sids]

    # Two calls reach both of them, one more reaches each.
    both, own = [CALL, SECOND], ["CA" + "c" * 32, "CA" + "d" * 32]
    try:
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(ring, (floor.database, other), ([*both, own[0]], [*both, own[1]])))
    finally:
        other.close()
    assert sum(made[0]) + sum(made[1]) == 4
    rows = floor.rows(Call, Leg, QueueEntry, Reservation)
    assert [len(found) for found in (rows["call"], rows["leg"], rows["queue_entry"])] == [4, 4, 4]
    offers = rows["reservation"]
    assert len({row["staff_id"] for row in offers}) == len({row["call_id"] for row in offers}) == len(offers) == 4
