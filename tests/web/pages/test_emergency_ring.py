"""Ringing an emergency line with a ticket: with the database, without it, and never further than the ticket goes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import delete, select
from twilio.request_validator import RequestValidator

from callcenter.core.db import Database
from callcenter.core.errors import Forbidden, ProviderError
from callcenter.core.i18n import load_catalogues
from callcenter.core.phone import is_fictional
from callcenter.desk.emergency import begin_relay, save_place
from callcenter.desk.emergency_ticket import (
    LASTS,
    WRITTEN_DOWN_WITHIN,
    EmergencyTicket,
    expiry,
    line_of,
    open_ticket,
    seal_ticket,
)
from callcenter.desk.models import CallNote, EmergencyRelay
from callcenter.directory.models import Practice, StaffSession
from callcenter.main import wire_events
from callcenter.messaging.models import OutboxMessage
from callcenter.routing.desk_claim import claim_desk
from callcenter.routing.models import Agent, AgentStatus
from callcenter.routing.reconciling import Reconciler
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import CarrierCall, CarrierParticipant, CarrierRoom
from callcenter.telephony.state import LegNews
from callcenter.web import webhooks
from callcenter.web.at_once import act_at_once
from callcenter.web.context import World
from callcenter.web.deadline import Workers
from callcenter.web.pages import emergency_ring
from tests.floor import ALL, CALL, LINE, MONDAY, PATIENT, Floor

SECRET = "s" * 32
SAMU, SECOND = "+33261911544", "+33261911545"
ROOM = CarrierRoom(sid="CF1", name=f"call-{CALL}")
SID = "CA" + "e" * 32
DAY = timedelta(days=1)


@dataclass
class Desk:
    """Ines talks with a patient; her browser holds the ticket of the call."""

    floor: Floor
    world: World
    browser: TestClient
    ticket: EmergencyTicket

    def post(
        self, path: str = "/emergency/ring", *, ticket: EmergencyTicket | str | None = None, **body: Any
    ) -> Response:
        sealed = ticket if isinstance(ticket, str) else seal_ticket(ticket or self.ticket, secret=SECRET)
        sent = body or {"attempt": 1, "place": 0}
        return self.browser.post(path, headers={"Emergency-Ticket": sealed}, content=json.dumps(sent))

    def state(self, **query: Any) -> dict[str, Any]:
        sealed = seal_ticket(self.ticket, secret=SECRET)
        answer = self.browser.get("/emergency/ring", headers={"Emergency-Ticket": sealed}, params=query)
        found: dict[str, Any] = answer.json()
        return found

    @contextmanager
    def stall(self) -> Iterator[None]:
        """Whoever needs the database waits, as behind a dead line."""
        gate = threading.Event()
        database = self.floor.database
        work, ordinary = database.voice_work, database.unit_of_work

        @contextmanager
        def stuck(*args: Any) -> Iterator[Any]:
            gate.wait(20)
            with work(*args) as session:
                yield session

        database.voice_work = database.unit_of_work = stuck  # type: ignore[method-assign, assignment]
        patience, self.world.urgent.deadline = self.world.urgent.deadline, 0.3
        try:
            yield
        finally:
            self.world.urgent.deadline = patience
            database.voice_work, database.unit_of_work = work, ordinary  # type: ignore[method-assign]
            gate.set()
            self.settle()

    def settle(self) -> None:
        for workers in (self.world.urgent, self.world.direct, self.world.late, self.world.reports):
            workers.drain()

    def legs(self) -> list[Leg]:
        with self.floor.database.reading(ALL) as session:
            return list(session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY).order_by(Leg.id)))

    def relays(self) -> list[EmergencyRelay]:
        with self.floor.database.reading(ALL) as session:
            return list(session.scalars(select(EmergencyRelay)))

    def rung(self) -> list[tuple[str, str]]:
        return [(one["label"], one["to"]) for one in self.floor.provider.dialled if one["label"] != "operator-1"]

    def report(self, path: str, **params: str) -> Response:
        form = {"AccountSid": self.floor.settings.twilio_account_sid, **params}
        signed = RequestValidator("token").compute_signature(self.floor.settings.public_url + path, form)
        answer = self.browser.post(path, data=form, headers={"X-Twilio-Signature": signed})
        self.settle()
        return answer


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    load_catalogues()
    database.bus = wire_events()
    floor = Floor(database)
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with database.unit_of_work(ALL) as session:
        practice = session.scalars(select(Practice)).one()
        practice.emergency_number, practice.emergency_label = SAMU, "SAMU 44"
        practice_id = practice.id
        signed_in = StaffSession(
            token_hash="t" * 64, staff_id=floor.staff["Ines"], created_at=floor.now, expires_at=floor.now + DAY
        )
        session.add(signed_in)
        session.flush()
        session_id = signed_in.id
    floor.provider.rooms[ROOM] = [
        CarrierParticipant(call_sid=CALL, label="patient", on_hold=False, muted=False, coaching=False)
    ]
    # Where no stall is played the database answers, however slow the machine.
    urgent = Workers("urgent", threads=6, deadline=30.0)
    world = World(floor.settings, database, floor.clock, floor.provider, urgent=urgent)
    act_at_once(world)
    app = FastAPI()
    app.state.world = world
    app.include_router(emergency_ring.router)
    app.include_router(webhooks.router)
    ticket = EmergencyTicket(
        practice_id=practice_id,
        call_id=call_id,
        call_sid=CALL,
        staff_id=floor.staff["Ines"],
        session_id=session_id,
        mode="training",
        country="FR",
        caller=LINE,
        lines=((SAMU, "SAMU 44"), (SECOND, "SAMU 44, seconde ligne")),
        expires_at=expiry(floor.now),
    )
    browser = TestClient(app)
    yield Desk(floor, world, browser, ticket)
    browser.close()
    for workers in (world.urgent, world.direct, world.late, world.reports):
        workers.close(timeout=3)


def test_with_the_database_there_it_is_the_ordinary_relay(desk: Desk) -> None:
    for _twice in range(2):
        told = desk.post().json()
        assert (told["by"], told["attempt"]) == ("ordinary", 1)
    desk.settle()

    assert desk.rung() == [("emergency-1", SAMU)]
    assert [(leg.label, leg.status) for leg in desk.legs()] == [("emergency-1", LegStatus.DIALLING)]
    assert len(desk.relays()) == 1


def test_without_the_database_the_carrier_is_told_and_the_rows_agree_once_it_is_back(desk: Desk) -> None:
    with desk.stall():
        told = desk.post().json()
        assert (told["by"], told["attempt"], told["number"]) == ("direct", 1, SAMU)
        assert desk.rung() == [("emergency-1", SAMU)]
        assert desk.legs() == []
        # A nervous second Enter meanwhile.
        desk.post()
    assert desk.rung() == [("emergency-1", SAMU)]

    (leg,) = desk.legs()
    assert (leg.label, leg.address, leg.name, leg.sid) == ("emergency-1", SAMU, "SAMU 44", told["sid"])
    assert leg.status == LegStatus.DIALLING
    (relay,) = desk.relays()
    assert (relay.leg_id, relay.number, relay.staff_id) == (leg.id, SAMU, desk.ticket.staff_id)


def test_neither_jobs_nor_outbox_have_a_part_in_it(desk: Desk) -> None:
    with desk.stall():
        desk.post()

    with desk.floor.database.reading(ALL) as session:
        assert session.scalars(select(OutboxMessage.id)).all() == []
    # The handler of the report dials the next line, no ticker.
    (leg,) = desk.legs()
    path = f"/twilio/leg?room={CALL}&label=emergency-1"
    desk.report(path, CallSid=str(leg.sid), CallStatus="busy", To=SAMU, SequenceNumber="1")
    assert [one.status for one in desk.legs()][:1] == [LegStatus.FAILED]


def test_an_order_that_comes_late_rings_nobody(desk: Desk) -> None:
    """What was abandoned in a stalled database must not ring a regulator when everything has been said."""
    with desk.stall():
        desk.post()
        desk.floor.provider.dialled.clear()  # that line is over, and its label free again
    desk.settle()

    assert desk.rung() == []
    assert len(desk.legs()) == 1


@pytest.mark.parametrize("place", range(6))
def test_in_training_a_ticket_rings_no_real_line(desk: Desk, place: int) -> None:
    """Even a ticket that names real numbers, which none of ours does."""
    lines = ((SAMU, ""), ("15", ""), ("112", ""), ("+33240083737", ""), ("+3225249889", ""), (SECOND, ""))
    ticket = replace(desk.ticket, lines=lines)
    with desk.stall():
        answer = desk.post(ticket=ticket, attempt=1, place=place)

    number = lines[place][0]
    assert answer.status_code == (200 if is_fictional(number) else 403)
    assert [to for _, to in desk.rung()] == ([number] if is_fictional(number) else [])
    assert isinstance(line_of(replace(ticket, mode="live"), place), tuple)


def test_a_patient_who_has_left_is_not_replaced_by_an_empty_room(desk: Desk) -> None:
    desk.floor.provider.rooms.clear()
    with desk.stall():
        answer = desk.post()

    assert (answer.status_code, "coupée" in answer.json()["sentence"]) == (409, True)
    assert desk.rung() == []


def test_a_carrier_that_cannot_say_who_is_there_rings_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> list[CarrierRoom]:
        raise ProviderError("no answer", permanent=False)

    monkeypatch.setattr(desk.floor.provider, "open_rooms", silent)
    with desk.stall():
        assert desk.post().json()["by"] == "direct"
    assert desk.rung() == [("emergency-1", SAMU)]


def test_one_line_at_a_time_also_at_the_carrier(desk: Desk) -> None:
    desk.floor.provider.rooms[ROOM].append(line("emergency-2", is_connected=False))
    with desk.stall():
        told = desk.post(attempt=3, place=1).json()

    assert (told["attempt"], told["sid"]) == (2, SID)
    assert desk.rung() == []


def test_a_patient_on_hold_is_taken_back(desk: Desk) -> None:
    desk.floor.provider.rooms[ROOM] = [
        CarrierParticipant(call_sid=CALL, label="patient", on_hold=True, muted=False, coaching=False)
    ]
    with desk.stall():
        desk.post()

    assert desk.floor.provider.held == [(ROOM.name, CALL, False)]


@pytest.mark.parametrize(
    ("participants", "call_status", "told"),
    [
        (True, "in-progress", "answered"),
        (False, "ringing", "ringing"),
        (None, "busy", "in_vain"),
        (None, "no-answer", "in_vain"),
        (None, "completed", "cut"),
        (None, "queued", "ringing"),
        (None, "", "none"),
    ],
)
def test_where_the_line_stands_is_asked_of_the_carrier(
    desk: Desk, participants: bool | None, call_status: str, told: str
) -> None:
    if participants is not None:
        desk.floor.provider.rooms[ROOM].append(line("emergency-1", is_connected=participants))
    if call_status:
        desk.floor.provider.calls[SID] = CarrierCall(SID, call_status, "outbound-api", LINE, SAMU)
    with desk.stall():
        assert desk.state(attempt=1, sid=SID) == {"state": told, "patient": "there"}


def test_what_was_typed_and_noted_meanwhile_is_kept_and_empties_nothing(desk: Desk) -> None:
    with desk.stall():
        rung = desk.post().json()
        waiting = desk.post("/emergency/kept", address="3 rue des Lilas", rung=[])
        assert waiting.status_code == 503
    desk.floor.provider.calls[rung["sid"]] = CarrierCall(rung["sid"], "no-answer", "outbound-api", LINE, SAMU)
    told_at = desk.floor.now + timedelta(hours=3)  # a browser whose clock is ahead
    body = {
        "caller": "Mme Vasseur",
        "address": "3 rue des Lilas, Rezé",
        "detail": "code 27B4",
        "callback": "06 39",
        "taken_over_at": told_at.timestamp() * 1000,
        "rung": [{"attempt": 1, "place": 0, "sid": rung["sid"]}],
    }
    desk.floor.clock.advance(timedelta(seconds=30))
    for _twice in range(2):
        assert desk.post("/emergency/kept", **body).status_code == 204
    assert desk.post("/emergency/kept", address="", rung=[]).status_code == 204

    (relay,) = desk.relays()
    assert (relay.address, relay.address_detail) == ("3 rue des Lilas, Rezé", "code 27B4")
    assert relay.caller == "Mme Vasseur"
    assert relay.taken_over_at == desk.floor.now
    assert len(desk.legs()) == 1


def test_a_patient_whose_line_drops_is_rung_back_through_the_carrier_once(desk: Desk) -> None:
    ticket = replace(desk.ticket, patient_number=PATIENT)
    rooms = desk.floor.provider.rooms
    with desk.stall():
        assert desk.post("/emergency/patient", ticket=ticket).json() == {"rung": False}  # she is there
        rooms[ROOM] = [line("operator-1", is_connected=True)]
        assert desk.state(attempt=1)["patient"] == "gone"
        for is_rung in (True, False):  # asked twice at once, before the carrier shows her: its label is taken
            assert desk.post("/emergency/patient", ticket=ticket).json() == {"rung": is_rung}
        rooms[ROOM].append(line("patient-2", is_connected=False))
        assert desk.state(attempt=1)["patient"] == "ringing"
        assert desk.post("/emergency/patient", ticket=ticket).json() == {"rung": False}
    assert desk.rung() == [("patient-2", PATIENT)]


def test_who_cannot_or_may_not_be_rung_back_is_not(desk: Desk) -> None:
    rooms = desk.floor.provider.rooms
    rooms[ROOM] = [line("operator-1", is_connected=True)]
    refused = {}
    for number in ("", "15", PATIENT):
        if number == PATIENT:
            rooms[ROOM] = []  # nobody would be there for her
        answer = desk.post("/emergency/patient", ticket=replace(desk.ticket, patient_number=number))
        refused[number] = answer.status_code
    assert refused == {"": 409, "15": 403, PATIENT: 409}
    assert desk.rung() == []


@pytest.mark.parametrize("status", [AgentStatus.ON_CALL, AgentStatus.WRAP_UP])
def test_what_she_typed_goes_to_the_colleague_who_has_the_patient_by_then(desk: Desk, status: AgentStatus) -> None:
    floor = desk.floor
    floor.hire("Lea")
    with floor.database.unit_of_work(ALL) as session:
        call_id = desk.ticket.call_id
        begin_relay(session, floor.call(call_id), staff_id=floor.staff["Ines"], at=floor.now)
        lea, ines = session.get_one(Agent, floor.staff["Lea"]), session.get_one(Agent, floor.staff["Ines"])
        ines.status, ines.call_id = AgentStatus.AVAILABLE, None
        lea.status, lea.call_id = status, call_id
        session.flush()
        typed = {"caller": "", "address": "8 impasse des Tanneurs, Lille", "detail": "", "callback": ""}
        save_place(session, call_id, **typed, staff_id=floor.staff["Lea"])

    body = {"caller": "Mme Vasseur", "address": "12 rue des Acacias, Rezé", "detail": "code 27B4"}
    for _twice in range(2):
        answer = desk.post("/emergency/kept", **body, taken_over_at=floor.now.timestamp() * 1000, rung=[])
        assert answer.status_code == 200
        assert answer.json()["sentence"]

    (relay,) = desk.relays()
    assert (relay.caller, relay.address, relay.address_detail) == (
        "Mme Vasseur",
        "8 impasse des Tanneurs, Lille",
        "code 27B4",
    )
    assert relay.taken_over_at is None  # hers to hear
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(CallNote.words)).all() == ["Ines: 12 rue des Acacias, Rezé"]


@pytest.mark.parametrize(
    ("known", "typed", "rung_back_at", "noted"),
    [
        (PATIENT, "06 39 98 14 72", PATIENT, []),  # the form came with it
        (None, "06 39 98 14 77", "+33639981477", []),
        (PATIENT, "06 39 98 14 77", PATIENT, ["Ines: 06 39 98 14 77"]),
        (None, "06 39", None, ["Ines: 06 39"]),
    ],
)
def test_the_number_she_typed_is_noted_for_a_colleague_only_when_it_tells_her_something(
    desk: Desk, known: str | None, typed: str, rung_back_at: str | None, noted: list[str]
) -> None:
    floor, call_id = desk.floor, desk.ticket.call_id
    floor.hire("Lea")
    with floor.database.unit_of_work(ALL) as session:
        session.get_one(Call, call_id).from_number = known
        begin_relay(session, session.get_one(Call, call_id), staff_id=floor.staff["Ines"], at=floor.now)
        lea, ines = session.get_one(Agent, floor.staff["Lea"]), session.get_one(Agent, floor.staff["Ines"])
        ines.status, ines.call_id = AgentStatus.AVAILABLE, None
        lea.status, lea.call_id = AgentStatus.ON_CALL, call_id

    for _twice in range(2):
        assert desk.post("/emergency/kept", callback=typed, rung=[]).status_code == 200

    (relay,) = desk.relays()
    assert relay.callback_number == rung_back_at
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(CallNote.words)).all() == noted
        filled = rung_back_at if known is None else None
        assert session.get_one(Call, call_id).callback_number == filled


def test_a_process_that_died_leaves_the_line_to_the_look_at_the_carrier(desk: Desk) -> None:
    """Nothing was written down: who rings in our room under our label is taken in."""
    floor = desk.floor
    floor.provider.rooms[ROOM].append(line("emergency-1", is_connected=True))
    floor.provider.calls[SID] = CarrierCall(SID, "in-progress", "outbound-api", LINE, SAMU)
    floor.provider.calls[CALL] = CarrierCall(CALL, "in-progress", "inbound", "+33639981472", LINE)

    for _twice in range(2):
        Reconciler(floor.database, floor.provider, floor.clock).run()

    (leg,) = desk.legs()
    assert (leg.label, leg.address, leg.sid, leg.status) == ("emergency-1", SAMU, SID, LegStatus.JOINED)
    (relay,) = desk.relays()
    assert (relay.leg_id, relay.staff_id) == (leg.id, floor.staff["Ines"])


def test_reports_of_a_line_that_nobody_wrote_down_make_its_row(desk: Desk) -> None:
    path = f"/twilio/leg?room={CALL}&label=emergency-1"
    for status, sequence in (("ringing", "1"), ("in-progress", "2"), ("in-progress", "2")):
        answer = desk.report(path, CallSid=SID, CallStatus=status, To=SAMU, SequenceNumber=sequence)
        assert answer.status_code == 204

    (leg,) = desk.legs()
    assert (leg.label, leg.address, leg.sid, leg.status) == ("emergency-1", SAMU, SID, LegStatus.JOINED)


@pytest.mark.parametrize("heard", ["telephone", "room", "look"])
def test_a_patient_who_was_rung_back_without_the_database_is_on_the_line_and_not_rung_twice(
    desk: Desk, heard: str
) -> None:
    """It wakes, and hears that she is there before it hears that she dropped, or never hears that."""
    floor, call_id = desk.floor, desk.ticket.call_id
    for _twice in range(2):
        if heard == "telephone":
            told = {"CallSid": SID, "CallStatus": "in-progress", "To": PATIENT, "SequenceNumber": "1"}
            desk.report(f"/twilio/leg?room={CALL}&label=patient-2", **told)
        elif heard == "room":
            told = {"FriendlyName": ROOM.name, "CallSid": SID, "ParticipantLabel": "patient-2", "SequenceNumber": "4"}
            desk.report("/twilio/conference", StatusCallbackEvent="participant-join", **told)
        else:
            floor.provider.rooms[ROOM] = [line("patient-2", is_connected=True)]
            floor.provider.calls[SID] = CarrierCall(SID, "in-progress", "outbound-api", LINE, PATIENT)
            floor.provider.calls[CALL] = CarrierCall(CALL, "completed", "inbound", PATIENT, LINE)
            Reconciler(floor.database, floor.provider, floor.clock).run()
    if heard != "look":
        floor.hear(floor.patient_leg(call_id), LegNews.COMPLETED)
    desk.settle()

    with floor.database.reading(ALL) as session:
        found = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.PATIENT).order_by(Leg.id)
        first, second = session.scalars(found).all()
        assert (first.label, first.status) == ("patient", LegStatus.LEFT)
        assert (second.label, second.sid, second.status) == ("patient-2", SID, LegStatus.JOINED)
        assert second.address == ("" if heard == "room" else PATIENT)
    assert floor.call(call_id).status == CallStatus.TALKING
    assert desk.rung() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: "",
        lambda sealed: "x." + sealed.partition(".")[2],
        lambda sealed: sealed[:-1] + ("0" if sealed[-1] != "0" else "1"),
        lambda sealed: sealed + "é",
        lambda sealed: sealed.partition(".")[0] + ".",
        lambda sealed: "A" * 7000,
    ],
)
def test_a_ticket_that_is_not_ours_rings_nobody(desk: Desk, spoil: Any) -> None:
    sealed = spoil(seal_ticket(desk.ticket, secret=SECRET))
    with pytest.raises(Forbidden):
        open_ticket(sealed, secret=SECRET, at=desk.floor.now)
    if sealed.isascii():
        assert desk.post(ticket=sealed).status_code == 403
    assert desk.rung() == []


def test_a_ticket_lasts_two_hours_and_another_secret_does_not_open_it(desk: Desk) -> None:
    sealed = seal_ticket(desk.ticket, secret=SECRET)
    at = datetime.fromtimestamp(desk.ticket.expires_at, UTC)
    assert LASTS < at - desk.floor.now <= LASTS + timedelta(minutes=15)

    assert open_ticket(sealed, secret=SECRET, at=at - timedelta(seconds=1)) == desk.ticket
    for secret, moment in ((SECRET, at), ("t" * 32, desk.floor.now)):
        with pytest.raises(Forbidden):
            open_ticket(sealed, secret=secret, at=moment)


def test_a_page_is_the_same_within_a_quarter_of_an_hour_and_renewed_by_reading_it_later() -> None:
    begins = MONDAY  # on the hour
    assert expiry(begins) == expiry(begins + timedelta(minutes=14, seconds=59)) < expiry(begins + timedelta(minutes=15))


def test_too_old_to_ring_it_may_still_be_told_what_was_done(desk: Desk) -> None:
    desk.floor.clock.advance(LASTS + timedelta(minutes=15))
    assert desk.post().status_code == 403
    assert desk.post("/emergency/kept", address="3 rue des Lilas", rung=[]).status_code == 204
    assert [relay.address for relay in desk.relays()] == ["3 rue des Lilas"]
    desk.floor.clock.advance(WRITTEN_DOWN_WITHIN)
    assert desk.post("/emergency/kept", address="5 rue des Lilas", rung=[]).status_code == 403


def test_a_browser_that_signed_out_or_lost_its_desk_rings_nothing_while_the_database_answers(desk: Desk) -> None:
    with desk.floor.database.unit_of_work(ALL) as session:
        other = StaffSession(
            token_hash="o" * 64,
            staff_id=desk.ticket.staff_id,
            created_at=desk.floor.now,
            expires_at=desk.floor.now + DAY,
        )
        session.add(other)
        session.flush()
        claim_desk(session, desk.ticket.staff_id, other.id, at=desk.floor.now)
    assert desk.post().status_code == 409
    with desk.floor.database.unit_of_work(ALL) as session:
        session.execute(delete(StaffSession).where(StaffSession.id == desk.ticket.session_id))
    assert desk.post().status_code == 403
    assert desk.rung() == []


FOREIGN = {
    "a call that the carrier does not know": None,
    "another number": CarrierCall(SID, "completed", "outbound-api", LINE, SECOND),
    "a number that is not ours": CarrierCall(SID, "completed", "outbound-api", "+33199009999", SAMU),
    "somebody who rang us": CarrierCall(SID, "completed", "inbound", LINE, SAMU),
    "a line that talks in another room": CarrierCall(SID, "in-progress", "outbound-api", LINE, SAMU),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_posted_line_is_taken_in_only_when_the_carrier_bears_it_out(desk: Desk, what: str) -> None:
    call = FOREIGN[what]
    if call is not None:
        desk.floor.provider.calls[SID] = call
    body = {"address": "3 rue des Lilas", "rung": [{"attempt": 1, "place": 0, "sid": SID}]}
    assert desk.post("/emergency/kept", **body).status_code == 204
    assert desk.legs() == []
    assert [relay.address for relay in desk.relays()] == ["3 rue des Lilas"]  # what she wrote is kept all the same


def test_a_posted_line_of_ours_in_her_room_is_taken_in(desk: Desk) -> None:
    desk.floor.provider.calls[SID] = CarrierCall(SID, "in-progress", "outbound-api", LINE, SAMU)
    desk.floor.provider.rooms[ROOM].append(line("emergency-1", is_connected=True))
    assert desk.post("/emergency/kept", rung=[{"attempt": 1, "place": 0, "sid": SID}]).status_code == 204
    assert [(leg.sid, leg.address) for leg in desk.legs()] == [(SID, SAMU)]


def test_a_line_of_another_call_is_not_taken_into_hers(desk: Desk) -> None:
    floor = desk.floor
    floor.provider.calls[SID] = CarrierCall(SID, "completed", "outbound-api", LINE, SAMU)
    other = floor.ring("CA" + "b" * 32, from_number="+33639981499")
    with floor.database.unit_of_work(ALL) as session:
        theirs = {"role": LegRole.EMERGENCY, "label": "emergency-1", "address": SAMU, "staff_id": None}
        leg = want_leg(session, floor.call(other), **theirs, at=floor.now)
        leg.sid = SID
    assert desk.post("/emergency/kept", rung=[{"attempt": 1, "place": 0, "sid": SID}]).status_code == 204
    assert [leg.call_id for leg in desk.legs()] == [other]


def test_a_ticket_of_a_call_that_is_a_colleagues_now_opens_nothing_while_the_database_answers(desk: Desk) -> None:
    desk.floor.hire("Lea")

    with desk.floor.database.unit_of_work(ALL) as session:
        hers = StaffSession(
            token_hash="l" * 64,
            staff_id=desk.floor.staff["Lea"],
            created_at=desk.floor.now,
            expires_at=desk.floor.now + DAY,
        )
        session.add(hers)
        session.flush()
        browser = hers.id
    answer = desk.post(ticket=replace(desk.ticket, staff_id=desk.floor.staff["Lea"], session_id=browser))

    assert answer.status_code == 404
    assert desk.rung() == []


@pytest.mark.parametrize("body", [{"attempt": 0, "place": 0}, {"attempt": 1, "place": -1}, {"attempt": "x"}, {"x": 1}])
def test_nonsense_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    assert desk.post(**body).status_code == 422
    assert desk.rung() == []


def line(label: str, *, is_connected: bool) -> CarrierParticipant:
    return CarrierParticipant(
        call_sid=SID, label=label, on_hold=False, muted=False, coaching=False, is_connected=is_connected
    )
