"""The port towards the carrier: the few gestures a secretariat needs, kept thin enough for another carrier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """One leg as the carrier knows it; ``status`` in its words: queued, ringing, in-progress, completed, busy, ..."""

    sid: str
    status: str
    direction: str  # inbound, outbound-api, outbound-dial
    from_number: str
    to_number: str


@dataclass(frozen=True, slots=True)
class CarrierParticipant:
    """One leg in a room as the carrier knows it."""

    call_sid: str
    label: str
    on_hold: bool
    muted: bool
    coaching: bool
    is_connected: bool = True  # otherwise it is listed already, and its telephone still rings


@dataclass(frozen=True, slots=True)
class CarrierRoom:
    """A conference that is open at the carrier."""

    sid: str
    name: str


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """What a number owned at the carrier does when it is dialled; addresses with their fragments."""

    voice_url: str
    voice_method: str
    voice_fallback_url: str
    voice_fallback_method: str
    status_callback: str
    status_callback_method: str


@dataclass(frozen=True, slots=True)
class CarrierNumber:
    """A number owned at the carrier."""

    sid: str
    number: str  # E.164
    settings: NumberSettings
    answered_by: str = ""  # SID of an application or trunk set for it: the carrier then ignores the settings' addresses


class Provider(Protocol):
    """What a carrier can be asked. Each raises ``core.errors.ProviderError`` when it was not, or perhaps not, done."""

    def dial_into_conference(
        self, *, conference: str, to: str, caller: str, label: str, status_callback: str, conference_callback: str
    ) -> str:
        """Ring a telephone and bring it into the named room; the SID of its leg.

        ``to`` is E.164, a short number or ``client:identity``; ``caller`` the number shown. A label already in the
        room is refused with code 16025, which makes a repeat harmless.
        """
        ...

    def end_conference(self, conference: str) -> None:
        """Send everybody out of the named room; a room that is gone is no error."""
        ...

    def hang_up(self, sid: str) -> None:
        """End one leg, also one that still rings; a leg that is gone is no error."""
        ...

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        """Give one leg the hold music, or take it back into the conversation."""
        ...

    def send_sms(self, *, to: str, sender: str, body: str, status_callback: str) -> str:
        """Send a text; its SID. Not repeatable: look it up with ``find_sms`` when the answer was lost."""
        ...

    def find_sms(self, *, to: str, body: str) -> Sequence[str]:
        """The SIDs of the texts with this body that the carrier took for this number, newest first.

        Whatever their date: the carrier's clock is not ours. Those that it knows to have failed are left out.
        """
        ...

    def live_calls(self) -> Sequence[CarrierCall]:
        """Every leg of the account that is not over: queued, ringing or in progress."""
        ...

    def calls_since(self, since: datetime) -> Sequence[CarrierCall]:
        """Every leg of the account that began at or after this instant, over or not; whole seconds count."""
        ...

    def find_call(self, sid: str) -> CarrierCall | None:
        """One leg, over or not; None when the carrier does not know it."""
        ...

    def open_rooms(self) -> Sequence[CarrierRoom]:
        """Every conference of the account that is open."""
        ...

    def participants(self, room: CarrierRoom) -> Sequence[CarrierParticipant]:
        """Who is in an open conference; nobody when it has closed meanwhile."""
        ...

    def sms_status(self, sid: str) -> tuple[str, str | None] | None:
        """The carrier's status word of a text and its error code; None when the carrier does not know it."""
        ...

    def numbers(self) -> Sequence[CarrierNumber]:
        """Every number owned at the carrier."""
        ...

    def set_number(self, sid: str, settings: NumberSettings) -> None:
        """Change what a number does when it is dialled."""
        ...


LABEL_TAKEN = 16025
"""The carrier's code for a participant label that is in the room already (Twilio's error dictionary)."""
