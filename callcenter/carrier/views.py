"""What those who ask see of the network, as plain JSON."""

from typing import Any

from callcenter.carrier.identifiers import is_client, is_e164
from callcenter.carrier.mailbox import Mail
from callcenter.carrier.network import Call, Line, Network, Phone, TextMessage


def call_view(network: Network, call: Call) -> dict[str, Any]:
    """A leg: its state, who is with it, and the conversation as its telephone heard it."""
    with_ = companions(call)
    return {
        "sid": call.sid,
        "status": call.status,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "label": call.label,
        "created_at": call.created_at.isoformat(),
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
        "rings": call.pick_up is not None and not call.pick_up.done() and not call.is_over,
        "in_conference": call.participant is not None,
        "conference": call.participant.conference.friendly_name if call.participant else None,
        "hold": call.participant.hold if call.participant else False,
        "muted": call.participant.muted if call.participant else False,
        "silent": call.is_silent,
        "with": [other.who for other in with_],
        "with_names": [network.name_of(other) for other in with_],
        "with_held": [other.participant is not None and other.participant.hold for other in with_],
        "heard": [_line(line) for line in call.lines if line.kind == "heard"],
        "transcript": [_line(line) | {"kind": line.kind} for line in call.lines],
    }


def companions(call: Call) -> list[Call]:
    """The other legs of the same conversation."""
    if call.bridge is not None:
        return [call.bridge]
    if call.participant is None:
        return []
    return [one.call for one in call.participant.conference.participants.values() if one.call is not call]


def phone_view(network: Network, phone: Phone) -> dict[str, Any]:
    """A telephone, its call if it has one, and what was said on it (of the last call, when it is over)."""
    call = network.call_at(phone.address)
    last = call or next((one for one in reversed(network.calls.values()) if one.phone_address == phone.address), None)
    seen = call_view(network, call) if call else None
    return {
        "address": phone.address,
        "name": phone.name,
        "answers": phone.answers,
        "after_seconds": phone.after_seconds,
        "says": phone.says,
        "state": "idle" if seen is None else ("ringing" if seen["rings"] else "in_call"),
        "call": seen,
        "transcript": call_view(network, last)["transcript"] if last else [],
    }


def message_view(message: TextMessage) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "at": message.updated_at.isoformat(),
    }


def mail_view(mail: Mail) -> dict[str, Any]:
    """An e-mail, what it says as text; `copies` counts how often it came."""
    return {
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "body": mail.body,
        "headers": dict(mail.headers),
        "copies": mail.copies,
        "at": mail.at.isoformat(),
    }


def state_view(network: Network) -> dict[str, Any]:
    """Counts, for whoever wonders what is going on."""
    return {
        "calls": _count(call.status for call in network.calls.values()),
        "live_calls": len(network.live_calls),
        "conferences": _count(one.status for one in network.conferences.values()),
        "messages": _count(message.status for message in network.messages.values()),
        "mails": len(network.mailbox.mails),
        "errors": len(network.errors),
    }


def board_view(network: Network, sids: list[str]) -> dict[str, Any]:
    """The page of telephones: the calls it follows, those that ring for a person, and how many others there are."""
    mine = [network.calls[sid] for sid in sids if sid in network.calls]
    rings = [
        call
        for call in network.live_calls.values()
        if call not in mine
        and call.pick_up is not None
        and not call.pick_up.done()
        and is_e164(call.to)
        and (call.to not in network.phones or network.phones[call.to].answers == "person")
    ]
    shown = {call.sid for call in (*mine, *rings)}
    others = [call for call in network.live_calls.values() if call.sid not in shown and not is_client(call.to)]
    return {
        "calls": [call_view(network, call) for call in mine],
        "ringing": [call_view(network, call) for call in rings],
        "others": [
            {"sid": call.sid, "status": call.status, "who": network.name_of(call), "to": call.to}
            for call in others[-12:]
        ],
        "others_count": len(others),
        "numbers": [{"number": owned.number, "label": owned.label} for owned in network.numbers.values()],
    }


def _line(line: Line) -> dict[str, str]:
    return {"at": line.at.isoformat(), "who": line.who, "text": line.text}


def _count(statuses: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for status in statuses:
        counted[status] = counted.get(status, 0) + 1
    return counted
