"""The port towards Twilio, through its own library, at whatever address the settings name."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from callcenter.core.config import Settings
from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import (
    RING_FOR,
    CarrierCall,
    CarrierNumber,
    CarrierParticipant,
    CarrierRoom,
    NumberSettings,
)
from callcenter.telephony.twilio_client import NOT_FOUND, open_client, told, unless_gone

if TYPE_CHECKING:
    from twilio.rest import Client

_GESTURE_TIMEOUT = 2.0  # seconds: somebody is waiting
_MESSAGE_TIMEOUT = 10.0
_INSPECTION_TIMEOUT = 5.0  # nobody waits, but the next look is due in 20 s
_LIVE = ("queued", "ringing", "in-progress")
_NUMBER_SETTINGS = [field.name for field in fields(NumberSettings)]
_NOT_ARRIVING = frozenset({"failed", "undelivered", "canceled"})
_CONFERENCE_EVENTS = ["start", "end", "join", "leave", "mute", "hold", "modify"]
_LEG_EVENTS = ["initiated", "ringing", "answered", "completed"]


class TwilioProvider:
    """Twilio's REST API. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Both log requests with their parameters, which hold telephone numbers, the lower one at DEBUG.
        for chatty in ("twilio.http_client", "urllib3.connectionpool"):
            logging.getLogger(chatty).setLevel(logging.WARNING)

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
        """Ring a telephone and bring it into the named room."""
        special: dict[str, Any] = {"muted": True} if muted else {}
        if coached_sid is not None:
            special |= {"coaching": True, "call_sid_to_coach": coached_sid}
        if digits:
            # The API of participants presses no keys: such a telephone is rung by itself, and comes in by its document.
            from callcenter.telephony.twiml import brought_in

            document = brought_in(
                conference, label=label, conference_callback=conference_callback, muted=muted, coached_sid=coached_sid
            )
            return self._ring_with_digits(
                digits, to=to, caller=caller, status_callback=status_callback, document=document
            )
        with told():
            participant = self._gestures.conferences(conference).participants.create(
                from_=caller,
                to=to,
                label=label,
                timeout=ring_for,
                beep="false",
                jitter_buffer_size="small",
                start_conference_on_enter=True,
                end_conference_on_exit=False,
                status_callback=status_callback,
                status_callback_event=_LEG_EVENTS,
                conference_status_callback=conference_callback,
                conference_status_callback_event=_CONFERENCE_EVENTS,
                **special,
            )
        return str(participant.call_sid)

    def _ring_with_digits(self, digits: str, *, to: str, caller: str, status_callback: str, document: str) -> str:
        with told():
            call = self._gestures.calls.create(
                from_=caller,
                to=to,
                twiml=document,
                send_digits=digits,
                timeout=RING_FOR,
                status_callback=status_callback,
                status_callback_event=_LEG_EVENTS,
            )
        return str(call.sid)

    def ring(self, *, to: str, caller: str, document_url: str, status_callback: str) -> str:
        """Ring a telephone that follows a document of ours."""
        with told():
            call = self._gestures.calls.create(
                from_=caller,
                to=to,
                url=document_url,
                method="POST",
                timeout=RING_FOR,
                status_callback=status_callback,
                status_callback_event=_LEG_EVENTS,
            )
        return str(call.sid)

    def redirect(self, sid: str, document_url: str) -> None:
        """Send one leg to a document of ours."""
        with told():
            self._gestures.calls(sid).update(url=document_url, method="POST")

    def set_muted(self, conference: str, sid: str, muted: bool) -> None:
        """Mute one leg or not."""
        with told():
            self._participant(conference, sid).update(muted=muted)

    def set_coached(self, conference: str, sid: str, coached_sid: str | None) -> None:
        """Whisper to one leg, or speak to the room."""
        with told():
            if coached_sid is None:
                self._participant(conference, sid).update(coaching=False)
            else:
                self._participant(conference, sid).update(coaching=True, call_sid_to_coach=coached_sid, muted=False)

    def announce(self, conference: str, document_url: str) -> None:
        """Say something to the whole room."""
        with told():
            for sid in self._open_rooms(conference):
                self._gestures.conferences(sid).update(announce_url=document_url, announce_method="POST")

    def start_recording(self, sid: str) -> str:
        """Record one leg."""
        with told():
            recording = self._gestures.calls(sid).recordings.create()
        return str(recording.sid)

    def find_recordings(self, call_sid: str) -> Sequence[str]:
        """Every recording of one leg."""
        with told():
            # Also of a leg that is over: "Twilio.CURRENT" knows only what records now.
            found = unless_gone(self._gestures.calls(call_sid).recordings.list) or []
        return [str(one.sid) for one in found]

    def stop_recording(self, call_sid: str, recording_sid: str) -> None:
        """End a recording."""
        with told():
            unless_gone(partial(self._gestures.calls(call_sid).recordings(recording_sid).update, status="stopped"))

    def delete_recording(self, recording_sid: str) -> None:
        """Forget a recording."""
        with told():
            unless_gone(self._inspections.recordings(recording_sid).delete)

    def end_conference(self, conference: str) -> None:
        """Send everybody out of the named room."""
        with told():
            for sid in self._open_rooms(conference):
                unless_gone(partial(self._gestures.conferences(sid).update, status="completed"))

    def hang_up(self, sid: str) -> None:
        """End one leg."""
        with told():
            unless_gone(partial(self._gestures.calls(sid).update, status="completed"))

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        """Hold one leg or take it back."""
        with told():
            self._participant(conference, sid).update(hold=on_hold)

    def send_sms(self, *, to: str, sender: str, body: str, status_callback: str) -> str:
        """Send a text."""
        with told():
            message = self._messages.messages.create(to=to, from_=sender, body=body, status_callback=status_callback)
        return str(message.sid)

    def find_sms(self, *, to: str, body: str) -> Sequence[str]:
        """Look a text up by what it said; the list comes newest first."""
        with told():
            found = self._messages.messages.list(to=to, limit=50)
        return [str(text.sid) for text in found if text.body == body and text.status not in _NOT_ARRIVING]

    def live_calls(self) -> Sequence[CarrierCall]:
        """Every leg that is not over."""
        with told():
            # One request per status: the list takes a single one.
            return [_call(call) for status in _LIVE for call in self._inspections.calls.list(status=status)]

    def calls_since(self, since: datetime) -> Sequence[CarrierCall]:
        """Every leg that began at or after this instant."""
        with told():
            return [_call(call) for call in self._inspections.calls.list(start_time_after=since)]

    def find_call(self, sid: str) -> CarrierCall | None:
        """One leg, over or not."""
        with told():
            found = unless_gone(self._inspections.calls(sid).fetch)
        return None if found is None else _call(found)

    def open_rooms(self) -> Sequence[CarrierRoom]:
        """Every conference that is open."""
        with told():
            found = self._inspections.conferences.list(status="in-progress")
        return [CarrierRoom(sid=str(room.sid), name=str(room.friendly_name)) for room in found]

    def participants(self, room: CarrierRoom) -> Sequence[CarrierParticipant]:
        """Who is in an open conference."""
        with told():
            found = unless_gone(self._inspections.conferences(room.sid).participants.list) or []
        return [
            CarrierParticipant(
                call_sid=str(one.call_sid),
                label=str(one.label or ""),
                on_hold=bool(one.hold),
                muted=bool(one.muted),
                coaching=bool(one.coaching),
                is_connected=str(one.status) == "connected",
            )
            for one in found
        ]

    def sms_status(self, sid: str) -> tuple[str, str | None] | None:
        """What became of a text."""
        with told():
            found = unless_gone(self._inspections.messages(sid).fetch)
        return None if found is None else (str(found.status), str(found.error_code) if found.error_code else None)

    def numbers(self) -> Sequence[CarrierNumber]:
        """Every number owned."""
        with told():
            found = self._inspections.incoming_phone_numbers.list()
        return [
            CarrierNumber(
                sid=str(one.sid),
                number=str(one.phone_number),
                settings=NumberSettings(**{name: str(getattr(one, name) or "") for name in _NUMBER_SETTINGS}),
                answered_by=str(one.trunk_sid or one.voice_application_sid or ""),
            )
            for one in found
        ]

    def set_number(self, sid: str, settings: NumberSettings) -> None:
        """Change what a number does when it is dialled."""
        with told():
            self._inspections.incoming_phone_numbers(sid).update(**asdict(settings))

    def _participant(self, conference: str, sid: str) -> Any:
        rooms = self._open_rooms(conference)
        if not rooms:
            raise ProviderError("the conference is over", permanent=True, code=NOT_FOUND)
        return self._gestures.conferences(rooms[0]).participants(sid)

    def _open_rooms(self, conference: str) -> list[str]:
        # Only creating a participant takes a name; everything else wants the SID of the room open now.
        found = self._gestures.conferences.list(friendly_name=conference, status="in-progress", limit=5)
        return [str(room.sid) for room in found]

    @cached_property
    def _gestures(self) -> "Client":
        return open_client(self, self._settings, timeout=_GESTURE_TIMEOUT)

    @cached_property
    def _inspections(self) -> "Client":
        return open_client(self, self._settings, timeout=_INSPECTION_TIMEOUT)

    @cached_property
    def _messages(self) -> "Client":
        return open_client(self, self._settings, timeout=_MESSAGE_TIMEOUT)


def _call(found: Any) -> CarrierCall:
    return CarrierCall(
        sid=str(found.sid),
        status=str(found.status),
        direction=str(found.direction),
        from_number=str(found._from or ""),
        to_number=str(found.to or ""),
        parent_sid=str(found.parent_call_sid or ""),
        began_at=found.date_created,
        ended_at=found.end_time,
    )
