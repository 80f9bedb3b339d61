"""Rooms: who joins, holds, leaves, what is said in them, and what the product is told about it."""

import asyncio

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.identifiers import SidPrefix, new_sid, rfc2822
from callcenter.carrier.network import Call, Conference, Line, Participant, Reporting

# Which word of statusCallbackEvent asks for which events.
_ASKED_BY = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
}
CONFERENCE_EVENTS = frozenset({*_ASKED_BY.values(), "speaker", "announcement"})
LEFT_BY_HANG_UP = "participant_hung_up"
LEFT_BY_API = "participant_updated_via_api"
ENDED_BY_API = "conference-ended-via-api"


def conference_named(carrier: Carrier, name: str) -> Conference:
    """The open room of that name, created when there is none."""
    found = carrier.network.open_conference(name)
    if found is None:
        found = Conference(new_sid(SidPrefix.CONFERENCE), name, carrier.clock.now())
        carrier.network.add_conference(found)
    return found


def label_is_taken(carrier: Carrier, conference: Conference, label: str) -> bool:
    """Whether a participant, or a leg still ringing for this room, has that label."""
    return any(
        call.label == label
        for call in carrier.network.live_calls.values()
        if (call.participant and call.participant.conference is conference) or call.invited_to is conference
    )


def join(
    carrier: Carrier, conference: Conference, call: Call, participant: Participant, reporting: Reporting | None
) -> None:
    """Puts a leg into a room. The first who joins decides where the room's events are sent."""
    if not conference.reporting_settled:
        conference.reporting, conference.reporting_settled = reporting, True
    conference.participants[call.sid] = participant
    call.participant, call.invited_to = participant, None
    if participant.muted or participant.coaching:
        note(carrier, call, _audible(participant))
    _report(carrier, conference, "participant-join", participant)
    if conference.status == "init" and participant.start_on_enter:
        conference.status = "in-progress"
        _report(carrier, conference, "conference-start", participant)
    carrier.network.changed()


def new_participant(carrier: Carrier, conference: Conference, call: Call) -> Participant:
    return Participant(call, conference, carrier.clock.now(), asyncio.get_running_loop().create_future())


def leave(carrier: Carrier, participant: Participant, *, reason: str) -> None:
    """Takes a leg out of its room; the last to leave, or one whose leaving ends it, ends the conference."""
    conference, call = participant.conference, participant.call
    if conference.participants.pop(call.sid, None) is None:
        return
    call.participant = None
    _report(carrier, conference, "participant-leave", participant, ReasonParticipantLeft=reason)
    if not participant.gone.done():
        participant.gone.set_result(reason)
    kicked = reason != LEFT_BY_HANG_UP
    if participant.end_on_exit and conference.participants:
        why = "participant-with-end-conference-on-exit-" + ("kicked" if kicked else "left")
        end(carrier, conference, reason=why, ended_by=call.sid)
    elif not conference.participants:
        end(carrier, conference, reason="last-participant-" + ("kicked" if kicked else "left"), ended_by=call.sid)
    carrier.network.changed()


def end(carrier: Carrier, conference: Conference, *, reason: str, ended_by: str | None = None) -> None:
    """Closes a room; whoever is left in it goes on with their own document."""
    if conference.status == "completed":
        return
    conference.status, conference.updated_at = "completed", carrier.clock.now()
    conference.reason_ended, conference.ended_by = reason, ended_by
    carrier.network.open_conferences.pop(conference.sid, None)
    for participant in list(conference.participants.values()):
        del conference.participants[participant.call.sid]
        participant.call.participant = None
        _report(carrier, conference, "participant-leave", participant, ReasonParticipantLeft=LEFT_BY_API)
        if not participant.gone.done():
            participant.gone.set_result(LEFT_BY_API)
    ending = {"CallSidEndingConference": ended_by} if ended_by else {}
    _report(carrier, conference, "conference-end", None, ReasonConferenceEnded=reason, **ending)
    carrier.network.changed()


def discard_if_empty(carrier: Carrier, conference: Conference) -> None:
    """Closes, without a word, a room that was only ever rung for."""
    rung_for = any(call.invited_to is conference for call in carrier.network.live_calls.values())
    if conference.status == "init" and not conference.participants and not rung_for:
        conference.status, conference.updated_at = "completed", carrier.clock.now()
        carrier.network.open_conferences.pop(conference.sid, None)


