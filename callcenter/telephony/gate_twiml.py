"""What a caller hears at the gate of a flooded practice: two digits to press, said one by one."""

import hashlib
import hmac

from twilio.twiml.voice_response import Gather, VoiceResponse

from callcenter.telephony.sentences import gate_question, voice_of
from callcenter.telephony.twiml import callback_url

_ANSWER_FOR = 8  # seconds
_TENS = "2346789"  # never 1: what begins with it is for emergencies
# Whatever emergency number somebody begins to dial: 15, 112 and 114, 18, 144.
EMERGENCY_CODES = frozenset({"15", "11", "18", "14"})


def gate_code(call_sid: str, *, secret: str) -> str:
    """The two digits of this call; nothing has to be kept to know them again. Never twice the same digit."""
    mark = hmac.new(secret.encode(), f"gate:{call_sid}".encode(), hashlib.sha256).digest()
    first = _TENS[mark[0] % len(_TENS)]
    rest = [digit for digit in "0123456789" if digit != first]
    return first + rest[mark[1] % len(rest)]


def emergency_code(country: str) -> str:
    """The two digits that let an emergency pass at once: 15 in France, the beginning of 112 elsewhere."""
    return "15" if country == "FR" else "11"


def at_the_gate(call_sid: str, *, secret: str, public_url: str, country: str, language: str, attempt: int) -> str:
    """Ask for the two digits; ``attempt`` counts from 0. No digits in eight seconds is an answer too."""
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        num_digits=2,
        timeout=_ANSWER_FOR,
        finish_on_key="",
        action=callback_url(public_url, f"/twilio/gate?attempt={attempt}"),
        method="POST",
        action_on_empty_result=True,
    )
    code = gate_code(call_sid, secret=secret)
    gather.say(gate_question(code, emergency_code(country), language=language), language=voice_of(language))
    response.append(gather)
    return str(response)
