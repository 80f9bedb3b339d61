"""What is said to a whole room, and recordings: begun, stopped, forgotten, in Twilio's own shapes."""

from datetime import timedelta

import pytest
from twilio.base.exceptions import TwilioRestException

from callcenter.core.db import Database
from callcenter.core.errors import Conflict
from callcenter.telephony.kept_recordings import delete_due_recordings
from callcenter.telephony.recording import start_recording, stop_left_recordings
from tests.carrier.running import PRACTICE, Running
from tests.carrier.test_reconciling import INES, deaf_floor, look
from tests.floor import LINE


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
    second = recordings.create()
    listed = [(one.sid, one.status) for one in recordings.list(page_size=1)]
    assert listed == [(second.sid, "in-progress"), (first.sid, "stopped")]  # the newest first
    assert carrier.twilio.calls(leg.call_sid).recordings.list() == []
    second.update(status="stopped")
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


def test_one_whose_answer_was_lost_is_forgotten_though_its_call_ended_first(
    database: Database, carrier: Running
) -> None:
    floor = deaf_floor(database, carrier)
    floor.hire("Ines", endpoint=INES)
    patient = carrier.place_call(to=LINE)
    look(floor)
    call_id = floor.accept("Ines").call_id
    carrier.advance(1)
    carrier.http.post(f"/network/phones/{INES}/answer")
    carrier.advance(1)
    look(floor)

    plan = {"chances": {"cut": 1}, "only": ["POST Calls"], "at_most": 1}
    assert carrier.http.put("/network/faults", json=plan).status_code == 200
    ines = floor.staff["Ines"]
    with pytest.raises(Conflict):
        start_recording(
            database, floor.provider, call_id, floor.clock, staff_id=ines, settings=floor.settings, language="fr"
        )
    assert len(carrier.twilio.calls(patient).recordings.list()) == 1  # it records all the same
    carrier.http.post(f"/network/calls/{patient}/hangup")
    carrier.advance(1)
    look(floor)
    floor.clock.advance(timedelta(seconds=16))
    stop_left_recordings(database, floor.provider, floor.clock)
    floor.clock.advance(timedelta(days=30))
    delete_due_recordings(database, floor.provider, floor.clock)
    assert carrier.twilio.calls(patient).recordings.list() == []