def change(
    carrier: Carrier,
    participant: Participant,
    *,
    muted: bool | None = None,
    hold: bool | None = None,
    coached_sid: str | None = None,
    end_on_exit: bool | None = None,
) -> None:
    """Applies what is asked and reports what really changed."""
    conference = participant.conference
    # The real one ignores it in silence for somebody on hold; a product that relied on it must see it here.
    if end_on_exit is not None and not participant.hold:
        participant.end_on_exit = end_on_exit
    if muted is not None and muted != participant.muted:
        participant.muted = muted
        _report(carrier, conference, "participant-mute" if muted else "participant-unmute", participant)
    if hold is not None and hold != participant.hold:
        participant.hold = hold
        note(carrier, participant.call, "held" if hold else "resumed")
        _report(carrier, conference, "participant-hold" if hold else "participant-unhold", participant)
    if coached_sid is not None and coached_sid != participant.coached_sid:
        participant.coached_sid = coached_sid
        note(carrier, participant.call, _audible(participant))
        _report(carrier, conference, "participant-modify", participant)
    conference.updated_at = carrier.clock.now()
    carrier.network.changed()


def speak(carrier: Carrier, call: Call, text: str) -> None:
    """Says a sentence into a leg: heard by those who share the conversation and are not on hold."""
    at = carrier.clock.now()
    call.lines.append(Line(at, call.who, text, "said"))
    call.speech.put_nowait(text)
    for listener in _listeners(call):
        listener.lines.append(Line(at, call.who, text))
    carrier.network.changed()


def announce(carrier: Carrier, call: Call, who: str, text: str) -> None:
    """What the carrier itself plays to one leg: `voice`, `music` or `carrier`."""
    if call.lines and (call.lines[-1].who, call.lines[-1].text) == (who, text) and who == "music":
        return  # music that goes on is one line
    call.lines.append(Line(carrier.clock.now(), who, text))
    carrier.network.changed()


def note(carrier: Carrier, call: Call, text: str) -> None:
    """A fact about the line itself (held, resumed), for those who read it; nobody hears it."""
    call.lines.append(Line(carrier.clock.now(), "carrier", text, "note"))


def _audible(participant: Participant) -> str:
    if participant.muted:
        return "heard by nobody"
    if not participant.coaching:
        return "heard by everybody"
    coached = participant.conference.participants.get(participant.coached_sid)
    return f"heard by {coached.call.who} alone" if coached else "heard by nobody"


def _listeners(call: Call) -> list[Call]:
    if call.is_silent:
        return []
    if call.bridge is not None:
        return [call.bridge]
    me = call.participant
    if me is None or me.hold or me.muted or not me.conference.is_conversation:
        return []
    others = (one for one in me.conference.participants.values() if one is not me and not one.hold)
    return [one.call for one in others if not me.coaching or one.call.sid == me.coached_sid]


def _report(carrier: Carrier, conference: Conference, event: str, participant: Participant | None, **more: str) -> None:
    for present in conference.participants.values():
        present.stirred.set()
    conference.sequence += 1
    conference.updated_at = carrier.clock.now()
    reporting = conference.reporting
    if reporting is None or not reporting.url or _ASKED_BY[event] not in reporting.events:
        return
    params = {
        "ConferenceSid": conference.sid,
        "FriendlyName": conference.friendly_name,
        "StatusCallbackEvent": event,
        "SequenceNumber": str(conference.sequence),
        "Timestamp": rfc2822(carrier.clock.now()) or "",
        **more,
    }
    if participant is not None:
        params |= {
            "CallSid": participant.call.sid,
            "Muted": _word(participant.muted),
            "Hold": _word(participant.hold),
            "Coaching": _word(participant.coaching),
            "StartConferenceOnEnter": _word(participant.start_on_enter),
            "EndConferenceOnExit": _word(participant.end_on_exit),
        }
        if participant.call.label:
            params["ParticipantLabel"] = participant.call.label
        if participant.coaching:
            params["CallSidToCoach"] = participant.coached_sid
    carrier.callbacks.report(conference.sid, reporting, params)


def _word(flag: bool) -> str:
    return "true" if flag else "false"
