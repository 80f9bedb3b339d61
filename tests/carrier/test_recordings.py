"""What is said to a whole room, and recordings: begun, stopped, forgotten, in Twilio's own shapes."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.carrier.running import PRACTICE, Running


def test_everybody_hears_it_then_a_leg_is_recorded_until_it_is_forgotten(carrier: Running) -> None:
    patient = carrier.place_call()
    leg = carrier.twilio.conferences(f"room-{patient}").participants.create(
        from_=PRACTICE, to="client:ines", label="operator"
    )
    carrier.advance(1)
    carrier.product.documents["notice"] = "<Response><Say>Cet appel va être enregistré.</Say></Response>"
    carrier.twilio.conferences(leg.conference_sid).update(announce_url="http://product/notice")
    for sid in (patient, leg.call_sid):
        assert ("voice", "Cet appel va être enregistré.") in carrier.heard_by(sid)

    recordings = carrier.twilio.calls(patient).recordings
    first = recordings.create()
    assert (first.status, first.call_sid) == ("in-progress", patient)
    assert recordings("Twilio.CURRENT").update(status="stopped").sid == first.sid
    with pytest.raises(TwilioRestException) as nothing:
        recordings("Twilio.CURRENT").update(status="stopped")
    assert nothing.value.status == 404
    assert carrier.twilio.recordings(first.sid).delete() is True
    with pytest.raises(TwilioRestException) as gone:
        carrier.twilio.recordings(first.sid).delete()
    assert gone.value.status == 404


def test_a_recording_ends_with_its_leg(carrier: Running) -> None:
    patient = carrier.place_call()
    carrier.advance(1)
    made = carrier.twilio.calls(patient).recordings.create()
    carrier.http.post(f"/network/calls/{patient}/hangup")
    stopped = carrier.twilio.calls(patient).recordings(made.sid).update(status="stopped")
    assert stopped.status == "stopped"
    with pytest.raises(TwilioRestException) as over:
        carrier.twilio.calls(patient).recordings.create()
    assert over.value.code == 21220
