"""A carrier in memory for a day in fast time: it takes every order at once, and remembers the texts."""

# ruff: noqa: ARG002  # it takes what the port says, and needs little of it

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callcenter.telephony.provider import (
    RING_FOR,
    CarrierCall,
    CarrierNumber,
    CarrierParticipant,
    CarrierRoom,
    NumberSettings,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that left."""

    sid: str
    to: str
    body: str


class QuietCarrier:
    """Does what it is told and reports nothing by itself: what is heard of a telephone, the drill says."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self._numbers = itertools.count(1)

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
        """Rings."""
        return self._sid("CA")

    def ring(self, *, to: str, caller: str, document_url: str, status_callback: str) -> str:
        """Rings."""
        return self._sid("CA")

    def redirect(self, sid: str, document_url: str) -> None:
        """Done."""

    def set_muted(self, conference: str, sid: str, muted: bool) -> None:
        """Done."""

    def set_coached(self, conference: str, sid: str, coached_sid: str | None) -> None:
        """Done."""

    def announce(self, conference: str, document_url: str) -> None:
        """Done."""

    def start_recording(self, sid: str) -> str:
        """Begun."""
        return self._sid("RE")

    def find_recordings(self, call_sid: str) -> Sequence[str]:
        """None: nobody records on this day."""
        return ()

    def stop_recording(self, call_sid: str, recording_sid: str) -> None:
        """Done."""

    def delete_recording(self, recording_sid: str) -> None:
        """Done."""

    def end_conference(self, conference: str) -> None:
        """Done."""

    def hang_up(self, sid: str) -> None:
        """Done."""

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        """Done."""

    def send_sms(self, *, to: str, sender: str, body: str, status_callback: str) -> str:
        """Left."""
        text = Text(self._sid("SM"), to, body)
        self.texts.append(text)
        return text.sid

    def find_sms(self, *, to: str, body: str) -> Sequence[str]:
        """The texts in these words, newest first."""
        return [one.sid for one in reversed(self.texts) if (one.to, one.body) == (to, body)]

    def live_calls(self) -> Sequence[CarrierCall]:
        """Not asked on this day."""
        return ()

    def calls_since(self, since: datetime) -> Sequence[CarrierCall]:
        """Not asked on this day."""
        return ()

    def find_call(self, sid: str) -> CarrierCall | None:
        """Unknown: whoever was not heard to answer did not."""
        return None

    def open_rooms(self) -> Sequence[CarrierRoom]:
        """Not asked on this day."""
        return ()

    def participants(self, room: CarrierRoom) -> Sequence[CarrierParticipant]:
        """Not asked on this day."""
        return ()

    def sms_status(self, sid: str) -> tuple[str, str | None] | None:
        """Not asked on this day."""
        return None

    def numbers(self) -> Sequence[CarrierNumber]:
        """Not asked on this day."""
        return ()

    def set_number(self, sid: str, settings: NumberSettings) -> None:
        """Done."""

    def _sid(self, kind: str) -> str:
        return f"{kind}{next(self._numbers):032x}"
