"""What a caller hears who is sent elsewhere, and where she is when nobody is there."""

from datetime import timedelta

from sqlalchemy import update

from callcenter.directory.models import PracticeLine
from callcenter.routing.models import Callback
from callcenter.routing.overflow import send_elsewhere, take_overdue
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, Floor
from tests.web.webhooks.conftest import Carrier

NUMBER = "+33199001999"


def sent(carrier: Carrier, floor: Floor) -> int:
    """A caller whom the carrier was told to send elsewhere; the id of her call."""
    with floor.database.unit_of_work(ALL) as session:
        line = update(PracticeLine).where(PracticeLine.number == LINE)
        session.execute(line.values(overflow_after=60, overflow_number=NUMBER))
    carrier.world.lines.refresh(floor.database)
    carrier.ring(CALL)
    [leg] = [floor.patient_leg(1)]
    floor.hear(leg, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=60))
    take_overdue(floor.database, floor.clock)
    send_elsewhere(floor.database, floor.provider, floor.clock, settings=floor.settings)
    floor.hear(leg, LegNews.LEFT)
    return 1


def test_one_sentence_then_the_lines_number_which_is_shown_ours(carrier: Carrier, floor: Floor) -> None:
    sent(carrier, floor)
    answer = carrier.post("/twilio/overflow", CallSid=CALL, To=LINE, CallStatus="in-progress")
    assert answer.status_code == 200
    assert answer.text.count("<Say") == 1
    assert "Merci de votre patience. Nous transférons votre appel." in answer.text
    assert f"<Number>{NUMBER}</Number>" in answer.text
    assert f'callerId="{LINE}"' in answer.text
    assert "/twilio/overflow-done" in answer.text


def test_who_has_spoken_there_is_done(carrier: Carrier, floor: Floor) -> None:
    call_id = sent(carrier, floor)
    done = carrier.post(
        "/twilio/overflow-done", CallSid=CALL, To=LINE, CallStatus="in-progress", DialCallStatus="completed"
    )
    assert "<Hangup" in done.text
    carrier.post("/twilio/call-status", CallSid=CALL, CallStatus="completed")
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "overflow")
    assert floor.rows(Callback)["callback"] == []


def test_nobody_there_and_she_is_back_in_her_own_room_twice_told_or_once(carrier: Carrier, floor: Floor) -> None:
    call_id = sent(carrier, floor)
    for status in ("no-answer", "no-answer", "busy"):
        back = carrier.post(
            "/twilio/overflow-done", CallSid=CALL, To=LINE, CallStatus="in-progress", DialCallStatus=status
        )
        assert f"call-{CALL}</Conference>" in back.text
        assert floor.entry(call_id).status == "waiting"


def test_who_hung_up_there_has_ended_her_call(carrier: Carrier, floor: Floor) -> None:
    call_id = sent(carrier, floor)
    carrier.post("/twilio/overflow-done", CallSid=CALL, To=LINE, CallStatus="completed", DialCallStatus="canceled")
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "abandoned")
    [owed] = floor.rows(Callback)["callback"]
    assert (owed["call_id"], owed["status"]) == (call_id, "open")


def test_who_hung_up_after_speaking_there_is_owed_nothing(carrier: Carrier, floor: Floor) -> None:
    """The carrier tells of the end of her call and of the end of the conversation at once."""
    call_id = sent(carrier, floor)
    carrier.post("/twilio/call-status", CallSid=CALL, CallStatus="completed")
    for _ in range(2):
        carrier.post("/twilio/overflow-done", CallSid=CALL, To=LINE, CallStatus="completed", DialCallStatus="completed")
    assert (floor.call(call_id).status, floor.entry(call_id).status) == ("ended", "overflow")
    assert [row["status"] for row in floor.rows(Callback)["callback"]] == ["done"]


def test_who_is_not_to_go_waits_in_her_own_room(carrier: Carrier, floor: Floor) -> None:
    """Late, repeated after an operator has her, or never sent by us."""
    floor.hire("Ines")
    carrier.ring(CALL)
    floor.accept("Ines")
    answer = carrier.post("/twilio/overflow", CallSid=CALL, To=LINE, CallStatus="in-progress")
    assert f"call-{CALL}</Conference>" in answer.text
    assert floor.entry(1).status == "answered"


def test_a_stranger_cannot_ask(carrier: Carrier, floor: Floor) -> None:
    sent(carrier, floor)
    assert carrier.post("/twilio/overflow", signature="", CallSid=CALL, To=LINE).status_code == 403
    assert carrier.post("/twilio/overflow-done", signature="", CallSid=CALL, To=LINE).status_code == 403
    assert carrier.post("/twilio/overflow", CallSid="CA1", To=LINE).status_code == 400


def test_the_music_of_her_own_room_brings_her_back_when_everything_else_was_lost(
    carrier: Carrier, floor: Floor
) -> None:
    call_id = sent(carrier, floor)
    waits = {"CallSid": CALL, "To": LINE, "Direction": "inbound"}
    carrier.post("/twilio/wait", **waits)
    assert floor.entry(call_id).status == "overflow"  # on its way when she was sent
    floor.clock.advance(timedelta(seconds=30))
    carrier.post("/twilio/wait", **waits)
    assert floor.entry(call_id).status == "waiting"
