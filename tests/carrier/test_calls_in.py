"""Somebody dials the practice."""

from collections.abc import Callable

import httpx

from tests.carrier.running import PATIENT, PRACTICE, WAITING_ROOM, Running

APPLICATION_ERROR = ("carrier", "Une erreur d'application s'est produite. Au revoir.")


def test_a_caller_waits_in_a_conference_with_the_practices_words_and_music(carrier: Running) -> None:
    sid = carrier.place_call()
    carrier.advance(5)

    [asked] = carrier.product.told("voice")
    assert (asked["From"], asked["To"], asked["CallSid"]) == (PATIENT, PRACTICE, sid)
    assert (asked["CallStatus"], asked["Direction"], asked["FromCountry"]) == ("ringing", "inbound", "FR")
    assert carrier.heard_by(sid) == [("voice", "Un instant."), ("music", "/music.mp3")]
    [joined] = carrier.product.told("conference")
    assert (joined["StatusCallbackEvent"], joined["ParticipantLabel"]) == ("participant-join", "patient")
    assert carrier.product.forged == []
    assert carrier.call(sid)["in_conference"] is True


def test_who_hangs_up_while_waiting_leaves_the_room_and_it_closes(carrier: Running) -> None:
    sid = carrier.place_call()
    carrier.advance(10)
    carrier.http.post(f"/network/calls/{sid}/hangup")
    carrier.http.post(f"/network/calls/{sid}/hangup")
    carrier.advance(0)

    events = [(e["StatusCallbackEvent"], e["SequenceNumber"]) for e in carrier.product.told("conference")]
    assert events == [("participant-join", "1"), ("participant-leave", "2"), ("conference-end", "3")]
    assert carrier.product.told("conference")[2]["ReasonConferenceEnded"] == "last-participant-left"
    [ended] = carrier.product.told("call-ended")
    assert (ended["CallStatus"], ended["CallDuration"]) == ("completed", "10")
    [dial] = carrier.product.told("dial-ended")
    assert dial["CallStatus"] == "completed"


def test_a_document_that_is_not_xml_is_told_to_the_caller_and_written_down(carrier: Running) -> None:
    carrier.product.documents["voice"] = "<Response><Say>Bonjour</Response>"
    sid = carrier.place_call()
    carrier.advance(10)

    assert carrier.heard_by(sid) == [APPLICATION_ERROR]
    assert carrier.call(sid)["status"] == "completed"
    [error] = carrier.http.get("/network/errors").json()
    assert (error["code"], error["call_sid"]) == (12100, sid)


def test_a_document_type_is_refused(carrier: Running) -> None:
    carrier.product.documents["voice"] = '<!DOCTYPE r [<!ENTITY a "aaaa">]><Response><Say>&a;</Say></Response>'
    sid = carrier.place_call()
    carrier.advance(10)
    assert carrier.heard_by(sid) == [APPLICATION_ERROR]


def test_a_refusal_is_not_asked_again_unless_the_fragment_says_so(start: Callable[..., Running]) -> None:
    plain = start()
    plain.product.refusals["voice"] = [500]
    sid = plain.place_call()
    plain.advance(10)
    assert len(plain.product.told("voice")) == 1
    assert plain.heard_by(sid) == [APPLICATION_ERROR]

    stubborn = start(voice_url="http://product/voice#rc=2&rp=ct,5xx")
    stubborn.product.refusals["voice"] = [500, 502]
    stubborn.place_call()
    tokens = {headers["i-twilio-idempotency-token"] for path, _, headers in stubborn.product.heard if path == "voice"}
    assert (len(stubborn.product.told("voice")), len(tokens)) == (3, 1)
    assert stubborn.product.forged == []


def test_the_fallback_answers_when_the_practice_cannot(start: Callable[..., Running]) -> None:
    running = start(voice_fallback_url="http://product/fallback")
    running.product.refusals["voice"] = [503]
    running.product.documents["fallback"] = "<Response><Say>Composez le 15.</Say></Response>"
    sid = running.place_call()
    running.advance(10)
    assert running.heard_by(sid) == [("voice", "Composez le 15.")]
    assert running.product.told("fallback")[0]["ErrorCode"] == "11200"


def test_nobody_at_the_voice_url_makes_a_failed_call(start: Callable[..., Running]) -> None:
    running = start(voice_url="http://127.0.0.1:9/voice")
    sid = running.place_call()
    running.advance(10)
    assert running.heard_by(sid) == [APPLICATION_ERROR]
    assert running.call(sid)["status"] == "failed"


