"""A practice is flooded: its own patients and emergencies pass, strangers press two digits, others notice nothing."""

from collections.abc import Iterator
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callcenter.directory.models import Patient, Practice, PracticeLine
from callcenter.routing.models import QueueEntry, Reservation
from callcenter.telephony.gate_twiml import EMERGENCY_CODES, gate_code
from callcenter.telephony.models import Call, CallHandling
from callcenter.web import webhooks
from callcenter.web.context import World
from tests.floor import ALL, LINE, MONDAY, PATIENT, Floor
from tests.web.webhooks.conftest import Carrier

OTHER_LINE = "+33199005678"
STRANGER = "+33639980042"


def sid(number: int) -> str:
    return f"CA{number:032x}"


def code_of(floor: Floor, call_sid: str) -> str:
    return gate_code(call_sid, secret=floor.settings.secret_key.get_secret_value())


def handling_of(floor: Floor, call_sid: str) -> CallHandling:
    [call] = [row for row in floor.rows(Call)["call"] if row["sid"] == call_sid]
    return CallHandling(call["handling"])


def is_queued(floor: Floor, call_sid: str) -> bool:
    rows = floor.rows(Call, QueueEntry)
    [call] = [row for row in rows["call"] if row["sid"] == call_sid]
    return any(entry["call_id"] == call["id"] for entry in rows["queue_entry"])


@pytest.fixture
def flooded(floor: Floor) -> Iterator[Carrier]:
    """Sixty calls of strangers in one minute; the practice knows one patient, and another practice has a line too."""
    with floor.database.unit_of_work(ALL) as session:
        other = Practice(code="pins", name="Pins", short_name="Pins", created_at=MONDAY, mode="training")
        session.add(other)
        session.flush()
        session.add(PracticeLine(practice_id=other.id, number=OTHER_LINE, label=""))
        session.add(
            Patient(practice_id=1, family_name="Vasseur", phone=PATIENT, search_key="vasseur", created_at=MONDAY)
        )
    app = FastAPI()
    app.state.world = World(
        settings=floor.settings, database=floor.database, clock=floor.clock, provider=floor.provider
    )
    app.state.world.lines.refresh(floor.database)
    app.include_router(webhooks.router)
    with TestClient(app, base_url="http://elsewhere.internal") as client:
        carrier = Carrier(client, floor)
        for number in range(60):
            carrier.ring(sid(number), From=f"+336399810{number:02d}")
        yield carrier


def test_a_flood_is_asked_for_two_digits_and_others_are_let_through(flooded: Carrier, floor: Floor) -> None:
    kept = [handling_of(floor, sid(number)) for number in range(60)]
    assert kept == [CallHandling.QUEUE] * 12 + [CallHandling.GATED] * 48
    asked = ET.fromstring(flooded.ring(sid(100), From=STRANGER).text)
    assert asked.find("Gather/Say") is not None
    first, second = code_of(floor, sid(100))
    said = "".join(asked.itertext())
    assert f"{first}, puis {second}" in said
    assert "1, puis 5" in said
    # Her own patient, and whoever calls another practice, go straight to the queue.
    assert "<Conference" in flooded.ring(sid(101), From=PATIENT).text
    assert "<Conference" in flooded.ring(sid(102), From=STRANGER, To=OTHER_LINE).text
    # Withheld: nobody knows her.
    assert "<Gather" in flooded.ring(sid(103), From="anonymous").text


def test_the_right_digits_let_her_in_once(flooded: Carrier, floor: Floor) -> None:
    flooded.ring(sid(100), From=STRANGER)
    assert not is_queued(floor, sid(100))
    for _twice in range(2):
        answer = flooded.post(
            "/twilio/gate?attempt=0", CallSid=sid(100), To=LINE, From=STRANGER, Digits=code_of(floor, sid(100))
        )
        assert f"call-{sid(100)}" in answer.text
    assert is_queued(floor, sid(100))
    assert len(floor.rows(QueueEntry)["queue_entry"]) == 13


def test_an_emergency_passes_at_once_before_everybody(flooded: Carrier, floor: Floor) -> None:
    flooded.ring(sid(100), From=STRANGER)
    flooded.post("/twilio/gate?attempt=0", CallSid=sid(100), To=LINE, From=STRANGER, Digits="15")
    floor.hire("Ines")
    [call] = [row for row in floor.rows(Call)["call"] if row["sid"] == sid(100)]
    [entry] = [row for row in floor.rows(QueueEntry)["queue_entry"] if row["call_id"] == call["id"]]
    [offer] = floor.rows(Reservation)["reservation"]
    assert (entry["urgent"], offer["queue_entry_id"]) == (True, entry["id"])


def test_wrong_digits_are_asked_for_twice_more_then_the_emergency_number_is_told(
    flooded: Carrier, floor: Floor
) -> None:
    address, asked = "/twilio/gate?attempt=0", 0
    flooded.ring(sid(100), From=STRANGER)
    while True:
        answer = flooded.post(address, CallSid=sid(100), To=LINE, From=STRANGER, Digits="")
        gather = ET.fromstring(answer.text).find("Gather")
        if gather is None:
            break
        address, asked = gather.get("action", "").split("example.org")[1].split("#")[0], asked + 1
    assert asked == 2
    assert "composez le 15" in answer.text
    assert "<Hangup" in answer.text
    assert not is_queued(floor, sid(100))


def test_who_passed_while_the_database_was_away_joins_the_queue_from_her_room(flooded: Carrier, floor: Floor) -> None:
    flooded.ring(sid(100), From=STRANGER)
    flooded.post("/twilio/wait", CallSid=sid(100), To=LINE, From=STRANGER, Direction="inbound")
    flooded.client.app.state.world.voice.drain()  # type: ignore[attr-defined]
    assert is_queued(floor, sid(100))


def test_after_a_quiet_minute_nobody_is_asked(flooded: Carrier, floor: Floor) -> None:
    floor.clock.advance(timedelta(seconds=61))
    assert "<Conference" in flooded.ring(sid(100), From=STRANGER).text


def test_no_code_is_an_emergency_or_one_digit_twice() -> None:
    codes = {gate_code(sid(number), secret="s" * 32) for number in range(500)}
    assert len(codes) > 30
    assert not codes & EMERGENCY_CODES
    assert all(len(code) == 2 and code[0] != code[1] for code in codes)
