"""The pass that lets one browser be rung at the carrier: signed here, short-lived, for one identity."""

from callcenter.core.config import Settings
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_

VALID_FOR = 3600
"""Seconds that a browser may be rung with one pass; it asks for the next one before the end."""


def softphone_token(settings: Settings, identity: str) -> str:
    """A pass for this identity, which may be rung and may ring nobody.

    By the machine's own clock, whatever the installation's: the carrier compares it with its own. Raises ``Conflict``
    when the installation has no key to sign with.
    """
    if not settings.has_softphone:
        raise Conflict(N_("Your calls ring on your own telephone: none is set up for the browser."))
    # Imported where used: the library costs half a second of every command's start.
    from twilio.jwt.access_token import AccessToken
    from twilio.jwt.access_token.grants import VoiceGrant

    token = AccessToken(
        settings.twilio_account_sid,
        settings.twilio_api_key_sid,
        settings.twilio_api_key_secret.get_secret_value(),
        identity=identity,
        ttl=VALID_FOR,
    )
    token.add_grant(VoiceGrant(incoming_allow=True))
    return str(token.to_jwt())
