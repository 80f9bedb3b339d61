"""What a caller hears before a long wait: a key that has her rung back; without it she waits as everybody does."""

from twilio.twiml.voice_response import Gather, VoiceResponse

from callcenter.core.text import clean_line
from callcenter.telephony.calls import conference_name
from callcenter.telephony.sentences import callback_noted, callback_question, voice_of
from callcenter.telephony.twiml import announcement, callback_url, dial_room

KEY = "1"
_ANSWER_FOR = 4  # seconds


def before_the_queue(call_sid: str, *, minutes: int | None, public_url: str, language: str) -> str:
    """Offer the key, then the room of her own call: whoever presses nothing is there without asking us again."""
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        num_digits=1,
        timeout=_ANSWER_FOR,
        finish_on_key="",
        action=callback_url(public_url, "/twilio/callback-offer"),
        method="POST",
    )
    gather.say(callback_question(minutes, language=language), language=voice_of(language))
    response.append(gather)
    response.append(dial_room(clean_line(conference_name(call_sid)), public_url=public_url))
    return str(response)


def promised(language: str) -> str:
    """She is rung back: the end of her call."""
    return announcement([callback_noted(language)], language=language)
