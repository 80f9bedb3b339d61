"""What the carrier lets a leg hear: sentences, music, silence."""

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.conferences import announce
from callcenter.carrier.network import Call
from callcenter.carrier.twiml import Verb


async def play(carrier: Carrier, call: Call, verb: Verb) -> None:
    """Performs Say, Play or Pause for as long as it lasts on the carrier's clock."""
    if verb.name == "Pause":
        await carrier.clock.sleep(max(verb.number("length", 1), 0))
        return
    settings = carrier.settings
    if verb.name == "Say":
        who, text, seconds = "voice", verb.text, max(len(verb.text) / settings.characters_per_second, 0.3)
    else:
        who, text, seconds = "music", verb.text or verb.get("digits"), settings.play_for
    times = int(verb.number("loop", 1))
    played = 0
    # loop="0" is Twilio's "until somebody stops it"; whoever asked for it cancels this wait.
    while times <= 0 or played < times:
        announce(carrier, call, who, text)
        await carrier.clock.sleep(seconds)
        played += 1
