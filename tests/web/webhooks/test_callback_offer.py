"""Before a long wait a caller is offered a key, and is rung back at her turn when she presses it."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.directory.models import PracticeLine
from callcenter.routing import overflow
from callcenter.routing.models import Callback, QueueEntry
from callcenter.routing.overflow import send_elsewhere
from callcenter.telephony.gate_twiml import gate_code
from callcenter.telephony.models import Call
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, PATIENT, Floor
from tests.web.webhooks.conftest import Carrier

OFFER = "/twilio/callback-offer"
FOUR_MINUTES = (
    "L'attente est d'environ 4 minutes. Tapez 1 pour être rappelé sans perdre votre place, ou restez en ligne."
)
LONG = "L'attente est longue. Tapez 1 pour être rappelé sans perdre votre place, ou restez en ligne."
NOTED = "C'est noté. Nous vous rappelons à votre tour, vous pouvez raccrocher."


def sid(number: int) -> str:
    return f"CA{number:032x}"


def look(carrier: Carrier) -> None:
    """What the product does by itself every few seconds."""
    floor = carrier.floor
    carrier.world.waits.refresh(floor.database, zone=floor.settings.centre_zone, at=floor.now)


def crowd(carrier: Carrier, *, waiting: int = 2, operators: int = 1) -> None:
    """Every operator is asked to take a call, and so many more wait."""
    carrier.floor.hire(*(f"Ines{number}" for number in range(operators)))
    for number in range(operators + waiting):
        carrier.ring(sid(number), From=f"+336399820{number:02d}")
    look(carrier)


def press(carrier: Carrier, digits: str = "1", *, call_sid: str = CALL) -> str:
    answer = carrier.post(OFFER, CallSid=call_sid, To=LINE, From=PATIENT, CallStatus="in-progress", Digits=digits)
    assert answer.status_code == 200
    return answer.text


def call_of(floor: Floor, call_sid: str = CALL) -> int:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Call.id).where(Call.sid == call_sid)).one()


def is_in_her_room(document: str, call_sid: str = CALL) -> bool:
    """Her conference, and no word before it."""
    read = ET.fromstring(document)
    return [verb.tag for verb in read] == ["Dial"] and read.findtext("Dial/Conference") == f"call-{call_sid}"


def test_a_long_wait_is_said_and_a_key_is_offered_before_her_own_room(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    document = ET.fromstring(carrier.ring(CALL).text)
    assert [verb.tag for verb in document] == ["Gather", "Dial"]
    gather = document.find("Gather")
    assert gather is not None
    assert (gather.get("numDigits"), gather.get("timeout"), gather.get("input")) == ("1", "4", "dtmf")
    assert gather.get("actionOnEmptyResult") is None  # without a key she goes on into her room by herself
    assert (gather.get("action") or "").split("#")[0] == f"https://centre.example.org{OFFER}"
    assert document.findtext("Gather/Say") == FOUR_MINUTES
    assert document.findtext("Dial/Conference") == f"call-{CALL}"
    # She has her place from the first webhook on.
    assert floor.entry(call_of(floor)).status == "waiting"


def test_a_short_queue_hears_no_word(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines", "Camille")
    look(carrier)
    answers = [carrier.ring(sid(number), From=f"+336399820{number:02d}") for number in range(5)]
    assert all(is_in_her_room(answer.text, sid(number)) for number, answer in enumerate(answers))


def test_a_burst_is_counted_between_two_looks(carrier: Carrier, floor: Floor) -> None:
    floor.hire("Ines")
    look(carrier)
    offered = ["Gather" in carrier.ring(sid(number), From=f"+336399820{number:02d}").text for number in range(5)]
    # One is offered to Ines; then none, one (2 min) and two (4 min) wait before the next.
    assert offered == [False, False, False, True, True]
    look(carrier)
    assert "8 minutes" in carrier.ring(CALL).text


def test_whom_somebody_is_asked_to_take_at_once_hears_no_word_though_nobody_was_there_a_moment_ago(
    carrier: Carrier, floor: Floor
) -> None:
    look(carrier)
    floor.hire("Ines")
    assert is_in_her_room(carrier.ring(CALL).text)


def test_nobody_on_duty_and_no_minutes_are_promised(carrier: Carrier, floor: Floor) -> None:
    look(carrier)
    assert ET.fromstring(carrier.ring(CALL).text).findtext("Gather/Say") == LONG
    assert NOTED in press(carrier)


def test_who_is_away_from_her_desk_is_not_on_duty(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    floor.clock.advance(timedelta(minutes=1))
    look(carrier)
    assert LONG in ET.fromstring(carrier.ring(CALL).text).findtext("Gather/Say", "")


def test_the_days_conversations_say_how_long_one_takes(carrier: Carrier, floor: Floor) -> None:
    for number in range(20):
        call_id = floor.ring(sid(1000 + number))
        floor.hear(floor.patient_leg(call_id), LegNews.JOINED, LegNews.HUNG_UP)
        with floor.database.unit_of_work(ALL) as session:
            taken = update(Call).where(Call.id == call_id)
            session.execute(taken.values(answered_at=floor.now, ended_at=floor.now + timedelta(seconds=300)))
    crowd(carrier)
    assert "environ 10 minutes" in carrier.ring(CALL).text


@pytest.mark.parametrize("number", ["anonymous", "", "+33899123456", "+12125550123"])
def test_who_cannot_be_rung_back_hears_no_word(carrier: Carrier, floor: Floor, number: str) -> None:
    crowd(carrier)
    assert is_in_her_room(carrier.ring(CALL, From=number).text)


def test_a_line_that_offers_none_and_the_evening_hear_no_word(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    floor.clock.advance(timedelta(hours=11))  # 20 h in Paris
    look(carrier)
    assert is_in_her_room(carrier.ring(sid(90)).text, sid(90))
    floor.clock.advance(timedelta(hours=-11))
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(callback_after=0))
    carrier.world.lines.refresh(floor.database)
    look(carrier)
    assert is_in_her_room(carrier.ring(CALL).text)


def test_a_slow_database_offers_nothing(carrier: Carrier, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(carrier)
    # Nothing was heard of the queue for a while.
    floor.clock.advance(timedelta(seconds=16))
    assert is_in_her_room(carrier.ring(sid(90)).text, sid(90))
    # Her call itself cannot be kept.
    look(carrier)
    monkeypatch.setattr("callcenter.web.webhooks.voice.receive_call", _broken)
    document = ET.fromstring(carrier.ring(CALL).text)
    assert [verb.tag for verb in document] == ["Say", "Say", "Dial"]
    assert "composez le 15" in (document.findtext("Say") or "")


def test_a_repeat_gets_the_answer_of_the_first(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    offered = carrier.ring(CALL).text
    for number in range(50, 60):
        carrier.ring(sid(number), From=f"+336399820{number}")
    look(carrier)
    assert carrier.ring(CALL).text == offered
    floor.clock.advance(timedelta(minutes=5))
    assert carrier.ring(CALL).text == offered
    look(carrier)
    assert is_in_her_room(carrier.ring(sid(0), From="+33639982000").text, sid(0))  # she was offered nothing


def test_the_key_promises_her_a_call_in_her_place_and_she_may_hang_up(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    joined_at = floor.entry(call_of(floor)).joined_at
    floor.clock.advance(timedelta(seconds=6))
    document = ET.fromstring(press(carrier))
    assert [verb.tag for verb in document] == ["Say", "Hangup"]
    assert document.findtext("Say") == NOTED
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["reason"], owed["status"], owed["number"]) == ("asked", "open", PATIENT)
    hers = floor.entry(owed["outbound_call_id"])
    assert (hers.status, hers.joined_at, hers.priority_reason) == ("waiting", joined_at, "promised")
    # She has heard it: nobody tells the carrier to send her to hear it once more.
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.provider.redirected == []
    carrier.post("/twilio/call-status", CallSid=CALL, CallStatus="completed")
    assert (floor.call(call_of(floor)).status, floor.entry(call_of(floor)).status) == ("ended", "callback")
    assert floor.entry(owed["outbound_call_id"]).status == "waiting"


def test_told_twice_it_is_one_promise(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    assert press(carrier) == press(carrier)
    floor.clock.advance(timedelta(seconds=3))
    assert NOTED in press(carrier)
    assert len(floor.rows(Callback)["callback"]) == 1
    outbound = [row for row in floor.rows(Call)["call"] if row["direction"] == "outbound"]
    assert len(outbound) == 1


@pytest.mark.parametrize("digits", ["", "2", "11", "*", "1</Say>"])
def test_another_key_leads_into_her_own_room(carrier: Carrier, floor: Floor, digits: str) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    assert is_in_her_room(press(carrier, digits))
    assert floor.rows(Callback)["callback"] == []
    assert floor.entry(call_of(floor)).status == "waiting"


def test_whom_somebody_has_just_taken_is_put_through(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    for before_her in (1, 2):
        floor.hear(floor.patient_leg(call_of(floor, sid(before_her))), LegNews.JOINED, LegNews.HUNG_UP)
    floor.hire("Camille")
    assert floor.accept("Camille").call_id == call_of(floor)
    assert is_in_her_room(press(carrier))
    assert floor.rows(Callback)["callback"] == []


def test_a_withheld_number_and_an_unknown_call_are_promised_nothing(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    carrier.ring(CALL, From="anonymous")
    assert is_in_her_room(press(carrier))
    assert is_in_her_room(press(carrier, call_sid=sid(77)), sid(77))
    assert floor.rows(Callback)["callback"] == []


def test_a_stranger_cannot_press(carrier: Carrier, floor: Floor) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    assert carrier.post(OFFER, signature="", CallSid=CALL, To=LINE, Digits="1").status_code == 403
    assert carrier.post(OFFER, CallSid="CA1", To=LINE, Digits="1").status_code == 400
    assert floor.rows(Callback)["callback"] == []


def test_a_promise_that_was_kept_too_late_for_her_answer_is_told_from_her_room(
    carrier: Carrier, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(carrier)
    carrier.ring(CALL)
    with monkeypatch.context() as patch:
        patch.setattr("callcenter.web.webhooks.callback_offer.promise_by_key", _kept_and_lost)
        assert is_in_her_room(press(carrier))
    with floor.database.unit_of_work(ALL) as session:
        assert overflow.promise_by_key(session, CALL, at=floor.now)
    floor.hear(floor.patient_leg(call_of(floor)), LegNews.JOINED)
    waits = {"CallSid": CALL, "To": LINE, "From": PATIENT, "Direction": "inbound"}
    carrier.post("/twilio/wait", **waits)
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.provider.redirected == []  # on her way out of there, for all that is known
    floor.clock.advance(timedelta(seconds=30))
    carrier.post("/twilio/wait", **waits)
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert len(floor.provider.redirected) == 1
    told = carrier.post("/twilio/overflow", CallSid=CALL, To=LINE, CallStatus="in-progress").text
    assert "Nous vous rappelons dès que possible" in told
    assert len(floor.rows(Callback)["callback"]) == 1


def test_behind_the_gate_the_key_is_offered_but_never_in_an_emergency(carrier: Carrier, floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(gate_per_minute=4))
    carrier.world.lines.refresh(floor.database)
    crowd(carrier, waiting=3)
    secret = floor.settings.secret_key.get_secret_value()
    asked = {"To": LINE, "CallStatus": "in-progress"}
    for number, from_number in ((70, "+33639982070"), (71, "+33639982071")):
        assert "/twilio/gate" in carrier.ring(sid(number), From=from_number).text
    code = gate_code(sid(70), secret=secret)
    passed = [
        carrier.post("/twilio/gate?attempt=0", CallSid=sid(70), From="+33639982070", Digits=code, **asked).text
        for _twice in range(2)
    ]
    assert OFFER in passed[0]
    assert passed[0] == passed[1]
    urgent = carrier.post("/twilio/gate?attempt=0", CallSid=sid(71), From="+33639982071", Digits="15", **asked).text
    assert is_in_her_room(urgent, sid(71))
    assert len(floor.rows(QueueEntry)["queue_entry"]) == 6


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("the database is away")


def _kept_and_lost(session: Session, *_: object, **__: object) -> bool:
    raise TimeoutError("nothing came back from the database")
