"""Her own telephone is picked up: by her, who presses 1, or by a voicemail, which presses nothing."""

from datetime import timedelta

import pytest

from callcenter.core.errors import ProviderError
from callcenter.telephony.legs import end_legs, lock_call
from callcenter.telephony.models import Call, Leg, LegStatus
from callcenter.telephony.provider import CarrierCall
from callcenter.telephony.sweeping import dial_forgotten_legs
from tests.floor import ALL, CALL, LINE, Floor
from tests.web.webhooks.conftest import Carrier

MOBILE = "+33639980033"


@pytest.fixture
def leg(floor: Floor) -> Leg:
    """Ines has taken a patient, and her own telephone rings."""
    floor.hire("Ines", endpoint=MOBILE)
    floor.ring()
    return floor.accept("Ines")


def ask(carrier: Carrier, leg: Leg, *, attempt: str = "", **params: str) -> str:
    sid = carrier.floor.provider.rung[-1]["sid"]
    path = f"/twilio/ear?leg={leg.id}" + (f"&attempt={attempt}" if attempt else "")
    answer = carrier.post(path, CallSid=sid, To=MOBILE, From=LINE, CallStatus="in-progress", **params)
    assert answer.status_code == 200
    return answer.text


def report(carrier: Carrier, leg: Leg, status: str, number: int) -> None:
    sid = carrier.floor.provider.rung[-1]["sid"]
    told = carrier.post(f"/twilio/leg?leg={leg.id}", CallSid=sid, CallStatus=status, SequenceNumber=str(number))
    assert told.status_code == 204


def in_room(carrier: Carrier, leg: Leg, event: str, number: int, **more: str) -> None:
    params = {
        "ConferenceSid": "CF" + "c" * 32,
        "FriendlyName": f"call-{CALL}",
        "StatusCallbackEvent": event,
        "SequenceNumber": str(number),
        "Timestamp": "Mon, 23 Nov 2026 08:00:10 +0000",
        "CallSid": carrier.floor.provider.rung[-1]["sid"],
        "ParticipantLabel": leg.label,
    }
    assert carrier.post("/twilio/conference", **params | more).status_code == 204


def status(floor: Floor, leg: Leg) -> tuple[str, str]:
    [row] = [row for row in floor.rows(Leg)["leg"] if row["id"] == leg.id]
    return row["status"], row["failure"]


def test_it_is_rung_with_a_document_of_ours_and_asks_for_a_key(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    assert floor.provider.dialled == []
    [order] = floor.provider.rung
    assert order["to"] == MOBILE
    assert order["document_url"].startswith(f"{floor.settings.public_url}/twilio/ear?leg={leg.id}")
    question = ask(carrier, leg)
    assert "Appel pour Cabinet des Lilas. Tapez 1 pour prendre l'appel." in question
    assert 'numDigits="1"' in question
    assert "attempt=0" in question


def test_the_key_leads_into_the_room_of_her_call(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    document = ask(carrier, leg, attempt="0", Digits="1")
    assert f">call-{CALL}</Conference>" in document
    assert f'participantLabel="{leg.label}"' in document
    assert 'endConferenceOnExit="false"' in document
    # Taking the order is not being there: only the room says so.
    assert status(floor, leg)[0] == LegStatus.DIALLING
    in_room(carrier, leg, "participant-join", 1)
    assert status(floor, leg)[0] == LegStatus.JOINED


def test_a_voicemail_is_asked_twice_and_never_gets_the_patient(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    report(carrier, leg, "in-progress", 2)
    assert status(floor, leg)[0] == LegStatus.RINGING
    assert "<Gather" in ask(carrier, leg)
    assert "attempt=1" in ask(carrier, leg, attempt="0", Digits="")
    assert "<Gather" not in ask(carrier, leg, attempt="1", Digits="7")
    report(carrier, leg, "completed", 3)
    assert status(floor, leg) == (LegStatus.FAILED, "not taken")
    assert (floor.entry(1).status, floor.status_of("Ines")) == ("waiting", "break_")


def test_who_took_it_and_hung_up_was_there(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    # Nothing was told of the room: that the key was pressed is enough.
    ask(carrier, leg, attempt="0", Digits="1")
    report(carrier, leg, "completed", 3)
    assert status(floor, leg) == (LegStatus.LEFT, "")


def test_a_key_that_comes_too_late_is_told_so(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    with floor.database.unit_of_work(ALL) as session:
        call = lock_call(session, leg.call_id)
        end_legs(session, call, at=floor.now)
    document = ask(carrier, leg, attempt="0", Digits="1")
    assert "Conference" not in document
    assert "L'appel n'est plus en attente." in document


@pytest.mark.parametrize("wrong", ["99999", "x", "1; drop", "-1", ""])
def test_a_leg_that_is_not_ours_is_hung_up(carrier: Carrier, leg: Leg, wrong: str) -> None:
    path = "/twilio/ear?leg=" + wrong.replace(" ", "%20")
    answer = carrier.post(path, CallSid=CALL, To=MOBILE, From=LINE, CallStatus="in-progress", Digits="1")
    assert (answer.status_code, "Hangup" in answer.text) == (200, True)


def test_a_hostile_name_of_a_practice_stays_text(carrier: Carrier, floor: Floor, leg: Leg) -> None:
    from callcenter.directory.models import Practice

    with floor.database.unit_of_work(ALL) as session:
        session.get_one(Practice, 1).name = "</Say><Dial>+33899</Dial> \U0001f600\x07"
    question = ask(carrier, leg)
    assert "<Dial>" not in question
    assert "\x07" not in question


def test_a_repeat_after_a_lost_answer_does_not_ring_twice(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    floor.ring()
    rung = floor.provider.ring

    def answer_lost(**order: str) -> str:
        sid = rung(**order)
        floor.provider.calls[sid] = CarrierCall(sid, "ringing", "outbound-api", LINE, order["to"])
        raise ProviderError("no answer", permanent=False, unknown=True)

    floor.provider.ring = answer_lost  # type: ignore[method-assign, assignment]
    leg = floor.accept("Ines")
    floor.provider.ring = rung  # type: ignore[method-assign]
    assert status(floor, leg)[0] == LegStatus.DIALLING
    floor.clock.advance(timedelta(seconds=5))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    [order] = floor.provider.rung
    with floor.database.reading(ALL) as session:
        assert session.get_one(Leg, leg.id).sid == order["sid"]


def test_what_the_carrier_never_heard_of_is_rung_again(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    floor.ring()
    floor.provider.refusing = ProviderError("no answer", permanent=False, unknown=True)
    floor.accept("Ines")
    floor.provider.refusing = None
    # Another call of hers to the same telephone is no proof.
    floor.provider.calls["CA" + "9" * 32] = CarrierCall("CA" + "9" * 32, "completed", "outbound-api", LINE, MOBILE)
    floor.clock.advance(timedelta(seconds=5))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert len(floor.provider.rung) == 1


def test_nobody_is_given_up_while_she_is_asked_for_the_key(floor: Floor, leg: Leg) -> None:
    [order] = floor.provider.rung
    floor.provider.calls[order["sid"]] = CarrierCall(order["sid"], "in-progress", "outbound-api", LINE, MOBILE)
    floor.clock.advance(timedelta(seconds=45))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert status(floor, leg)[0] == LegStatus.DIALLING
    floor.clock.advance(timedelta(seconds=45))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert status(floor, leg)[0] == LegStatus.FAILED
    assert floor.provider.hung_up == [order["sid"]]
    assert isinstance(floor.call(1), Call)
