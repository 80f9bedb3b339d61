"""Stand-ins for the outside world, in memory. They keep what they were asked, and can refuse."""

import itertools
import threading
from dataclasses import replace
from datetime import datetime

from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import (
    CarrierCall,
    CarrierNumber,
    CarrierParticipant,
    CarrierRoom,
    NumberSettings,
)


class FakeProvider:
    """A carrier that does what it is told and remembers it; ``refusing`` makes the gestures fail that way."""

    def __init__(self) -> None:
        self.dialled: list[dict[str, str]] = []
        self.ended: list[str] = []
        self.hung_up: list[str] = []
        self.held: list[tuple[str, str, bool]] = []
        self.texts: list[dict[str, str]] = []
        # What a look at the carrier finds; empty until a test says otherwise.
        self.calls: dict[str, CarrierCall] = {}
        self.rooms: dict[CarrierRoom, list[CarrierParticipant]] = {}
        self.sms: dict[str, tuple[str, str | None]] = {}
        self.owned: dict[str, CarrierNumber] = {}
        self.refusing: ProviderError | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def dial_into_conference(
        self, *, conference: str, to: str, caller: str, label: str, status_callback: str, conference_callback: str
    ) -> str:
        self._refuse()
        with self._lock:
            if any((one["conference"], one["label"]) == (conference, label) for one in self.dialled):
                raise ProviderError("Participant label is in use by another participant", permanent=True, code=16025)
            sid = f"CA{next(self._numbers):032x}"
            self.dialled.append(
                {
                    "sid": sid,
                    "conference": conference,
                    "to": to,
                    "caller": caller,
                    "label": label,
                    "status_callback": status_callback,
                    "conference_callback": conference_callback,
                }
            )
        return sid

    def end_conference(self, conference: str) -> None:
        self._refuse()
        self.ended.append(conference)

    def hang_up(self, sid: str) -> None:
        self._refuse()
        self.hung_up.append(sid)

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        self._refuse()
        self.held.append((conference, sid, on_hold))

    def send_sms(self, *, to: str, sender: str, body: str, status_callback: str) -> str:
        self._refuse()
        sid = f"SM{next(self._numbers):032x}"
        self.texts.append({"sid": sid, "to": to, "sender": sender, "body": body, "status_callback": status_callback})
        return sid

    def find_sms(self, *, to: str, body: str) -> list[str]:
        self._refuse()
        return [text["sid"] for text in reversed(self.texts) if (text["to"], text["body"]) == (to, body)]

    def live_calls(self) -> list[CarrierCall]:
        self._refuse()
        return [call for call in self.calls.values() if call.status in {"queued", "ringing", "in-progress"}]

    def calls_since(self, since: datetime) -> list[CarrierCall]:
        self._refuse()
        return list(self.calls.values())

    def find_call(self, sid: str) -> CarrierCall | None:
        self._refuse()
        return self.calls.get(sid)

    def open_rooms(self) -> list[CarrierRoom]:
        self._refuse()
        return list(self.rooms)

    def participants(self, room: CarrierRoom) -> list[CarrierParticipant]:
        self._refuse()
        return list(self.rooms.get(room, []))

    def sms_status(self, sid: str) -> tuple[str, str | None] | None:
        self._refuse()
        return self.sms.get(sid)

    def numbers(self) -> list[CarrierNumber]:
        self._refuse()
        return list(self.owned.values())

    def set_number(self, sid: str, settings: NumberSettings) -> None:
        self._refuse()
        self.owned[sid] = replace(self.owned[sid], settings=settings)

    def _refuse(self) -> None:
        if self.refusing is not None:
            raise self.refusing
