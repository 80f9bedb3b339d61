"""The passes with which browsers register: read and checked by hand, as Twilio does, and nothing is taken on trust."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from callcenter.carrier.clock import machine_seconds
from callcenter.carrier.settings import CarrierSettings


class BadToken(Exception):
    """The pass is not good; ``code`` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Pass:
    """Whom a browser may be rung as, and until when (seconds since 1970, of the machine's clock)."""

    address: str
    expires_at: float


def read_token(token: str, settings: CarrierSettings) -> Pass:
    """Check the signature, the account, the key and the time. Raises ``BadToken``.

    By the machine's clock: a pass is made by a library that knows no other, whatever clock the network lives by.
    """
    head, payload = _parts(token, settings.api_key_secret)
    if head.get("alg") != "HS256" or head.get("cty") != "twilio-fpa;v=1":
        raise BadToken(20103, "Invalid Access Token header")
    if payload.get("iss") != settings.api_key_sid or payload.get("sub") != settings.account_sid:
        raise BadToken(20103, "Invalid Access Token issuer/subject")
    expires_at = payload.get("exp")
    if not isinstance(expires_at, int | float) or expires_at <= machine_seconds():
        raise BadToken(20104, "Access Token expired")
    grants = payload.get("grants", {})
    identity = grants.get("identity", "")
    if not identity or not grants.get("voice", {}).get("incoming", {}).get("allow"):
        raise BadToken(20106, "Invalid Access Token grants")
    return Pass(f"client:{identity}", float(expires_at))


def _parts(token: str, secret: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        head, payload, signature = token.split(".")
        right = hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
        if not secret or not hmac.compare_digest(right, _bytes(signature)):
            raise BadToken(20101, "Invalid Access Token")
        found = json.loads(_bytes(head)), json.loads(_bytes(payload))
    except (ValueError, binascii.Error) as odd:
        raise BadToken(20101, "Invalid Access Token") from odd
    if not all(isinstance(one, dict) for one in found):
        raise BadToken(20101, "Invalid Access Token")
    return found


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
