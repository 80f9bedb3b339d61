"""The documents the carrier executes.

Every text passes ``clean_line``: the library escapes markup, but lets control characters and lone surrogates through,
and one of those makes invalid XML and drops the caller.
"""

from collections.abc import Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from twilio.twiml.voice_response import Conference, Dial, VoiceResponse

from callcenter.core.text import clean_line
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.provider import RING_FOR
from callcenter.telephony.sentences import voice_of

# Ask for two more tries, also when an answer was slow or a fault: by default the carrier only retries a failed
# connection. The fragment is neither sent nor signed.
RETRIES = "#rc=2&rp=ct,rt,5xx"
CONFERENCE_EVENTS = "start end join leave mute hold modify"


def callback_url(public_url: str, path: str) -> str:
    """Where the carrier is to report, with the tries we want."""
    return f"{public_url}{path}{RETRIES}"


def into_conference(call_sid: str, *, public_url: str, saying: Sequence[str] = (), language: str = "fr") -> str:
    """The caller goes into the room of her own call and hears music until somebody joins; no recorded menu in front.

    ``saying`` is heard before: only when something is wrong.
    """
    room = clean_line(conference_name(call_sid))
    if saying:
        return _document_of_room(room, public_url=public_url, saying=saying, language=language)
    return _document_of_any_room(public_url).replace(_ANY_ROOM, escape(room))


_ANY_ROOM = "call-of-anybody"


@lru_cache(maxsize=2)
def _document_of_any_room(public_url: str) -> str:
    """Every ordinary call gets the same document but for its room, and the library takes 0.1 ms to build it."""
    return _document_of_room(_ANY_ROOM, public_url=public_url)


def _document_of_room(room: str, *, public_url: str, saying: Sequence[str] = (), language: str = "fr") -> str:
    response = VoiceResponse()
    _say(response, saying, language)
    response.append(dial_room(room, public_url=public_url))
    return str(response)


def dial_room(room: str, *, public_url: str) -> Dial:
    """The verb that brings a caller into this room."""
    dial = Dial(action=callback_url(public_url, "/twilio/dial-done"), method="POST")
    conference = Conference(
        room,
        start_conference_on_enter=True,
        # On every leg: the application ends the conference itself, and a change would be ignored for somebody on hold.
        end_conference_on_exit=False,
        beep="false",
        jitter_buffer_size="small",
        participant_label=PATIENT_LABEL,
        status_callback=callback_url(public_url, "/twilio/conference"),
        status_callback_event=CONFERENCE_EVENTS,
        wait_url=callback_url(public_url, "/twilio/wait"),
        wait_method="POST",
    )
    dial.append(conference)
    return dial


def brought_in(room: str, *, label: str, conference_callback: str, muted: bool, coached_sid: str | None) -> str:
    """Into this room, for a telephone that is rung by itself: nothing about it but what the room is told of any."""
    response, dial = VoiceResponse(), Dial()
    special = {"coach": coached_sid} if coached_sid else {}
    dial.conference(
        room,
        participant_label=label,
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        muted=muted,
        beep="false",
        jitter_buffer_size="small",
        status_callback=conference_callback,
        status_callback_event=CONFERENCE_EVENTS,
        **special,
    )
    response.append(dial)
    return str(response)


def not_in_service() -> str:
    """A polite sentence for a number that no practice has."""
    return announcement(
        ["Bonjour. Le numéro que vous avez composé n'est pas attribué. Merci de vérifier le numéro et de rappeler."]
    )


def announcement(
    sentences: Sequence[str],
    *,
    language: str = "fr",
    number: str = "",
    caller: str = "",
    afterwards: Sequence[str] = (),
) -> str:
    """Sentences, then the end of the call, or ``number`` (E.164), to which ``caller`` is shown: a number of ours.

    French operators cut calls that show a French number they cannot authenticate, so the caller's own is not shown.
    ``afterwards`` is said when the call to ``number`` is over, or was not answered.
    """
    response = VoiceResponse()
    _say(response, sentences, language)
    if number:
        dial = Dial(caller_id=caller or None)
        dial.number(clean_line(number, limit=20))
        response.append(dial)
        _say(response, afterwards, language)
    else:
        response.hangup()
    return str(response)


def elsewhere(sentence: str, *, language: str, number: str, caller: str, public_url: str) -> str:
    """A caller who has waited long goes to ``number`` (E.164), which is shown ``caller``; then we are told.

    She hears it ring, for ``RING_FOR`` at most.
    """
    response = VoiceResponse()
    _say(response, [sentence], language)
    action = callback_url(public_url, "/twilio/overflow-done")
    dial = Dial(action=action, method="POST", timeout=RING_FOR, caller_id=caller or None)
    dial.number(clean_line(number, limit=20))
    response.append(dial)
    return str(response)


def notice(sentence: str, *, language: str) -> str:
    """A sentence for everybody in a room."""
    response = VoiceResponse()
    _say(response, [sentence], language)
    return str(response)


def hold_music(*, public_url: str) -> str:
    """What a caller hears who is alone."""
    response = VoiceResponse()
    response.play(callback_url(public_url, "/twilio/hold-music.wav"))
    return str(response)


def hang_up() -> str:
    """The end of the call."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def nothing() -> str:
    """An empty document."""
    return str(VoiceResponse())


def _say(response: VoiceResponse, sentences: Sequence[str], language: str) -> None:
    for sentence in sentences:
        response.say(clean_line(sentence, limit=600), language=voice_of(language))
