"""What no caller's telephone and no carrier of ours sends: refused or tamed, never a fault, never a dropped caller."""

from collections.abc import Iterator
from urllib.parse import quote_plus, urlencode
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.types import ASGIApp
from twilio.request_validator import RequestValidator

from callcenter.core.errors import Problem
from callcenter.directory.answering_hours import Answering
from callcenter.routing.models import QueueEntry
from callcenter.telephony.models import Call
from callcenter.web.webhooks import reports
from callcenter.web.webhooks.verified import Webhook
from tests.floor import CALL, LINE, PATIENT, Floor
from tests.loops import run
from tests.web.webhooks.conftest import Carrier

PARAMETERS = {
    "/twilio/voice": ["CallSid", "To", "From", "CallStatus", "Direction"],
    "/twilio/gate": ["CallSid", "To", "From", "Digits"],
    "/twilio/wait": ["CallSid", "To", "From", "Direction"],
    "/twilio/dial-done": ["CallSid", "CallStatus", "DialCallStatus"],
    "/twilio/call-status": ["CallSid", "CallStatus"],
    "/twilio/conference": [
        "ConferenceSid",
        "FriendlyName",
        "StatusCallbackEvent",
        "SequenceNumber",
        "CallSid",
        "ParticipantLabel",
        "ReasonParticipantLeft",
        "Timestamp",
    ],
    "/twilio/leg": ["CallSid", "CallStatus", "SequenceNumber"],
    "/twilio/message-status": ["MessageSid", "MessageStatus", "ErrorCode"],
}
USUAL = {
    "CallSid": CALL,
    "To": LINE,
    "From": PATIENT,
    "CallStatus": "in-progress",
    "Direction": "inbound",
    "Digits": "15",
    "ConferenceSid": "CF" + "1" * 32,
    "FriendlyName": f"call-{CALL}",
    "StatusCallbackEvent": "participant-join",
    "SequenceNumber": "1",
    "ParticipantLabel": "patient",
    "Timestamp": "Mon, 23 Nov 2026 08:14:00 +0000",
    "MessageSid": "SM" + "1" * 32,
    "MessageStatus": "sent",
    "ErrorCode": "30003",
}
NASTY = [
    "",
    "\0",
    "\x01\x08\x1b[31m\r\n\t",
    "</Say><Dial>+33899700000</Dial>",
    '"><Redirect>https://example.org</Redirect>',
    '=HYPERLINK("https://example.org")',
    "\U0001f691\ufffe\uffff\u202e",
    "x" * 10_000,
    "9" * 5000,
    "-1",
    "²",
    "Mon, 1 Jan 2026 00:00:00 +99999999999999999999",
    "Mon, 99999999999999999999 Jan 2026 00:00:00 +0000",
]


@pytest.fixture
def quiet(carrier: Carrier) -> Iterator[Carrier]:
    """A fault becomes the answer it is on the wire, a 500."""
    with TestClient(carrier.client.app, base_url="http://elsewhere.internal", raise_server_exceptions=False) as client:
        yield Carrier(client, carrier.floor)


def post_raw(carrier: Carrier, path: str, body: bytes, params: dict[str, list[str]], **headers: str) -> Response:
    """A body as it stands, signed over what it means."""

    class Form(dict[str, list[str]]):
        def getall(self, name: str) -> list[str]:
            return self[name]

    signature = RequestValidator("token").compute_signature(carrier.floor.settings.public_url + path, Form(params))
    sent = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"} | headers
    answer = carrier.client.post(path, content=body, headers=sent)
    carrier.world.voice.drain()
    carrier.world.reports.drain()
    return answer


def check(answer: Response, where: object) -> None:
    """Done, or refused for good: asked to tell again, the carrier would tell the same."""
    assert answer.status_code in {200, 204, 400}, (where, answer.status_code)
    if answer.status_code != 200:
        return
    for element in ET.fromstring(answer.text).iter():
        assert element.tag not in {"Redirect", "Number"}, where
        if element.tag == "Conference":
            assert element.text == f"call-{CALL}", where


@pytest.mark.parametrize("path", PARAMETERS)
def test_nasty_text_in_any_parameter_is_tamed(quiet: Carrier, path: str, caplog: pytest.LogCaptureFixture) -> None:
    for name in PARAMETERS[path]:
        for nasty in NASTY:
            form = {one: USUAL.get(one, "") for one in PARAMETERS[path]} | {name: nasty}
            check(quiet.post(path, **form), (name, nasty[:60]))
    assert PATIENT not in caplog.text
    assert "could not be" not in caplog.text
    assert "Traceback" not in caplog.text


