"""A whole call of which no report arrives, over HTTP: a look at the carrier now and then sees it through."""

from __future__ import annotations

from typing import Any

from callcenter.core.db import Database
from callcenter.routing.models import Agent, QueueEntry, Reservation
from callcenter.routing.reconciling import Reconciler
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.twilio_provider import TwilioProvider
from tests.carrier.running import SID, TOKEN, WAITING_ROOM, Running
from tests.floor import LINE, Floor

INES = "client:ines"


def deaf_floor(database: Database, carrier: Running) -> Floor:
    """A centre that can tell this carrier what to do, and hears nothing from it."""
    carrier.product.documents["voice"] = WAITING_ROOM.replace("room-", "call-").replace(
        'OnEnter="false"', 'OnEnter="true"'
    )
    floor = Floor(database)
    token = type(floor.settings.twilio_auth_token)(TOKEN)
    floor.settings = floor.settings.model_copy(
        update={"twilio_base_url": carrier.base, "twilio_account_sid": SID, "twilio_auth_token": token}
    )
    provider: Any = TwilioProvider(floor.settings)
    floor.provider = provider
    carrier.http.put(f"/network/phones/{INES}", json={"answers": "person", "says": ["Bonjour."]})
    return floor


def look(floor: Floor) -> dict[str, int]:
    """A look by a process that has just started."""
    return Reconciler(floor.database, floor.provider, floor.clock).run().counts


def test_a_call_without_a_single_report(database: Database, carrier: Running) -> None:
    floor = deaf_floor(database, carrier)
    floor.hire("Ines", endpoint=INES)
    patient = carrier.place_call(to=LINE)
    assert look(floor) == {"callers": 1}
    assert floor.status_of("Ines") == "reserved"

    floor.accept("Ines")
    carrier.advance(1)
    assert carrier.http.post(f"/network/phones/{INES}/answer").status_code == 200
    carrier.advance(1)
    assert look(floor)["legs"] == 1
    [call] = floor.rows(Call)["call"]
    assert (call["status"], floor.status_of("Ines")) == ("talking", "on_call")
    assert look(floor) == {}

    carrier.http.post(f"/network/calls/{patient}/hangup")
    carrier.advance(1)
    look(floor)
    [call] = floor.rows(Call)["call"]
    assert (call["status"], floor.status_of("Ines")) == ("ended", "wrap_up")
    assert [row["status"] for row in floor.rows(QueueEntry)["queue_entry"]] == ["answered"]
    before = floor.rows(Call, Leg, QueueEntry, Reservation, Agent)
    assert look(floor).get("callers", 0) == 0
    assert floor.rows(Call, Leg, QueueEntry, Reservation, Agent) == before


def test_restarted_while_two_talk_and_one_waits_it_cuts_nobody(database: Database, carrier: Running) -> None:
    floor = deaf_floor(database, carrier)
    floor.hire("Ines", endpoint=INES)
    talking = carrier.place_call(to=LINE)
    look(floor)
    floor.accept("Ines")
    carrier.advance(1)
    carrier.http.post(f"/network/phones/{INES}/answer")
    carrier.advance(1)
    waiting = carrier.place_call(from_="+33612345679", to=LINE)
    look(floor)
    assert {row["sid"]: row["status"] for row in floor.rows(Call)["call"]} == {talking: "talking", waiting: "waiting"}
    assert [carrier.call(sid)["status"] for sid in (talking, waiting)] == ["in-progress", "in-progress"]
    assert look(floor) == {}
