"""Twilio's identifiers, dates, and what an address is."""

import re
import secrets
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

_E164 = re.compile(r"\+[1-9]\d{3,14}")
_CLIENT = re.compile(r"client:.{1,256}")
_CALL_SID = re.compile(r"CA[0-9a-f]{32}")


class SidPrefix(StrEnum):
    CALL = "CA"
    CONFERENCE = "CF"
    MESSAGE = "SM"
    NUMBER = "PN"
    RECORDING = "RE"


def new_sid(prefix: SidPrefix) -> str:
    """A fresh identifier: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def is_call_sid(text: str) -> bool:
    return _CALL_SID.fullmatch(text) is not None


def is_e164(address: str) -> bool:
    return _E164.fullmatch(address) is not None


def is_client(address: str) -> bool:
    return _CLIENT.fullmatch(address) is not None


def is_french_landline(number: str) -> bool:
    """French metropolitan numbers are mobile in 06 and 07 only (ARCEP numbering plan)."""
    return number.startswith("+33") and not number.startswith(("+336", "+337"))


def rfc2822(instant: datetime | None) -> str | None:
    """Twilio's date in REST answers and callbacks, for instance `Mon, 05 Jan 2026 08:00:00 +0000`."""
    return None if instant is None else format_datetime(instant.replace(microsecond=0))
