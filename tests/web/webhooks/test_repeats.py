"""Every webhook of a whole call, twice and in reverse order, leaves the rows of a call told once and in order."""

from typing import Any

from callcenter.routing.models import Agent, QueueEntry, Reservation
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.sweeping import close_ended_calls
from tests.floor import CALL, Floor
from tests.web.webhooks.conftest import Carrier

SECOND = "CA" + "b" * 32
Report = tuple[str, dict[str, str]]


def reports_of(call_sid: str, leg_id: int, leg_sid: str, label: str) -> list[Report]:
    """What the carrier says of an answered call after it was accepted: both talk, the patient hangs up."""

    def room(event: str, number: int, sid: str, who: str) -> Report:
        return "/twilio/conference", {
            "ConferenceSid": "CF" + call_sid[2:],
            "FriendlyName": f"call-{call_sid}",
            "StatusCallbackEvent": event,
            "SequenceNumber": str(number),
            "CallSid": sid,
            "ParticipantLabel": who,
        }

    def telephone(status: str, number: int) -> Report:
        return f"/twilio/leg?leg={leg_id}", {"CallSid": leg_sid, "CallStatus": status, "SequenceNumber": str(number)}

    return [
        room("participant-join", 1, call_sid, "patient"),
        room("conference-start", 2, call_sid, "patient"),
        telephone("initiated", 0),
        telephone("ringing", 1),
        telephone("in-progress", 2),
        room("participant-join", 3, leg_sid, label),
        room("participant-leave", 4, call_sid, "patient"),
        ("/twilio/dial-done", {"CallSid": call_sid, "CallStatus": "completed", "DialCallStatus": "answered"}),
        ("/twilio/call-status", {"CallSid": call_sid, "CallStatus": "completed"}),
        room("participant-leave", 5, leg_sid, label),
        room("conference-end", 6, leg_sid, label),
        telephone("completed", 3),
    ]


def told(carrier: Carrier, floor: Floor, name: str, call_sid: str, *, backwards_and_twice: bool) -> list[Any]:
    """One call from the first ring to the last report; its rows without what differs from call to call."""
    carrier.ring(call_sid)
    if backwards_and_twice:
        carrier.ring(call_sid)
    leg = floor.accept(name)
    reports = reports_of(call_sid, leg.id, floor.provider.dialled[-1]["sid"], leg.label)
    if backwards_and_twice:
        reports = [report for report in reversed(reports) for _ in range(2)]
    for path, params in reports:
        answer = carrier.post(path, **params)
        assert answer.status_code in {200, 204}, (path, params)
    close_ended_calls(floor.database, floor.provider, floor.clock)  # as the next tick does
    [call] = [row for row in floor.rows(Call)["call"] if row["sid"] == call_sid]
    rows = floor.rows(Leg, QueueEntry, Reservation)
    own = [row for table in rows.values() for row in table if row["call_id"] == call["id"]]
    own += [row for row in floor.rows(Agent)["agent"] if row["staff_id"] == floor.staff[name]]
    differing = {"id", "call_id", "sid", "staff_id", "label", "address", "queue_entry_id", "lease_until", "idle_since"}
    return [{key: value for key, value in row.items() if key not in differing} for row in [call, *own]]


def test_backwards_and_twice_is_forwards_and_once(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    once = told(carrier, floor, "Ines", CALL, backwards_and_twice=False)
    twice = told(carrier, floor, "Lea", SECOND, backwards_and_twice=True)
    assert twice == once
    call, patient, operator, entry, reservation, agent = once
    assert (call["status"], call["answered_at"], call["ended_at"]) == ("ended", floor.now, floor.now)
    assert (patient["status"], operator["status"], entry["status"]) == ("left", "left", "answered")
    assert (reservation["status"], agent["status"]) == ("accepted", "wrap_up")


def test_reports_of_calls_that_are_not_ours_are_heard_and_forgotten(carrier: Carrier, floor: Floor) -> None:
    for path, params in reports_of(SECOND, 99, "CA" + "c" * 32, "operator-99"):
        assert carrier.post(path, **params).status_code in {200, 204}
    assert floor.rows(Call, Leg) == {"call": [], "leg": []}
