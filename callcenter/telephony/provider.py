"""The port towards the carrier: the few gestures a secretariat needs, kept thin enough for another carrier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """One leg as the carrier knows it; ``status`` in its words: queued, ringing, in-progress, completed, busy, ..."""

    sid: str
    status: str
    direction: str  # inbound, outbound-api, outbound-dial
    from_number: str
    to_number: str
    parent_sid: str = ""  # of the leg whose document dialled it
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def lasted(self) -> timedelta | None:
        """From its first signal to its end; None while that is not known."""
        return None if self.began_at is None or self.ended_at is None else self.ended_at - self.began_at


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


RING_FOR = 30
"""Seconds that a telephone rings before it counts as not answered."""


class Provider(Protocol):
    """What a carrier can be asked. Each raises ``core.errors.ProviderError`` when it was not, or perhaps not, done."""

    def dial_into_conference(
        self,
        *,
        conference: str,
        to: str,
        caller: str,
        label: str,
        status_callback: str,
        conference_callback: str,
        muted: bool = False,
        coached_sid: str | None = None,
        digits: str = "",
        ring_for: int = RING_FOR,
    ) -> str:
        """Ring a telephone and bring it into the named room; the SID of its leg.

        ``to`` is E.164, a short number or ``client:identity``; ``caller`` the number shown. A label already in the
        room is refused with code 16025, which makes a repeat harmless. ``muted``: it hears and is not heard;
        ``coached_sid``: it is heard by that leg of the room alone. ``digits`` are pressed once it answers, w waits
        half a second. ``ring_for``: seconds until it counts as not answered.
        """
        ...

    def ring(self, *, to: str, caller: str, document_url: str, status_callback: str) -> str:
        """Ring a telephone that follows a document of ours once it answers; the SID of its leg. Not repeatable."""
        ...

    def redirect(self, sid: str, document_url: str) -> None:
        """Send one leg to a document of ours, out of whatever it is in."""
        ...

    def set_muted(self, conference: str, sid: str, muted: bool) -> None:
        """Let the room hear one leg, or not."""
        ...

    def set_coached(self, conference: str, sid: str, coached_sid: str | None) -> None:
        """Let one leg be heard by that other one alone; None: by the whole room."""
        ...

    def announce(self, conference: str, document_url: str) -> None:
        """Have everybody in the room hear a document of ours that only says or plays."""
        ...

    def start_recording(self, sid: str) -> str:
        """Record what one leg says and hears; the SID of the recording."""
        ...

    def find_recordings(self, call_sid: str) -> Sequence[str]:
        """The SIDs of every recording of one leg that is not deleted, over or not."""
        ...

    def stop_recording(self, call_sid: str, recording_sid: str) -> None:
        """End a recording of this leg; one that is over or gone is no error."""
        ...

    def delete_recording(self, recording_sid: str) -> None:
        """Have the carrier forget a recording; one that is gone is no error."""
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
