"""The check against Twilio's own description can fail, and everything that the product asks passes through it."""

import contextlib
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from callcenter.carrier.rest import calls, messages
from callcenter.core.config import load_settings
from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import NumberSettings
from callcenter.telephony.twilio_provider import TwilioProvider
from tests.carrier.running import PATIENT, PRACTICE, SID, TOKEN, Running
from tests.carrier.twilio_document import DOCUMENT, complaints, operation_of, operations

ACCOUNT = f"/2010-04-01/Accounts/{SID}"
MESSAGES = f"{ACCOUNT}/Messages.json"
HEADERS = [("Authorization", "Basic eDp5"), ("Content-Type", "application/x-www-form-urlencoded")]
BODY = b"To=%2B33612345678&From=Callcenter&Body=x"
INES = "client:ines"


@pytest.fixture
def answer(carrier: Running) -> dict[str, object]:
    sid = carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x").sid
    told: dict[str, object] = carrier.http.get(f"{ACCOUNT}/Messages/{sid}.json", auth=(SID, TOKEN)).json()
    return told


@pytest.fixture
def provider(carrier: Running) -> TwilioProvider:
    return TwilioProvider(
        load_settings(
            twilio_base_url=carrier.base, twilio_account_sid=SID, twilio_auth_token=TOKEN, secret_key="s" * 32
        )
    )


def test_the_document_is_the_one_that_was_recorded() -> None:
    source = DOCUMENT.with_name("SOURCE.txt").read_text()
    [recorded] = re.findall(r"^reduced:  twilio_api_v2010\.json sha256 ([0-9a-f]{64})$", source, re.MULTILINE)
    assert hashlib.sha256(DOCUMENT.read_bytes()).hexdigest() == recorded
    assert {file.name for file in DOCUMENT.parent.iterdir()} == {"LICENSE", "SOURCE.txt", DOCUMENT.name}
    assert "MIT License" in DOCUMENT.with_name("LICENSE").read_text()


def test_what_is_missing_invented_or_of_the_wrong_type_in_an_answer_is_told(answer: dict[str, object]) -> None:
    def told(**changed: object) -> str:
        shown = {name: value for name, value in (answer | changed).items() if value != "LEFT OUT"}
        return " ".join(complaints("POST", MESSAGES, "", HEADERS, BODY, 201, json.dumps(shown).encode()))

    assert told() == ""
    assert "'num_segments' is a required property" in told(num_segments="LEFT OUT")
    assert "'mood' was unexpected" in told(mood="good")
    assert "3 is not of type 'string'" in told(body=3)
    assert "'lost' is not one of" in told(status="lost")
    assert "does not match" in told(sid="XX" + "0" * 32)
    assert "None for not nullable" in told(sid=None)
    assert "is not a 'date-time-rfc-2822'" in told(date_created="2026-01-05T08:00:00Z")


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/Messages.json", "", "From=x&Body=x"),
        ("POST", "/Messages.json", "", "To=%2B33612345678&Attempt=many"),
        ("POST", "/Messages.json", "", "To=%2B33612345678&Text=x"),
        ("GET", "/Calls.json", "Status=over", ""),
        ("GET", "/Calls.json", "Since=2026-01-05", ""),
        ("GET", "/Calls.json", "StartTime%3E=yesterday", ""),
        ("POST", f"/Calls/CA{'0' * 32}.json", "", "Status=over"),
        ("POST", "/Calls/the-first.json", "", "Status=completed"),
        ("POST", "/Conferences/room/Participants.json", "", "From=x&To=y&Muted=perhaps"),
        ("PUT", "/Calls.json", "", ""),
    ],
)
def test_a_request_that_twilio_does_not_describe_is_told(method: str, path: str, query: str, body: str) -> None:
    refused = json.dumps({"code": 20503, "message": "x", "more_info": "x", "status": 503}).encode()
    assert complaints(method, ACCOUNT + path, query, HEADERS, body.encode(), 503, refused) != []


