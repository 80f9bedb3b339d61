"""The port towards the carrier: the few gestures a secretariat needs, kept thin enough for another carrier."""

from collections.abc import Sequence
from typing import Protocol


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


LABEL_TAKEN = 16025
"""The carrier's code for a participant label that is in the room already (Twilio's error dictionary)."""
