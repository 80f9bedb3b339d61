"""What somebody hears who is alone in a conference, or in one that has not begun."""

import asyncio
from urllib.parse import urljoin

from callcenter.carrier.callbacks import Unreachable
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.conferences import announce
from callcenter.carrier.legs import call_params
from callcenter.carrier.network import Participant
from callcenter.carrier.playing import play
from callcenter.carrier.twiml import BadTwiML, Document, parse

HOLD_MUSIC = "♪"


async def keep_company(carrier: Carrier, participant: Participant) -> None:
    """Plays the waiting document whenever there is no conversation, until cancelled."""
    while True:
        music = None if _talks(participant) else asyncio.ensure_future(_play_waiting(carrier, participant))
        held = participant.hold
        try:
            # Somebody came, left or was held: go on with the same music unless that changed what is heard.
            while _talks(participant) is (music is None) and participant.hold is held:
                participant.stirred.clear()
                await participant.stirred.wait()
        finally:
            if music is not None:
                music.cancel()


def _talks(participant: Participant) -> bool:
    return participant.conference.is_conversation and not participant.hold


async def _play_waiting(carrier: Carrier, participant: Participant) -> None:
    url = participant.wait_url
    if participant.hold or url is None:  # nothing asked for: the carrier's own music
        while True:
            announce(carrier, participant.call, "music", HOLD_MUSIC)
            await carrier.clock.sleep(carrier.settings.music_for)
    if not url:  # asked for silence
        return
    following: str | None = url
    while following is not None:
        document = await _fetch(carrier, participant, following)
        if document is None:
            return
        started = carrier.clock.now()
        following = await _play_once(carrier, participant, document) or url
        if carrier.clock.now() == started:  # an empty document would be asked for without end
            await carrier.clock.sleep(carrier.settings.music_for)


async def _play_once(carrier: Carrier, participant: Participant, document: Document) -> str | None:
    for verb in document.verbs:
        if verb.name in {"Say", "Play", "Pause"}:
            await play(carrier, participant.call, verb)
        elif verb.name == "Redirect":
            return urljoin(document.url, verb.text)
        else:
            message = f"<{verb.name}> has no place in a waiting document; it was passed over."
            carrier.callbacks.note_error(12200, message, url=document.url, call_sid=participant.call.sid)
    return None


async def _fetch(carrier: Carrier, participant: Participant, url: str) -> Document | None:
    params = call_params(participant.call) | {
        "ConferenceSid": participant.conference.sid,
        "FriendlyName": participant.conference.friendly_name,
    }
    try:
        answer = await carrier.callbacks.request(url, params, method=participant.wait_method)
        if answer.headers.get("content-type", "").startswith("audio/"):
            return parse("<Response><Play>♪</Play></Response>", url)
        return parse(answer.content, url)
    except Unreachable as error:
        carrier.callbacks.note_error(13227, str(error), url=url, call_sid=participant.call.sid)
    except BadTwiML as error:
        carrier.callbacks.note_error(error.code, error.message, url=url, call_sid=participant.call.sid)
    return None