def test_a_withheld_number_and_an_empty_one_get_through_a_wrong_one_does_not(carrier: Running) -> None:
    carrier.place_call(from_="anonymous")
    carrier.place_call(from_="")
    assert [asked["From"] for asked in carrier.product.told("voice")] == ["anonymous", ""]
    refused = carrier.http.post("/network/calls", json={"from": "0612", "to": PRACTICE})
    assert refused.status_code == 422
    assert "n'est pas un numéro international" in refused.json()["error"]


def test_digits_go_where_gather_says_and_silence_goes_on(carrier: Running) -> None:
    carrier.product.documents["voice"] = (
        '<Response><Gather numDigits="1" timeout="5" action="/key"><Say>Tapez 1.</Say></Gather>'
        "<Say>Rien entendu.</Say></Response>"
    )
    carrier.product.documents["key"] = "<Response><Say>Merci.</Say><Hangup/></Response>"
    pressing = carrier.place_call()
    silent = carrier.place_call()
    carrier.http.post(f"/network/calls/{pressing}/digits", json={"digits": "1"})
    carrier.advance(20)

    assert carrier.heard_by(pressing) == [("voice", "Tapez 1."), ("voice", "Merci.")]
    assert carrier.heard_by(silent) == [("voice", "Tapez 1."), ("voice", "Rien entendu.")]
    assert [asked["Digits"] for asked in carrier.product.told("key")] == ["1"]


def test_reject_and_redirect(carrier: Running) -> None:
    carrier.product.documents["voice"] = "<Response><Redirect>/elsewhere</Redirect></Response>"
    carrier.product.documents["elsewhere"] = '<Response><Reject reason="busy"/></Response>'
    sid = carrier.place_call()
    assert carrier.call(sid)["status"] == "busy"
    assert carrier.heard_by(sid) == []


def test_dial_rings_two_phones_and_the_first_to_answer_talks(carrier: Running) -> None:
    carrier.product.documents["voice"] = (
        '<Response><Dial action="/dial-ended" timeout="20"><Number>+33611111111</Number>'
        "<Client>ines</Client></Dial></Response>"
    )
    carrier.product.documents["dial-ended"] = "<Response><Say>Au revoir.</Say></Response>"
    carrier.http.put("/network/phones/+33611111111", json={"answers": "never"})
    sid = carrier.place_call()
    carrier.advance(1)
    carrier.http.post(f"/network/calls/{sid}/say", json={"text": "Bonjour"})
    headset = carrier.http.get("/network/phones/client:ines").json()
    assert [line["text"] for line in headset["call"]["heard"]] == ["Bonjour"]
    assert carrier.http.get("/network/phones/+33611111111").json()["state"] == "idle"

    carrier.http.post("/network/phones/client:ines/hangup")
    carrier.advance(10)
    assert carrier.product.told("dial-ended")[0]["DialCallStatus"] == "completed"
    assert carrier.heard_by(sid)[-1] == ("voice", "Au revoir.")


def test_a_label_in_use_keeps_the_second_caller_out(carrier: Running) -> None:
    carrier.product.documents["voice"] = WAITING_ROOM.replace("room-{CallSid}", "one-room")
    carrier.place_call()
    second = carrier.place_call()
    carrier.advance(10)
    assert carrier.call(second)["in_conference"] is False
    assert [error["code"] for error in carrier.http.get("/network/errors").json()] == [16025]


def test_pages_open_and_may_be_embedded(carrier: Running) -> None:
    for page in ("/", "/messages", "/handsets/ines"):
        answer = carrier.http.get(page)
        assert answer.status_code == 200
        assert "x-frame-options" not in answer.headers
    missing = carrier.http.get("/nothing")
    assert (missing.status_code, missing.json()) == (404, {"error": "Il n'y a rien à cette adresse."})


def test_the_stream_of_a_headset_tells_of_its_call(carrier: Running) -> None:
    with httpx.stream("GET", f"{carrier.base}/live/handsets/ines", timeout=5) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data:"))
        assert next(lines) == "data: null"
        carrier.twilio.calls.create(to="client:ines", from_=PRACTICE, twiml="<Response><Pause/></Response>")
        assert PRACTICE in next(lines)


def test_everybody_hangs_up_at_once_and_the_product_is_told(carrier: Running) -> None:
    sid = carrier.place_call()
    carrier.advance(10)
    assert carrier.http.post("/network/hangup").json() == {"hung_up": 1}
    carrier.advance(0)

    assert carrier.call(sid)["status"] == "completed"
    assert carrier.product.told("conference")[-1]["StatusCallbackEvent"] == "conference-end"
    assert carrier.http.post("/network/hangup").json() == {"hung_up": 0}