def test_a_refusal_without_its_shape_is_told() -> None:
    whole = {"code": 20404, "message": "x", "more_info": "x", "status": 404}
    for changed in ({}, {"code": "20404"}, {"status": 400}, {"more_info": None}, {"detail": "x"}):
        told = complaints("GET", MESSAGES, "", HEADERS, b"", 404, json.dumps(whole | changed).encode())
        assert (told == []) is (not changed)


@pytest.mark.parametrize(("module", "field"), [(messages, "num_segments"), (calls, "queue_time")])
def test_a_field_the_stand_in_forgets_is_told_of_its_answer(
    carrier: Running, monkeypatch: pytest.MonkeyPatch, module: Any, field: str
) -> None:
    right = module.represent

    def forgetful(*given: Any) -> dict[str, Any]:
        return {name: value for name, value in right(*given).items() if name != field}

    carrier.place_call()
    carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x")
    assert carrier.checked.complaints == []
    monkeypatch.setattr(module, "represent", forgetful)
    listed = carrier.twilio.messages.list() if module is messages else carrier.twilio.calls.list()
    assert len(listed) == 1
    [told] = carrier.checked.complaints
    carrier.checked.complaints.clear()  # what every other test must end with
    assert f"'{field}' is a required property" in told


@pytest.mark.parametrize("fault", ["too_many", "cut"])
def test_a_wrong_request_is_told_also_when_its_answer_goes_wrong(carrier: Running, fault: str) -> None:
    carrier.http.put("/network/faults", json={"chances": {fault: 1}, "only": ["Messages"]}).raise_for_status()
    form = {"To": PATIENT, "From": "Callcenter", "Body": "x", "Text": "x"}
    with contextlib.suppress(httpx.RemoteProtocolError):
        carrier.http.post(MESSAGES, data=form, auth=(SID, TOKEN))
    [told] = carrier.checked.complaints
    carrier.checked.complaints.clear()
    assert "no such parameter: Text" in told


def test_everything_the_product_asks_of_the_carrier(carrier: Running, provider: TwilioProvider) -> None:
    began_at = datetime(2020, 1, 1, tzinfo=UTC)
    patient = carrier.place_call()
    room = f"room-{patient}"
    asked = {"conference": room, "to": INES, "caller": PRACTICE, "label": "operator"}
    calling = {"status_callback": "http://product/leg", "conference_callback": "http://product/conference"}
    leg = provider.dial_into_conference(**asked, **calling)
    with pytest.raises(ProviderError):
        provider.dial_into_conference(**asked, **calling)
    carrier.advance(2)

    provider.set_hold(room, patient, True)
    [open_room] = provider.open_rooms()
    held = {one.call_sid: one.on_hold for one in provider.participants(open_room)}
    assert (open_room.name, held) == (room, {patient: True, leg: False})
    assert {one.sid for one in provider.live_calls()} == {patient, leg}
    assert {one.sid for one in provider.calls_since(began_at)} == {patient, leg}
    found = provider.find_call(leg)
    assert found is not None
    assert (found.status, found.to_number) == ("in-progress", INES)
    assert provider.find_call("CA" + "0" * 32) is None

    provider.set_muted(room, leg, True)
    provider.set_coached(room, leg, patient)
    provider.set_coached(room, leg, None)
    provider.announce(room, "http://product/notice")
    recording = provider.start_recording(patient)
    provider.stop_recording(patient, recording)
    provider.stop_recording(patient, recording)
    assert (provider.find_recordings(patient), provider.find_recordings("CA" + "0" * 32)) == ([recording], [])
    provider.delete_recording(recording)
    provider.delete_recording(recording)

    provider.hang_up(leg)
    provider.end_conference(room)
    carrier.advance(1)
    provider.hang_up(leg)
    assert (provider.open_rooms(), provider.participants(open_room)) == ([], [])

    sms = provider.send_sms(to=PATIENT, sender="Callcenter", body="RDV.", status_callback="http://product/sms")
    carrier.advance(2)
    assert provider.find_sms(to=PATIENT, body="RDV.") == [sms]
    assert provider.sms_status(sms) == ("delivered", None)
    assert provider.sms_status("SM" + "0" * 32) is None

    carrier.http.put(f"/network/numbers/{PRACTICE}", json={"label": "Accueil"}).raise_for_status()
    [owned] = provider.numbers()
    wanted = NumberSettings("https://p/voice#rc=2", "POST", "https://p/1.xml", "GET", "https://p/status", "POST")
    provider.set_number(owned.sid, wanted)
    assert [one.settings for one in provider.numbers()] == [wanted]

    assert carrier.checked.operations == {
        "GET /Calls.json",
        "GET /Calls/{Sid}.json",
        "POST /Calls/{Sid}.json",
        "GET /Calls/{CallSid}/Recordings.json",
        "POST /Calls/{CallSid}/Recordings.json",
        "POST /Calls/{CallSid}/Recordings/{Sid}.json",
        "DELETE /Recordings/{Sid}.json",
        "GET /Conferences.json",
        "POST /Conferences/{Sid}.json",
        "GET /Conferences/{ConferenceSid}/Participants.json",
        "POST /Conferences/{ConferenceSid}/Participants.json",
        "POST /Conferences/{ConferenceSid}/Participants/{CallSid}.json",
        "GET /Messages.json",
        "POST /Messages.json",
        "GET /Messages/{Sid}.json",
        "GET /IncomingPhoneNumbers.json",
        "POST /IncomingPhoneNumbers/{Sid}.json",
    }
    assert carrier.checked.operations <= operations()


