"""A caller dials; what she hears."""

import io
import wave

import pytest
from sqlalchemy import text

from callcenter.routing.models import QueueEntry
from callcenter.telephony.models import Call, Leg, MisdialledCall
from tests.floor import CALL, LINE, PATIENT, Floor
from tests.web.webhooks.conftest import Carrier

ROOM = f"call-{CALL}"


def test_a_caller_waits_in_her_own_room_and_rings_for_an_operator(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines")
    answer = carrier.ring(CALL)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert f">{ROOM}</Conference>" in answer.text
    assert floor.status_of("Ines") == "reserved"
    assert carrier.ring(CALL).text == answer.text
    assert [len(rows) for rows in floor.rows(Call, QueueEntry).values()] == [1, 1]


def test_an_unknown_number_gets_a_polite_sentence(carrier: Carrier, floor: Floor) -> None:
    answer = carrier.ring(CALL, To="+33199009999")
    assert "<Say" in answer.text
    assert "<Hangup" in answer.text
    [entry] = floor.rows(MisdialledCall)["misdialled_call"]
    assert (entry["to_number"], entry["from_number"]) == ("+33199009999", PATIENT)


@pytest.mark.parametrize("signature", ["", "forged"])
def test_a_forged_call_does_nothing(
    carrier: Carrier, floor: Floor, signature: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = carrier.post("/twilio/voice", signature=signature, CallSid=CALL, To=LINE, From=PATIENT)
    assert answer.status_code == 403
    assert floor.rows(Call)["call"] == []
    assert "webhook refused" in caplog.text
    assert PATIENT not in caplog.text


def test_the_token_being_replaced_is_still_accepted(carrier: Carrier) -> None:
    statuses = [
        carrier.post("/twilio/wait", token=token, CallSid=CALL).status_code for token in ("token", "older", "stolen")
    ]
    assert statuses == [200, 200, 403]


def test_another_account_is_refused(carrier: Carrier) -> None:
    assert carrier.ring(CALL, AccountSid="AC" + "9" * 32).status_code == 403


def test_a_parameter_that_was_not_signed_is_a_forgery(carrier: Carrier, floor: Floor) -> None:
    form = {"AccountSid": floor.settings.twilio_account_sid, "CallSid": CALL}
    signed = carrier.post("/twilio/wait", CallSid=CALL).request.headers["X-Twilio-Signature"]
    headers = {"X-Twilio-Signature": signed}
    assert carrier.client.post("/twilio/wait", data=form, headers=headers).status_code == 200
    assert carrier.client.post("/twilio/wait", data=form | {"Extra": "1"}, headers=headers).status_code == 403


def test_an_endless_body_is_not_read(carrier: Carrier) -> None:
    assert carrier.client.post("/twilio/voice", content=b"a" * (64 * 1024 + 1)).status_code == 413


def test_a_broken_database_still_puts_the_caller_in_her_own_room(
    carrier: Carrier, floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    _rename(floor, "queue_entry", "mislaid")
    answer = carrier.ring(CALL)
    assert answer.status_code == 200
    assert f">{ROOM}</Conference>" in answer.text
    assert "could not be received" in caplog.text
    assert PATIENT not in caplog.text


def test_a_caller_whom_a_fault_kept_out_of_the_queue_joins_it_from_her_room(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines")
    _rename(floor, "queue_entry", "mislaid")
    carrier.ring(CALL)
    asks = {"CallSid": CALL, "To": LINE, "From": PATIENT, "Direction": "inbound"}
    assert "<Play" in carrier.post("/twilio/wait", **asks).text  # the fault lasts: she hears music all the same
    _rename(floor, "mislaid", "queue_entry")
    assert floor.status_of("Ines") == "available"
    for _ in range(2):
        assert "<Play" in carrier.post("/twilio/wait", **asks).text
    assert floor.status_of("Ines") == "reserved"
    assert [leg["status"] for leg in floor.rows(Leg)["leg"]] == ["joined"]
    assert [len(rows) for rows in floor.rows(Call, QueueEntry).values()] == [1, 1]


def test_an_operator_alone_in_a_room_is_no_caller(carrier: Carrier, floor: Floor) -> None:
    carrier.post("/twilio/wait", CallSid=CALL, To="client:ines", From=LINE, Direction="outbound-api")
    carrier.post("/twilio/wait", CallSid=CALL, To="+33199009999", From=PATIENT, Direction="inbound")
    assert floor.rows(Call, MisdialledCall) == {"call": [], "misdialled_call": []}


def test_an_end_that_overtakes_its_call_leaves_nobody_in_the_queue(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines")
    carrier.post("/twilio/call-status", CallSid=CALL, CallStatus="completed")
    assert carrier.ring(CALL).status_code == 200
    assert floor.status_of("Ines") == "available"
    assert [row["status"] for row in floor.rows(QueueEntry)["queue_entry"]] == ["abandoned"]
    assert [row["status"] for row in floor.rows(Call)["call"]] == ["ended"]


def test_a_caller_whose_conference_failed_is_let_back_in(carrier: Carrier) -> None:
    carrier.ring(CALL)
    again = carrier.post("/twilio/dial-done", CallSid=CALL, CallStatus="in-progress", DialCallStatus="failed")
    assert f">{ROOM}</Conference>" in again.text
    over = carrier.post("/twilio/dial-done", CallSid=CALL, CallStatus="completed", DialCallStatus="answered")
    assert "<Hangup" in over.text
    after = carrier.post("/twilio/dial-done", CallSid=CALL, CallStatus="in-progress", DialCallStatus="answered")
    assert "<Hangup" in after.text


def test_those_who_wait_hear_our_own_music(carrier: Carrier, floor: Floor) -> None:
    document = carrier.post("/twilio/wait", CallSid=CALL).text
    assert f"{floor.settings.public_url}/twilio/hold-music.wav" in document
    with wave.open(io.BytesIO(carrier.client.get("/twilio/hold-music.wav").content)) as sound:
        assert (sound.getnframes() / sound.getframerate(), sound.getnchannels()) == (20.0, 1)


def _rename(floor: Floor, table: str, name: str) -> None:
    with floor.database.engine.connect() as connection, connection.begin():
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
