"""One leg: it rings, is answered, and ends; each step is reported to whoever asked."""

import asyncio
from collections.abc import Awaitable, Callable

from callcenter.carrier import conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.clock import first_of
from callcenter.carrier.identifiers import SidPrefix, is_client, new_sid, rfc2822
from callcenter.carrier.network import Call, Phone, Reporting

# The event of StatusCallbackEvent that each status is told under.
_TOLD_AS = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"}


def new_call(
    carrier: Carrier, *, from_: str, to: str, direction: str, reporting: Reporting | None = None, label: str = ""
) -> Call:
    """A leg the network knows from now on. `direction` is Twilio's: inbound, outbound-api or outbound-dial."""
    call = Call(
        sid=new_sid(SidPrefix.CALL),
        from_=from_,
        to=to,
        direction=direction,  # type: ignore[arg-type]  # one of the two words; mypy sees only str
        created_at=carrier.clock.now(),
        reporting=reporting,
        label=label,
    )
    carrier.network.add_call(call)
    return call


def call_params(call: Call) -> dict[str, str]:
    """What every request about a call carries."""
    params = {
        "CallSid": call.sid,
        "From": call.from_,
        "To": call.to,
        "Caller": call.from_,
        "Called": call.to,
        "CallStatus": call.status,
        "Direction": call.direction,
    }
    for end, address in (("From", call.from_), ("To", call.to)):
        if address.startswith("+"):
            params[f"{end}Country"] = _COUNTRIES.get(address[:3], "")
    if call.parent_sid:
        params["ParentCallSid"] = call.parent_sid
    return params


def phone_of(carrier: Carrier, address: str) -> Phone:
    """Browsers that are registered ring for a person; else the phone put there; an unknown number waits for a person.

    An unknown headset answers by itself where no browser can register, and otherwise is not there.
    """
    if carrier.network.devices.at(address):
        return Phone(address, "person")
    registered = carrier.network.phones.get(address)
    if registered is not None:
        return registered
    if is_client(address) and carrier.settings.api_key_secret:
        return Phone(address, "absent")
    if is_client(address):
        return Phone(address, "auto", carrier.settings.headset_answers_after)
    return Phone(address, "person")


async def ring(carrier: Carrier, call: Call, *, seconds: float, then: Callable[[], Awaitable[None]]) -> None:
    """Rings the telephone at `call.to` for at most `seconds`, and does `then` once it answers; ends the leg."""
    report(carrier, call)
    await carrier.clock.sleep(carrier.settings.ring_after)
    phone = phone_of(carrier, call.to)
    if phone.answers == "unreachable":
        hang_up(carrier, call, status="failed")
        return
    if phone.answers == "absent":  # as Twilio says of a client that is not registered
        hang_up(carrier, call, status="no-answer")
        return
    if phone.answers == "busy":
        hang_up(carrier, call, status="busy")
        return
    call.status = "ringing"
    call.pick_up = asyncio.get_running_loop().create_future()
    carrier.network.devices.ring(call)
    report(carrier, call)
    carrier.network.changed()
    if phone.answers == "auto" and phone.after_seconds < seconds:
        if not await first_of(carrier.clock, phone.after_seconds, call.pick_up):
            call.pick_up.set_result(True)
    elif not await first_of(carrier.clock, seconds, call.pick_up):
        hang_up(carrier, call, status="no-answer")
        return
    if not call.pick_up.result():
        hang_up(carrier, call, status="busy")
        return
    carrier.network.devices.picked_up(call)
    answer(carrier, call)
    sayings = asyncio.get_running_loop().create_task(_say_what_it_says(carrier, call, phone))
    call.on_end.append(lambda: None if sayings.done() else _cancel(sayings))
    await then()
    hang_up(carrier, call)


def answer(carrier: Carrier, call: Call) -> None:
    """The conversation begins; a second time changes nothing."""
    if call.answered_at is None and not call.is_over:
        call.status, call.answered_at = "in-progress", carrier.clock.now()
        report(carrier, call)
        carrier.network.changed()


def hang_up(carrier: Carrier, call: Call, *, status: str | None = None) -> None:
    """Ends a leg: out of its room, away from whoever it was joined to, and told to whoever asked."""
    if call.is_over:
        return
    call.status = status or ("completed" if call.answered_at else "canceled")
    call.ended_at = carrier.clock.now()
    carrier.network.live_calls.pop(call.sid, None)
    carrier.network.devices.over(call)
    invited_to, call.invited_to = call.invited_to, None
    if call.participant is not None:
        conferences.leave(carrier, call.participant, reason=conferences.LEFT_BY_HANG_UP)
    if invited_to is not None:
        conferences.discard_if_empty(carrier, invited_to)
    for act in call.on_end:
        act()
    call.on_end.clear()
    report(carrier, call)
    call.ended.set()
    # A leg that ends itself is about to return; cancelling it would only cancel its last words.
    if call.task is not None and call.task is not asyncio.current_task():
        _cancel(call.task)
    carrier.network.changed()


def report(carrier: Carrier, call: Call) -> None:
    """Posts the leg's status where it was asked for; sequence numbers count the events of this leg."""
    reporting, sequence = call.reporting, call.sequence
    call.sequence += 1
    if reporting is None or not reporting.url or _TOLD_AS.get(call.status, "completed") not in reporting.events:
        return
    params = call_params(call) | {
        "CallStatus": "initiated" if call.status == "queued" else call.status,
        "SequenceNumber": str(sequence),
        "Timestamp": rfc2822(carrier.clock.now()) or "",
        "CallbackSource": "call-progress-events",
    }
    if call.is_over:
        params |= {"CallDuration": str(call.seconds()), "Duration": str(-(-call.seconds() // 60))}
        params["SipResponseCode"] = _SIP_CODES[call.status]
    carrier.callbacks.report(call.sid, reporting, params)


async def _say_what_it_says(carrier: Carrier, call: Call, phone: Phone) -> None:
    for text in phone.says:
        await carrier.clock.sleep(carrier.settings.pause_between_sayings)
        conferences.speak(carrier, call, text)


def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()


_COUNTRIES = {"+33": "FR", "+32": "BE", "+41": "CH", "+35": "LU", "+26": "RE", "+59": "GP"}
_SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "404"}