@given(
    st.dictionaries(st.sampled_from(sorted(USUAL)), st.text(max_size=60), max_size=6), st.sampled_from([*PARAMETERS])
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_in_any_parameters_is_tamed(quiet: Carrier, odd: dict[str, str], path: str) -> None:
    form = {name: USUAL[name] for name in PARAMETERS[path] if name in USUAL} | odd
    check(quiet.post(path, **form), (path, odd))


@pytest.mark.parametrize(
    "caller",
    ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "anonymous", "Restricted", "", "garbage"],
)
def test_a_caller_who_withholds_her_number_is_queued_without_one(carrier: Carrier, floor: Floor, caller: str) -> None:
    assert f">call-{CALL}</Conference>" in carrier.ring(CALL, From=caller).text
    rows = floor.rows(Call, QueueEntry)
    assert [call["from_number"] for call in rows["call"]] == [None]
    assert len(rows["queue_entry"]) == 1


@pytest.mark.parametrize(
    "sid", ["", "CA", "CA" + "a" * 31, "CA" + "a" * 33, "CA" + "g" * 32, CALL + "\n", "call", "x" * 10_000]
)
def test_strangers_never_share_a_room_for_want_of_a_sid(carrier: Carrier, floor: Floor, sid: str) -> None:
    for path in ("/twilio/voice", "/twilio/gate", "/twilio/dial-done", "/twilio/call-status", "/twilio/wait"):
        answer = carrier.post(path, CallSid=sid, To=LINE, From=PATIENT, Digits="15", Direction="inbound")
        assert answer.status_code == 400, path
    assert floor.rows(Call)["call"] == []


def test_a_call_that_names_nothing_opens_no_room(carrier: Carrier) -> None:
    assert carrier.post("/twilio/voice").status_code == 400
    without_number = carrier.post("/twilio/voice", CallSid=CALL)
    assert without_number.status_code == 200
    assert "<Conference" not in without_number.text


def test_bytes_that_are_no_text_are_refused_or_tamed(quiet: Carrier) -> None:
    account = quiet.floor.settings.twilio_account_sid
    known = {"AccountSid": account, "CallSid": CALL, "To": LINE}
    for broken, meant in (
        ("%ED%A0%80", "\ufffd\ufffd\ufffd"),  # a lone surrogate
        ("%zz%", "%zz%"),
        ("%FF", "\ufffd"),
        ("%00", "\0"),
    ):
        body = f"{urlencode(known)}&From={broken}".encode()
        answer = post_raw(quiet, "/twilio/voice", body, {n: [v] for n, v in known.items()} | {"From": [meant]})
        assert answer.status_code == 200, broken
        check(answer, broken)
    assert quiet.client.post("/twilio/voice", content=b"\xff\xfe&=&;%").status_code == 403


def test_of_a_parameter_sent_twice_the_first_counts_and_both_are_signed(quiet: Carrier) -> None:
    account = quiet.floor.settings.twilio_account_sid
    other = "CA" + "9" * 32
    body = f"AccountSid={account}&CallSid={CALL}&CallSid={other}&To={quote_plus(LINE)}".encode()
    params = {"AccountSid": [account], "CallSid": [CALL, other], "To": [LINE]}
    check(post_raw(quiet, "/twilio/voice", body, params), "twice")
    assert post_raw(quiet, "/twilio/voice", body, params | {"CallSid": [CALL]}).status_code == 403


def test_other_kinds_of_body_are_forgeries(quiet: Carrier) -> None:
    account = quiet.floor.settings.twilio_account_sid
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/xml", "nonsense"):
        answer = post_raw(
            quiet, "/twilio/voice", b'{"CallSid": "x"}', {"AccountSid": [account]}, **{"Content-Type": kind}
        )
        assert answer.status_code == 403, kind


def test_megabytes_and_thousands_of_parameters_are_not_read(quiet: Carrier) -> None:
    for path in PARAMETERS:
        assert quiet.client.post(path, content=b"a=" + b"b" * 2**20).status_code == 413
        assert quiet.client.post(path, content=b"&".join([b"a=1"] * 300)).status_code == 403


@pytest.mark.parametrize("query", [b"\xff\xfe", b"leg=%FF", b"leg=" + b"9" * 3000, b"m=%00", b"attempt=-1", b"["])
def test_nonsense_behind_the_question_mark_is_a_forgery(carrier: Carrier, query: bytes) -> None:
    """Straight to the application: clients tidy addresses up before they send them."""
    for path in PARAMETERS:
        assert _status_of(carrier.client.app, path, query) == 403