def test_lists_longer_than_a_page_come_whole_each_page_checked(carrier: Running, provider: TwilioProvider) -> None:
    """The product names no size of a page: the carrier gives fifty."""
    carrier.product.documents["voice"] = "<Response><Pause length='600'/></Response>"
    placed = {
        carrier.http.post("/network/calls", json={"from": PATIENT, "to": PRACTICE}).json()["sid"] for _ in "x" * 51
    }
    carrier.advance(1)
    live = provider.live_calls()
    assert ({one.sid for one in live}, len(live)) == (placed, 51)
    assert {one.sid for one in provider.calls_since(datetime(2020, 1, 1, tzinfo=UTC))} == placed

    numbers = [f"+3338800{number:04}" for number in range(101)]
    for number in numbers:
        carrier.http.put(f"/network/numbers/{number}", json={"label": "Accueil"}).raise_for_status()
    assert sorted(one.number for one in provider.numbers()) == numbers


def test_the_rest_of_what_the_stand_in_offers(carrier: Running) -> None:
    twilio = carrier.twilio
    patient = carrier.place_call()
    made = twilio.calls.create(to=INES, from_=PRACTICE, twiml="<Response><Pause length='60'/></Response>")
    assert [call.sid for call in twilio.calls.list(to=INES, page_size=1)] == [made.sid]
    [room] = twilio.conferences.list(friendly_name=f"room-{patient}")
    assert twilio.conferences(room.sid).fetch().friendly_name == room.friendly_name
    leg = twilio.conferences(room.sid).participants.create(from_=PRACTICE, to="client:lea", label="second")
    people = twilio.conferences(room.sid).participants
    assert {one.call_sid for one in people.list(page_size=1)} == {patient, leg.call_sid}
    assert [one.call_sid for one in people.list(muted=False, page_size=1)] == [patient]
    assert people(patient).fetch().label == "patient"
    assert people("second").delete() is True
    with pytest.raises(TwilioRestException):
        twilio.messages("SM" + "0" * 32).fetch()
    carrier.http.put(f"/network/numbers/{PRACTICE}", json={"label": "Accueil"}).raise_for_status()
    [owned] = twilio.incoming_phone_numbers.list(phone_number=PRACTICE)
    assert twilio.incoming_phone_numbers(owned.sid).fetch().phone_number == PRACTICE


def test_a_request_is_known_by_its_method_and_path() -> None:
    assert operation_of("GET", f"{ACCOUNT}/Calls/CA1.json") == "GET /Calls/{Sid}.json"
    assert operation_of("GET", f"{ACCOUNT}/Calls/CA1/Payments.json") is None
    assert operation_of("DELETE", f"{ACCOUNT}/Calls.json") is None
