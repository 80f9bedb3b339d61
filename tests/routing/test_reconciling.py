"""Callbacks never came: a look at the carrier puts everything right, and frees whoever was kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, update

from callcenter.core.errors import ProviderError
from callcenter.routing.arrival import admit_call, receive_call
from callcenter.routing.models import Agent, Callback, QueueEntry, Reservation
from callcenter.routing.reconciling import Reconciler
from callcenter.telephony.models import Call, CallHandling, Leg, Repair
from callcenter.telephony.provider import CarrierCall, CarrierParticipant, CarrierRoom
from callcenter.telephony.reconciling import correct_legs, look_at_carrier, open_legs
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, PATIENT, Floor

ROOM = CarrierRoom("CF1", f"call-{CALL}")
LATER = timedelta(seconds=20)
OTHER = "CA" + "b" * 32


def patient(status: str = "in-progress", sid: str = CALL) -> CarrierCall:
    return CarrierCall(sid, status, "inbound", PATIENT, LINE)


def rung(sid: str, status: str = "in-progress") -> CarrierCall:
    return CarrierCall(sid, status, "outbound-api", LINE, "client:ines")


def there(sid: str, label: str, *, on_hold: bool = False) -> CarrierParticipant:
    return CarrierParticipant(sid, label, on_hold, muted=False, coaching=False)


def look(floor: Floor, *, times: int = 1) -> list[int]:
    """How many repairs each look made."""
    reconciler = Reconciler(floor.database, floor.provider, floor.clock)
    counts = []
    for _ in range(times):
        counts.append(sum(reconciler.run().counts.values()))
        floor.clock.advance(LATER)
    return counts


def carrier_has(floor: Floor, *calls: CarrierCall, room: list[CarrierParticipant] | None = None) -> None:
    floor.provider.calls = {call.sid: call for call in calls}
    floor.provider.rooms = {ROOM: room} if room is not None else {}


def test_a_conversation_of_which_nothing_was_told_is_seen(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    sid = floor.provider.dialled[0]["sid"]
    carrier_has(floor, patient(), rung(sid), room=[there(CALL, "patient", on_hold=True), there(sid, leg.label)])
    look(floor)
    assert (floor.call(call_id).status, floor.status_of("Ines")) == ("talking", "on_call")
    assert [row["status"] for row in floor.rows(Leg)["leg"]] == ["joined", "joined"]
    assert [row["on_hold"] for row in floor.rows(Leg)["leg"]] == [True, False]
    before = floor.rows(Call, Leg, QueueEntry, Reservation, Agent)
    assert look(floor) == [0]
    assert floor.rows(Call, Leg, QueueEntry, Reservation, Agent) == before


def test_an_end_that_was_never_told_frees_the_operator(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(leg.id, LegNews.JOINED)
    carrier_has(floor, patient("completed"), rung(floor.provider.dialled[0]["sid"], "completed"))
    look(floor)
    assert (floor.call(call_id).status, floor.status_of("Ines")) == ("ended", "wrap_up")
    assert {row["kind"] for row in floor.rows(Repair)["repair"]} == {"leg_over"}


def test_a_caller_who_hung_up_in_the_dark_waits_no_longer(floor: Floor) -> None:
    call_id = floor.ring()
    carrier_has(floor, patient("completed"))
    look(floor)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "abandoned")


def test_a_caller_in_her_room_of_whom_no_webhook_told_joins_the_queue_and_rings(floor: Floor) -> None:
    floor.hire("Ines")
    carrier_has(floor, patient(), room=[there(CALL, "patient")])
    assert look(floor, times=2) == [1, 0]
    assert floor.status_of("Ines") == "reserved"
    assert [row["status"] for row in floor.rows(QueueEntry)["queue_entry"]] == ["waiting"]
    assert [row["kind"] for row in floor.rows(Repair)["repair"]] == ["caller_queued"]


def test_a_caller_whom_the_static_document_answered_is_noted_once_and_waits_nowhere(floor: Floor) -> None:
    floor.ring(OTHER)  # the last call before the dark: it says how far to look back
    carrier_has(floor, patient("completed"), patient(sid=OTHER), room=None)
    floor.provider.rooms = {CarrierRoom("CF2", f"call-{OTHER}"): [there(OTHER, "patient")]}
    look(floor, times=2)
    [noted] = [row for row in floor.rows(Call)["call"] if row["sid"] == CALL]
    assert (noted["handling"], noted["status"]) == ("fallback", "ended")
    assert len(floor.rows(QueueEntry)["queue_entry"]) == 1
    assert [row["kind"] for row in floor.rows(Repair)["repair"]].count("caller_noted") == 1


def in_the_dark(floor: Floor, *children: CarrierCall, seconds: int = 40, number: str = PATIENT) -> None:
    """A caller heard the static document ten minutes ago; ``children`` are what it dialled."""
    began_at = floor.now - timedelta(minutes=10)
    ended_at = began_at + timedelta(seconds=seconds)
    heard = CarrierCall(CALL, "completed", "inbound", number, LINE, began_at=began_at, ended_at=ended_at)
    carrier_has(floor, heard, *children)


def backup(status: str) -> CarrierCall:
    return CarrierCall(OTHER, status, "outbound-dial", LINE, "+33199001777", parent_sid=CALL)


@pytest.mark.parametrize("children", [[], [backup("no-answer")]])
def test_who_heard_the_static_document_is_owed_a_call_since_she_hung_up(
    floor: Floor, children: list[CarrierCall]
) -> None:
    in_the_dark(floor, *children)
    hung_up_at = floor.now - timedelta(minutes=10) + timedelta(seconds=40)
    look(floor, times=2)
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["number"], owed["status"], owed["losses"], owed["opened_at"]) == (PATIENT, "open", 1, hung_up_at)


def test_who_spoke_at_the_backup_number_hung_up_at_once_or_hides_hers_is_owed_nothing(floor: Floor) -> None:
    in_the_dark(floor, backup("completed"))
    look(floor)
    for sid, seconds, number in (("CA" + "c" * 32, 4, PATIENT), ("CA" + "d" * 32, 40, "anonymous")):
        in_the_dark(floor, seconds=seconds, number=number)
        floor.provider.calls = {sid: replace(floor.provider.calls[CALL], sid=sid)}
        look(floor)
    assert [row["kind"] for row in floor.rows(Repair)["repair"]].count("caller_noted") == 3
    assert floor.rows(Callback)["callback"] == []


def test_who_is_put_through_after_she_was_noted_is_owed_nothing_any_more(floor: Floor) -> None:
    carrier_has(floor, patient(), backup("ringing"))
    look(floor, times=2)
    assert [row["status"] for row in floor.rows(Callback)["callback"]] == ["open"]
    carrier_has(floor, patient(), backup("in-progress"))
    look(floor, times=2)
    carrier_has(floor, patient("completed"), backup("completed"))
    look(floor)
    assert [row["status"] for row in floor.rows(Callback)["callback"]] == ["done"]


def test_an_answer_elsewhere_that_was_never_reported_is_found_at_the_carrier(floor: Floor) -> None:
    call_id = floor.ring()
    floor.clock.advance(timedelta(seconds=60))
    with floor.database.unit_of_work(ALL) as session:
        gone = {"status": "overflow", "left_at": floor.now, "overflowed_at": floor.now, "sent_at": floor.now}
        session.execute(update(QueueEntry).values(**gone))
    carrier_has(floor, patient("completed"), backup("completed"))
    look(floor)
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "overflow")
    assert {row["status"] for row in floor.rows(Callback)["callback"]} <= {"done"}


def test_a_live_caller_in_no_room_is_believed_only_at_the_second_look(floor: Floor) -> None:
    carrier_has(floor, patient())
    assert look(floor, times=3) == [0, 1, 0]
    assert [row["handling"] for row in floor.rows(Call)["call"]] == ["fallback"]


@pytest.mark.parametrize("handling", [CallHandling.FALLBACK, CallHandling.ANNOUNCED])
def test_a_caller_who_turns_up_in_her_room_after_all_has_a_place(floor: Floor, handling: CallHandling) -> None:
    """She was still hearing a sentence when two looks found her in no room; nobody else would see her wait."""
    with floor.database.unit_of_work(ALL) as session:
        received = receive_call(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now, handling=handling)
    assert received is not None
    carrier_has(floor, patient())
    look(floor)
    assert floor.rows(QueueEntry)["queue_entry"] == []
    carrier_has(floor, patient(), room=[there(CALL, "patient")])
    floor.hire("Ines")
    reconciler = Reconciler(floor.database, floor.provider, floor.clock)
    reconciler.run()
    reconciler.run()
    assert floor.entry(received.call_id).status == "waiting"
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    assert floor.call(received.call_id).status == "talking"


def test_who_is_in_her_room_without_having_passed_the_gate_waits_for_her_digits(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        receive_call(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now, handling=CallHandling.GATED)
    carrier_has(floor, patient(), room=[there(CALL, "patient")])
    look(floor)
    with floor.database.unit_of_work(ALL) as session:
        assert admit_call(session, CALL, urgent=True, at=floor.now)
    assert [row["urgent"] for row in floor.rows(QueueEntry)["queue_entry"]] == [True]


def test_what_is_heard_during_the_look_is_newer(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    carrier_has(floor, patient("completed"))

    def hear_meanwhile(_sid: str) -> CarrierCall:
        floor.hear(floor.patient_leg(call_id), LegNews.HELD)
        return patient("completed")

    floor.provider.find_call = hear_meanwhile  # type: ignore[method-assign]
    look(floor)
    assert floor.call(call_id).status == "waiting"
    del floor.provider.find_call
    look(floor)
    assert floor.call(call_id).status == "ended"


def test_a_leg_whose_name_was_never_learned_is_found_by_its_label(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.provider.refusing = ProviderError("no answer", permanent=False, unknown=True)
    leg = floor.accept("Ines")
    floor.provider.refusing = None
    sid = "CA" + "c" * 32
    carrier_has(floor, patient(), rung(sid), room=[there(CALL, "patient"), there(sid, leg.label)])
    look(floor)
    assert [row["sid"] for row in floor.rows(Leg)["leg"]] == [CALL, sid]
    assert floor.call(call_id).status == "talking"


def test_a_room_left_open_is_closed(floor: Floor) -> None:
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    carrier_has(floor, patient(), room=[there(CALL, "patient")])
    assert look(floor) == [0]  # it may have been listed before it closed
    carrier_has(floor, patient(), room=[there(CALL, "patient")])
    assert look(floor) == [1]
    assert floor.provider.ended == [ROOM.name]
    assert [row["kind"] for row in floor.rows(Repair)["repair"]] == ["room_closed"]


def test_one_telephone_that_may_not_be_asked_after_hides_no_other(floor: Floor) -> None:
    calls = [floor.ring(), floor.ring(OTHER)]

    def ask(sid: str) -> CarrierCall:
        if sid == CALL:
            raise ProviderError("not of this account", permanent=True, code=20003)
        return patient("completed", OTHER)

    floor.provider.find_call = ask  # type: ignore[method-assign]
    look(floor)
    assert [floor.call(call_id).status for call_id in calls] == ["waiting", "ended"]


def test_a_look_that_finds_all_as_it_is_touches_no_call(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    sid = floor.provider.dialled[0]["sid"]
    carrier_has(floor, patient(), rung(sid), room=[there(CALL, "patient"), there(sid, leg.label)])
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(floor.database.engine, "before_cursor_execute", note)
    assert (
        correct_legs(
            floor.database, floor.provider, open_legs(floor.database), look_at_carrier(floor.provider), floor.clock
        )
        == 0
    )
    event.remove(floor.database.engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_with_the_carrier_out_of_reach_nothing_is_changed(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    floor.accept("Ines")
    before = floor.rows(Call, Leg, QueueEntry, Reservation, Agent)
    floor.provider.refusing = ProviderError("the carrier cannot be reached", permanent=False)
    assert look(floor) == [0]
    assert floor.rows(Call, Leg, QueueEntry, Reservation, Agent) == before


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_telephone_that_was_never_answered_gives_the_caller_back(floor: Floor, status: str) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.accept("Ines")
    sid = floor.provider.dialled[0]["sid"]
    carrier_has(floor, patient(), rung(sid, status), room=[there(CALL, "patient")])
    look(floor)
    assert (floor.entry(call_id).status, floor.status_of("Ines")) == ("waiting", "break_")


def test_a_telephone_given_up_on_and_picked_up_all_the_same_is_seen(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.GIVEN_UP)
    sid = floor.provider.dialled[0]["sid"]
    carrier_has(floor, patient(), rung(sid, "ringing"), room=[there(CALL, "patient")])
    look(floor)
    assert [row["status"] for row in floor.rows(Leg)["leg"]] == ["joined", "failed"]
    carrier_has(floor, patient(), rung(sid), room=[there(CALL, "patient"), there(sid, leg.label)])
    look(floor)
    assert [row["status"] for row in floor.rows(Leg)["leg"]] == ["joined", "joined"]


def test_a_report_that_was_only_on_its_way_is_no_repair(floor: Floor) -> None:
    call_id = floor.ring()
    carrier_has(floor, patient("completed"))
    reconciler = Reconciler(
        floor.database,
        floor.provider,
        floor.clock,
        settle=lambda: floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP),
    )
    assert reconciler.run().counts == {}
    assert floor.rows(Repair)["repair"] == []


def test_a_call_taken_before_the_first_look_does_not_hide_those_of_the_dark(floor: Floor) -> None:
    floor.ring(OTHER)
    went_dark = floor.now
    floor.clock.advance(timedelta(hours=1))
    reconciler = Reconciler(floor.database, floor.provider, floor.clock)
    floor.clock.advance(timedelta(minutes=2))
    floor.ring("CA" + "d" * 32)
    asked: list[datetime] = []
    floor.provider.calls_since = lambda since: asked.append(since) or []  # type: ignore[method-assign,func-returns-value]
    reconciler.run()
    assert asked == [went_dark - timedelta(minutes=1)]


def test_a_telephone_that_only_rings_is_in_no_room(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    sid = floor.provider.dialled[0]["sid"]
    rings = replace(there(sid, leg.label), is_connected=False)
    carrier_has(floor, patient(), rung(sid, "ringing"), room=[there(CALL, "patient"), rings])
    look(floor)
    assert [row["status"] for row in floor.rows(Leg)["leg"]] == ["joined", "ringing"]
    assert floor.call(call_id).status == "waiting"
