"""Stand-ins for the outside world, in memory. They keep what they were asked, and can refuse."""

import itertools
import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import (
    RING_FOR,
    CarrierCall,
    CarrierNumber,
    CarrierParticipant,
    CarrierRoom,
    NumberSettings,
)


class FakeProvider:
    """A carrier that does what it is told and remembers it; ``refusing`` makes the gestures fail that way."""

    def __init__(self) -> None:
        self.dialled: list[dict[str, Any]] = []
        self.rung: list[dict[str, str]] = []  # those that follow a document of ours
        self.redirected: list[tuple[str, str]] = []
        self.muted: list[tuple[str, str, bool]] = []
        self.coached: list[tuple[str, str, str | None]] = []
        self.announced: list[tuple[str, str]] = []
        self.recordings: dict[str, str] = {}  # of which leg, by SID; gone once deleted
        self.stopped_recordings: list[str] = []
        self.refused_recordings: set[str] = set()  # for good, whatever is asked of them
        self.loses_answers = False  # of a recording's start: it begins, and nobody is told
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
        self._refuse()
        with self._lock:
            # Keys are pressed only for an ordinary call, whose document brings it into the room: no label is known yet.
            taken = not digits and any((one["conference"], one["label"]) == (conference, label) for one in self.dialled)
            if taken:
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
                    "muted": muted,
                    "coached_sid": coached_sid,
                    "digits": digits,
                    "ring_for": ring_for,
                }
            )
        return sid

    def ring(self, *, to: str, caller: str, document_url: str, status_callback: str) -> str:
        self._refuse()
        sid = f"CA{next(self._numbers):032x}"
        self.rung.append(
            {
                "sid": sid,
                "to": to,
                "caller": caller,
                "document_url": document_url,
                "status_callback": status_callback,
            }
        )
        return sid

    def redirect(self, sid: str, document_url: str) -> None:
        self._refuse()
        self.redirected.append((sid, document_url))

    def set_muted(self, conference: str, sid: str, muted: bool) -> None:
        self._refuse()
        self.muted.append((conference, sid, muted))

    def set_coached(self, conference: str, sid: str, coached_sid: str | None) -> None:
        self._refuse()
        self.coached.append((conference, sid, coached_sid))

    def announce(self, conference: str, document_url: str) -> None:
        self._refuse()
        self.announced.append((conference, document_url))

    def start_recording(self, sid: str) -> str:
        self._refuse()
        recording = f"RE{next(self._numbers):032x}"
        self.recordings[recording] = sid
        if self.loses_answers:
            raise ProviderError("no answer", permanent=False, unknown=True)
        return recording

    def find_recordings(self, call_sid: str) -> list[str]:
        self._refuse()
        return [one for one, of in self.recordings.items() if of == call_sid]

    def stop_recording(self, call_sid: str, recording_sid: str) -> None:
        self._refuse(recording_sid)
        self.stopped_recordings.append(recording_sid)

    def delete_recording(self, recording_sid: str) -> None:
        self._refuse(recording_sid)
        self.recordings.pop(recording_sid, None)

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

    def _refuse(self, recording: str = "") -> None:
        if self.refusing is not None:
            raise self.refusing
        if recording in self.refused_recordings:
            raise ProviderError("not this one", permanent=True)
