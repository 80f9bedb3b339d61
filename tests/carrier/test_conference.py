"""Two people and a room, through the real client of the carrier's API."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.carrier.running import PRACTICE, Running


def bring_in(carrier: Running, room: str, *, label: str = "operator", to: str = "client:ines", **more: Any) -> Any:
    return carrier.twilio.conferences(room).participants.create(
        from_=PRACTICE,
        to=to,
        label=label,
        status_callback="http://product/leg",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        **more,
    )


def events(carrier: Running) -> list[str]:
    return [told["StatusCallbackEvent"] for told in carrier.product.told("conference")]


def test_patient_and_operator_talk_hold_and_part(carrier: Running) -> None:
    patient = carrier.place_call()
    room = f"room-{patient}"
    leg = bring_in(carrier, room)
    assert leg.status == "queued"
    carrier.advance(1)

    carrier.http.post(f"/network/calls/{patient}/say", json={"text": "J'ai mal au dos."})
    carrier.http.post("/network/phones/client:ines/say", json={"text": "Depuis quand ?"})
    assert carrier.heard_by(patient)[-1] == ("operator", "Depuis quand ?")
    assert carrier.heard_by(leg.call_sid)[-1] == ("patient", "J'ai mal au dos.")
    assert carrier.call(patient)["with"] == ["operator"]

    participants = carrier.twilio.conferences(leg.conference_sid).participants
    assert participants("patient").update(hold=True).hold is True
    carrier.http.post("/network/phones/client:ines/say", json={"text": "Il n'entend rien."})
    carrier.advance(1)
    assert ("operator", "Il n'entend rien.") not in carrier.heard_by(patient)
    assert carrier.heard_by(patient)[-1] == ("music", "♪")
    participants("patient").update(hold=False)
    participants("operator").update(muted=True)
    carrier.http.post("/network/phones/client:ines/say", json={"text": "Toujours rien."})
    assert ("operator", "Toujours rien.") not in carrier.heard_by(patient)

    assert sorted(p.label for p in participants.list()) == ["operator", "patient"]
    carrier.http.post("/network/phones/client:ines/hangup")
    carrier.http.post(f"/network/calls/{patient}/hangup")
    carrier.advance(0)
    assert events(carrier) == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-hold",
        "participant-unhold",
        "participant-mute",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    sequence = [int(told["SequenceNumber"]) for told in carrier.product.told("conference")]
    assert sequence == list(range(1, 10))
    legs = [(told["CallStatus"], told["SequenceNumber"]) for told in carrier.product.told("leg")]
    assert legs == [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]
    assert carrier.twilio.conferences(leg.conference_sid).fetch().status == "completed"
    assert carrier.product.forged == []


def test_the_product_closes_a_room_and_its_people_go_on(carrier: Running) -> None:
    carrier.product.documents["dial-ended"] = "<Response><Say>Merci de votre appel.</Say></Response>"
    patient = carrier.place_call()
    leg = bring_in(carrier, f"room-{patient}")
    carrier.advance(1)
    [found] = carrier.twilio.conferences.list(friendly_name=f"room-{patient}", status="in-progress")
    found.update(status="completed")
    carrier.advance(10)

    assert carrier.product.told("conference")[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert carrier.product.told("dial-ended")[0]["DialCallStatus"] == "answered"
    assert carrier.heard_by(patient)[-1] == ("voice", "Merci de votre appel.")
    assert carrier.twilio.calls(leg.call_sid).fetch().status == "completed"
    assert carrier.twilio.calls(patient).fetch().status == "completed"


def test_a_coach_is_heard_by_the_one_coached_only(carrier: Running) -> None:
    patient = carrier.place_call()
    operator = bring_in(carrier, f"room-{patient}")
    carrier.advance(1)
    bring_in(
        carrier, f"room-{patient}", label="coach", to="client:sam", coaching=True, call_sid_to_coach=operator.call_sid
    )
    carrier.advance(1)
    carrier.http.post("/network/phones/client:sam/say", json={"text": "Demandez l'adresse."})
    assert carrier.heard_by(operator.call_sid)[-1] == ("coach", "Demandez l'adresse.")
    assert ("coach", "Demandez l'adresse.") not in carrier.heard_by(patient)


def test_a_label_is_taken_from_the_moment_it_rings(carrier: Running) -> None:
    patient = carrier.place_call()
    bring_in(carrier, f"room-{patient}")
    with pytest.raises(TwilioRestException) as refused:
        bring_in(carrier, f"room-{patient}", to="client:lea")
    assert (refused.value.status, refused.value.code) == (400, 16025)


@pytest.mark.parametrize(
    ("answers", "status"),
    [("never", "no-answer"), ("busy", "busy"), ("unreachable", "failed"), ("person", "no-answer")],
)
def test_a_phone_nobody_answers(carrier: Running, answers: str, status: str) -> None:
    patient = carrier.place_call()
    carrier.http.put("/network/phones/+33611111111", json={"answers": answers})
    bring_in(carrier, f"room-{patient}", to="+33611111111", label="third", timeout=15)
    carrier.advance(16)
    assert carrier.product.told("leg")[-1]["CallStatus"] == status
    assert carrier.twilio.conferences.list(friendly_name=f"room-{patient}")[0].status == "init"


def test_a_person_answers_or_declines_and_a_phone_says_its_lines(carrier: Running) -> None:
    patient = carrier.place_call()
    carrier.http.put("/network/phones/+33388667788", json={"answers": "person", "says": ["SAMU, j'écoute."]})
    leg = bring_in(carrier, f"room-{patient}", to="+33388667788", label="samu")
    carrier.advance(3)
    assert carrier.http.get("/network/board").json()["ringing"][0]["sid"] == leg.call_sid
    assert carrier.http.post("/network/phones/+33388667788/answer").status_code == 200
    carrier.advance(2)
    assert carrier.heard_by(patient)[-1] == ("samu", "SAMU, j'écoute.")
    assert carrier.http.post("/network/phones/+33388667788/decline").status_code == 409

    other = bring_in(carrier, f"room-{patient}", to="+33622222222", label="doctor")
    carrier.advance(1)
    carrier.http.post("/network/phones/+33622222222/decline")
    carrier.advance(0)
    assert carrier.twilio.calls(other.call_sid).fetch().status == "busy"


def test_taking_somebody_out_leaves_the_others(carrier: Running) -> None:
    patient = carrier.place_call()
    leg = bring_in(carrier, f"room-{patient}")
    carrier.advance(1)
    assert carrier.twilio.conferences(leg.conference_sid).participants("operator").delete() is True
    carrier.advance(1)
    assert carrier.call(leg.call_sid)["status"] == "completed"
    assert carrier.call(patient)["in_conference"] is True
    assert carrier.heard_by(patient)[-1][0] == "music"