def test_a_sender_who_goes_away_in_the_middle_is_no_fault(carrier: Carrier, caplog: pytest.LogCaptureFixture) -> None:
    for path in PARAMETERS:
        assert _status_of(carrier.client.app, path, b"", {"type": "http.disconnect"}) == 400
    assert caplog.records == []


def test_signed_nonsense_behind_the_question_mark_is_tamed(quiet: Carrier) -> None:
    for path in ("/twilio/leg?leg=-1", "/twilio/leg?leg=99999999999", "/twilio/leg?leg=x", "/twilio/leg"):
        check(quiet.post(path, CallSid=CALL, CallStatus="ringing", SequenceNumber="1"), path)
    for path in ("/twilio/gate?attempt=99", "/twilio/gate?attempt=x", "/twilio/message-status?m=%2500"):
        check(quiet.post(path, **USUAL | {"Digits": "00"}), path)


@pytest.mark.parametrize("path", PARAMETERS)
def test_only_our_account_with_our_token_is_heard(
    carrier: Carrier, floor: Floor, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert carrier.post(path, signature="", **USUAL).status_code == 403
    assert carrier.post(path, signature="\x7f" * 28, **USUAL).status_code == 403
    assert carrier.post(path, token="stolen", **USUAL).status_code == 403
    assert carrier.post(path, **USUAL | {"AccountSid": "AC" + "9" * 32}).status_code == 403
    assert floor.rows(Call)["call"] == []
    assert caplog.text.count("webhook refused") == 4
    assert PATIENT not in caplog.text


def test_once_the_old_token_is_withdrawn_it_is_refused(carrier: Carrier) -> None:
    assert [carrier.post("/twilio/wait", token=one, CallSid=CALL).status_code for one in ("token", "older")] == [
        200,
        200,
    ]
    changed = carrier.floor.settings.model_copy(update={"twilio_old_auth_token": SecretStr("")})
    object.__setattr__(carrier.world, "settings", changed)
    assert [carrier.post("/twilio/wait", token=one, CallSid=CALL).status_code for one in ("token", "older")] == [
        200,
        403,
    ]


def test_a_replayed_call_changes_nothing(carrier: Carrier, floor: Floor) -> None:
    first = carrier.ring(CALL)
    before = floor.rows(Call, QueueEntry)
    assert [carrier.ring(CALL).text for _ in range(3)] == [first.text] * 3
    assert floor.rows(Call, QueueEntry) == before


def test_a_report_that_meets_a_fault_is_asked_for_again(quiet: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise Problem("broken")

    monkeypatch.setattr(reports, "is_first", fail)
    for path in ("/twilio/call-status", "/twilio/conference", "/twilio/leg"):
        assert quiet.post(path, **USUAL | {"CallStatus": "completed"}).status_code == 503, path


def test_hours_that_cannot_be_read_turn_nobody_away(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise ValueError("no such zone")

    monkeypatch.setattr("callcenter.web.webhooks.voice.answering", fail)
    assert f">call-{CALL}</Conference>" in carrier.ring(CALL).text


@pytest.mark.parametrize("said", NASTY)
def test_a_report_without_a_usable_time_or_number_still_has_a_place(said: str) -> None:
    assert reports._mark(Webhook({"Timestamp": [said], "SequenceNumber": ["9" * 5000]})) == 999
    assert reports._mark(Webhook({"Timestamp": [said], "SequenceNumber": ["7"]})) == 7


def test_a_repeat_that_crosses_the_opening_leaves_nobody_in_a_room_without_a_queue(
    carrier: Carrier, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.web.webhooks.voice.answering", lambda *_: Answering(is_open=False, sentence="Non."))
    assert "Non." in carrier.ring(CALL).text
    monkeypatch.setattr("callcenter.web.webhooks.voice.answering", lambda *_: Answering(is_open=True))
    again = carrier.ring(CALL).text
    assert "<Conference" not in again
    assert "rappeler dans quelques minutes" in again
    assert floor.rows(QueueEntry)["queue_entry"] == []


_NO_BODY = {"type": "http.request", "body": b"", "more_body": False}


def _status_of(app: ASGIApp, path: str, query: bytes, said: dict[str, object] = _NO_BODY) -> int:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return said

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"x-twilio-signature", b"forged")],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
    }
    run(app(scope, receive, send))  # type: ignore[arg-type]
    return next(int(str(one["status"])) for one in sent if "status" in one)
