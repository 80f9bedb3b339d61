"""Documents stay what we meant, whatever a name holds."""

from xml.etree import ElementTree as ET

from callcenter.telephony import twiml

SID = "CA" + "a" * 32
URL = "https://centre.example.org"


def test_a_caller_goes_into_the_room_of_her_own_call() -> None:
    dial = ET.fromstring(twiml.into_conference(SID, public_url=URL))[0]
    room = dial[0]
    assert dial.attrib == {"action": f"{URL}/twilio/dial-done#rc=2&rp=ct,rt,5xx", "method": "POST"}
    assert room.text == f"call-{SID}"
    assert room.attrib == {
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "false",
        "beep": "false",
        "jitterBufferSize": "small",
        "participantLabel": "patient",
        "statusCallback": f"{URL}/twilio/conference#rc=2&rp=ct,rt,5xx",
        "statusCallbackEvent": "start end join leave mute hold modify",
        "waitUrl": f"{URL}/twilio/wait#rc=2&rp=ct,rt,5xx",
        "waitMethod": "POST",
    }


def test_every_caller_has_her_own_room() -> None:
    rooms = [ET.fromstring(twiml.into_conference(sid, public_url=URL))[0][0].text for sid in (SID, "CA<b>&", SID)]
    assert rooms == [f"call-{SID}", "call-CA<b>&", f"call-{SID}"]
    said = ET.fromstring(twiml.into_conference(SID, public_url=URL, saying=["Restez en ligne."]))
    assert [verb.tag for verb in said] == ["Say", "Dial"]
    assert ET.tostring(said[1]) == ET.tostring(ET.fromstring(twiml.into_conference(SID, public_url=URL))[0])


def test_a_hostile_name_stays_a_name() -> None:
    document = ET.fromstring(twiml.announcement(["Dr </Say><Dial>+33899</Dial>\x00\x1b\ud800 Lemoine"]))
    assert [verb.tag for verb in document] == ["Say", "Hangup"]
    assert document[0].text == "Dr </Say><Dial>+33899</Dial> Lemoine"
