"""The numbers that the account owns: each says what happens when it is dialled."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.carrier.identifiers import SidPrefix, new_sid
from callcenter.carrier.settings import CarrierSettings


@dataclass
class OwnedNumber:
    """A number of the account; addresses are kept with their fragments, methods in capitals."""

    sid: str
    number: str
    label: str
    created_at: datetime
    updated_at: datetime
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"


def new_number(number: str, label: str, *, settings: CarrierSettings, at: datetime) -> OwnedNumber:
    """A number bought now: it does what the carrier was started with, until somebody says otherwise."""
    return OwnedNumber(
        sid=new_sid(SidPrefix.NUMBER),
        number=number,
        label=label,
        created_at=at,
        updated_at=at,
        voice_url=settings.voice_url,
        voice_fallback_url=settings.voice_fallback_url,
        status_callback=settings.voice_status_url,
    )
