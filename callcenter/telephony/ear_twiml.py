"""What is heard on an operator's own telephone: a question, and after the right key the room of her call."""

from dataclasses import dataclass

from twilio.twiml.voice_response import Conference, Dial, Gather, VoiceResponse

from callcenter.core.text import clean_line
from callcenter.telephony.calls import conference_name
from callcenter.telephony.sentences import ear_question, ear_too_late, voice_of
from callcenter.telephony.twiml import CONFERENCE_EVENTS, callback_url

KEY = "1"
_ANSWER_FOR = 6  # seconds after the sentence


@dataclass(frozen=True, slots=True)
class EarLeg:
    """An operator's own telephone, as it comes into its call's room. ``call_sid`` names the room."""

    call_sid: str
    label: str
    practice: str
    language: str
    is_wanted: bool  # neither the call nor her part in it is over
    muted: bool = False
    coached_sid: str | None = None


def ask_for_key(leg_id: int, *, public_url: str, practice: str, language: str, attempt: int) -> str:
    """Ask for the key; ``attempt`` counts from 0. Silence is an answer too, and so is a voicemail's greeting."""
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        num_digits=1,
        timeout=_ANSWER_FOR,
        finish_on_key="",
        action=callback_url(public_url, f"/twilio/ear?leg={leg_id}&attempt={attempt}"),
        method="POST",
        action_on_empty_result=True,
    )
    question = ear_question(clean_line(practice, limit=120), language=language)
    gather.say(question, language=voice_of(language))
    response.append(gather)
    return str(response)


def into_room(leg: EarLeg, *, public_url: str) -> str:
    """Into the room of her call, as every telephone that we ring comes in."""
    response = VoiceResponse()
    response.append(dial_room(leg, public_url=public_url))
    return str(response)


def dial_room(leg: EarLeg, *, public_url: str) -> Dial:
    """The verb that brings a telephone into the room of its call."""
    dial = Dial()
    special = {"coach": leg.coached_sid} if leg.coached_sid else {}
    conference = Conference(
        clean_line(conference_name(leg.call_sid)),
        participant_label=leg.label,
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        muted=leg.muted,
        beep="false",
        jitter_buffer_size="small",
        status_callback=callback_url(public_url, "/twilio/conference"),
        status_callback_event=CONFERENCE_EVENTS,
        wait_url=callback_url(public_url, "/twilio/wait"),
        wait_method="POST",
        **special,
    )
    dial.append(conference)
    return dial


def too_late(language: str) -> str:
    """The call is over: a sentence, then the end."""
    response = VoiceResponse()
    response.say(ear_too_late(language), language=voice_of(language))
    response.hangup()
    return str(response)
