"""The API as the real client sees it: calls, messages, refusals."""

from collections.abc import Callable

import pytest
import typer
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from callcenter.carrier.clock import RealClock
from callcenter.carrier.command import listen
from callcenter.core.config import load_settings
from callcenter.core.errors import ProviderError
from callcenter.telephony.twilio_provider import TwilioProvider
from tests.carrier.running import LANDLINE, PATIENT, PRACTICE, SID, TOKEN, Running

STATUS = "http://product/sms"


def test_an_sms_is_delivered_and_can_be_read(carrier: Running) -> None:
    sent = carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="RDV le 6.", status_callback=STATUS)
    assert sent.status == "queued"
    carrier.advance(2)

    assert [told["MessageStatus"] for told in carrier.product.told("sms")] == ["queued", "sent", "delivered"]
    assert [m["body"] for m in carrier.http.get("/network/messages", params={"to": PATIENT}).json()] == ["RDV le 6."]
    assert "RDV le 6." in carrier.http.get("/messages").text
    found = carrier.twilio.messages.list(to=PATIENT, date_sent_after=sent.date_created)
    assert [message.sid for message in found] == [sent.sid]
    assert carrier.product.forged == []


def test_an_address_in_an_sms_can_be_opened_and_its_other_words_stay_words(carrier: Running) -> None:
    address = "http://127.0.0.1:8000/r/" + "a" * 26
    words = f"<script>alert(1)</script> {address}"
    carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body=words, status_callback=STATUS)
    shown = carrier.http.get("/messages").text
    assert f'&lt;script&gt;alert(1)&lt;/script&gt; <a href="{address}" rel="noopener" target="_blank">' in shown


def test_an_sms_to_a_landline_or_to_a_dead_phone_is_not(carrier: Running) -> None:
    carrier.http.put(f"/network/phones/{PATIENT}", json={"messages": "failed"})
    landline = carrier.twilio.messages.create(to=LANDLINE, from_="Callcenter", body="x", status_callback=STATUS)
    dead = carrier.twilio.messages.create(to=PATIENT, messaging_service_sid="MG" + "0" * 32, body="x")
    carrier.advance(2)
    last = carrier.product.told("sms")[-1]
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30006")
    assert carrier.twilio.messages(landline.sid).fetch().error_code == 30006
    assert carrier.twilio.messages(dead.sid).fetch().status == "failed"
    assert carrier.http.get("/network/messages").json() == []


def test_the_product_finds_its_texts_whatever_the_carriers_clock_says(carrier: Running) -> None:
    """What failed is left out: a text that is sent again in the same words is another one."""
    settings = load_settings(
        twilio_base_url=carrier.base, twilio_account_sid=SID, twilio_auth_token=TOKEN, secret_key="s" * 32
    )
    provider = TwilioProvider(settings)
    carrier.http.put(f"/network/phones/{PATIENT}", json={"messages": "failed"})
    provider.send_sms(to=PATIENT, sender="Callcenter", body="RDV le 6.", status_callback=STATUS)
    carrier.advance(2)
    carrier.http.put(f"/network/phones/{PATIENT}", json={"messages": "delivered"})
    sids = []
    for body in ("RDV le 6.", "RDV le 7.", "RDV le 6."):
        sids.append(provider.send_sms(to=PATIENT, sender="Callcenter", body=body, status_callback=STATUS))
        carrier.advance(2)
    assert provider.find_sms(to=PATIENT, body="RDV le 6.") == [sids[2], sids[0]]
    assert provider.find_sms(to=LANDLINE, body="RDV le 6.") == []


