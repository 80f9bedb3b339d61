"""What a practitioner hears whom we ring about a message: a question, then what the key did."""

from dataclasses import dataclass

from twilio.twiml.voice_response import Gather, VoiceResponse

from callcenter.core.text import clean_line
from callcenter.telephony.ear_twiml import EarLeg, dial_room
from callcenter.telephony.sentences import (
    notice_over,
    notice_put_through,
    notice_question,
    notice_taken,
    voice_of,
)
from callcenter.telephony.twiml import callback_url

TAKE, PATIENT = "1", "2"
_ANSWER_FOR = 6  # seconds after the sentence


@dataclass(frozen=True, slots=True)
class NoticeCall:
    """What is asked on one telephone: about how many messages, and whether a patient can be put through."""

    leg_id: int
    practice: str
    language: str
    count: int
    is_urgent: bool
    has_patient: bool


def ask_practitioner(call: NoticeCall, *, public_url: str, attempt: int) -> str:
    """Ask for a key; ``attempt`` counts from 0. Silence is an answer too, and so is a voicemail's greeting."""
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        num_digits=1,
        timeout=_ANSWER_FOR,
        finish_on_key="",
        action=callback_url(public_url, f"/twilio/notice?leg={call.leg_id}&attempt={attempt}"),
        method="POST",
        action_on_empty_result=True,
    )
    question = notice_question(
        clean_line(call.practice, limit=120),
        count=call.count,
        is_urgent=call.is_urgent,
        has_patient=call.has_patient,
        language=call.language,
    )
    gather.say(question, language=voice_of(call.language))
    response.append(gather)
    return str(response)


def taken(language: str) -> str:
    """It is the practitioner's: a sentence, then the end."""
    return _goodbye(notice_taken(language), language)


def nobody_needed(language: str) -> str:
    """Somebody else was quicker: a sentence, then the end."""
    return _goodbye(notice_over(language), language)


def to_patient(leg: EarLeg, *, public_url: str) -> str:
    """Into the room where the patient will be, with a sentence before."""
    response = VoiceResponse()
    response.say(notice_put_through(leg.language), language=voice_of(leg.language))
    response.append(dial_room(leg, public_url=public_url))
    return str(response)


def _goodbye(sentence: str, language: str) -> str:
    response = VoiceResponse()
    response.say(sentence, language=voice_of(language))
    response.hangup()
    return str(response)
