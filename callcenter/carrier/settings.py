"""What the carrier is told when it starts."""

from dataclasses import dataclass

DEFAULT_ACCOUNT_SID = "AC" + "0" * 32
DEFAULT_AUTH_TOKEN = "0" * 32


@dataclass(frozen=True)
class CarrierSettings:
    """Everything configurable; durations are seconds of the carrier's own clock.

    `voice_url`, `voice_fallback_url` and `voice_status_url` are what a Twilio number carries;
    `known_numbers` are (number, label) pairs offered on the page of telephones.
    """

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    # The key that browsers' passes are signed with. Without one no browser can register, and an unknown headset answers
    # by itself; with one, a headset that is not there does not.
    api_key_sid: str = ""
    api_key_secret: str = ""
    voice_url: str = ""
    voice_fallback_url: str = ""
    voice_status_url: str = ""
    sms_sender: str = "Callcenter"
    ring_after: float = 0.3
    headset_answers_after: float = 0.2
    ring_timeout: float = 60.0
    sms_sent_after: float = 0.4
    sms_delivered_after: float = 1.1
    # Speech and music last: a caller must not reach the operator before the sentence is over.
    characters_per_second: float = 18.0
    play_for: float = 3.0
    music_for: float = 10.0
    pause_between_sayings: float = 0.8
    known_numbers: tuple[tuple[str, str], ...] = ()