def test_a_call_asked_for_is_made_redirected_and_ended(carrier: Running) -> None:
    carrier.http.put(f"/network/phones/{PATIENT}", json={"answers": "auto", "after_seconds": 1})
    call = carrier.twilio.calls.create(
        to=PATIENT, from_=PRACTICE, twiml="<Response><Say>Rappel.</Say><Pause length='60'/></Response>"
    )
    carrier.advance(3)
    assert carrier.twilio.calls(call.sid).fetch().status == "in-progress"
    carrier.twilio.calls(call.sid).update(twiml="<Response><Say>Autre chose.</Say><Pause length='60'/></Response>")
    carrier.advance(3)
    assert carrier.heard_by(call.sid) == [("voice", "Rappel."), ("voice", "Autre chose.")]
    ended = carrier.twilio.calls(call.sid).update(status="completed")
    assert (ended.status, ended.duration) == ("completed", "5")
    with pytest.raises(TwilioRestException) as refused:
        carrier.twilio.calls(call.sid).update(status="completed")
    assert refused.value.code == 21220


def test_lists_come_in_pages(carrier: Running) -> None:
    for number in range(5):
        carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body=str(number))
    assert [m.body for m in carrier.twilio.messages.list(page_size=2)] == ["4", "3", "2", "1", "0"]


def test_refusals_have_the_carriers_numbers(carrier: Running) -> None:
    def code(act: Callable[[], object]) -> tuple[int, int | None]:
        with pytest.raises(TwilioRestException) as refused:
            act()
        return refused.value.status, refused.value.code

    twilio = carrier.twilio
    stranger = Client(SID, "wrong", http_client=twilio.http_client)
    assert code(lambda: stranger.calls("CA" + "0" * 32).fetch()) == (401, 20003)
    assert code(lambda: twilio.calls("CA" + "0" * 32).fetch()) == (404, 20404)
    assert code(lambda: twilio.conferences("CF" + "0" * 32).fetch()) == (404, 20404)
    assert code(lambda: twilio.recordings("RE" + "0" * 32).fetch()) == (404, 20404)
    assert code(lambda: twilio.messages.create(to="0612", from_="x", body="x")) == (400, 21211)
    assert code(lambda: twilio.messages.create(to="", from_="x", body="x")) == (400, 21604)
    assert code(lambda: twilio.messages.create(to=PATIENT, from_="x", body="")) == (400, 21602)
    participants = twilio.conferences("room").participants
    assert code(lambda: participants.create(from_=PRACTICE, to="15")) == (400, 21211)
    assert code(lambda: participants.create(from_=PRACTICE, to=PATIENT, label="a/b")) == (400, 16024)


@pytest.mark.parametrize(
    ("token", "fault", "permanent", "unknown"),
    [("0" * 32, None, True, False), (TOKEN, "error", False, False), (TOKEN, "error_after", False, True)],
)
def test_a_refused_list_says_whether_trying_again_can_help(
    carrier: Running, token: str, fault: str | None, permanent: bool, unknown: bool
) -> None:
    """The library tells a refusal of a list in another manner than any other."""
    settings = load_settings(
        twilio_base_url=carrier.base, twilio_account_sid=SID, twilio_auth_token=token, secret_key="s" * 32
    )
    if fault is not None:
        carrier.http.put("/network/faults", json={"chances": {fault: 1}, "only": ["Conferences"]}).raise_for_status()
    with pytest.raises(ProviderError) as refused:
        TwilioProvider(settings).open_rooms()
    assert (refused.value.permanent, refused.value.unknown) == (permanent, unknown)


def test_a_real_clock_runs_by_itself_and_is_not_moved_by_hand(start: Callable[..., Running]) -> None:
    running = start(clock=RealClock(speed=50))
    sent = running.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x")
    for _ in range(200):
        if running.http.get("/network/messages").json():
            break
    assert running.twilio.messages(sent.sid).fetch().status == "delivered"
    assert running.http.post("/network/clock/advance", json={"seconds": 1}).status_code == 409


def test_a_port_in_use_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    first = listen("127.0.0.1", 0)
    first.listen()
    with first, pytest.raises(typer.Exit) as refused:
        listen("127.0.0.1", first.getsockname()[1])
    assert refused.value.exit_code == 1
    assert "choose another with --port" in capsys.readouterr().err
