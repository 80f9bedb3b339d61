"""What is said to everybody in a conference, those on hold included."""

from callcenter.carrier.callbacks import Unreachable
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.conferences import announce
from callcenter.carrier.network import Conference
from callcenter.carrier.twiml import BadTwiML, parse


async def announce_to_all(carrier: Carrier, conference: Conference, url: str, *, method: str) -> None:
    """Fetches the document and lets everybody hear its sentences; a bad one is kept among the errors."""
    params = {"ConferenceSid": conference.sid, "FriendlyName": conference.friendly_name}
    try:
        document = parse((await carrier.callbacks.request(url, params, method=method)).content, url)
    except Unreachable as error:
        carrier.callbacks.note_error(13227, str(error), url=url, call_sid="")
        return
    except BadTwiML as error:
        carrier.callbacks.note_error(error.code, error.message, url=url, call_sid="")
        return
    for verb in document.verbs:
        if verb.name in {"Say", "Play"}:
            for participant in list(conference.participants.values()):
                announce(carrier, participant.call, "voice" if verb.name == "Say" else "music", verb.text)
