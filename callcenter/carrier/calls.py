"""Calls as those who make them see it: placed by a phone, asked for by the product, redirected, spoken into."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from callcenter.carrier import conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.dialling import stay
from callcenter.carrier.execution import Fallback, read, run_call, run_document
from callcenter.carrier.legs import hang_up, new_call, ring
from callcenter.carrier.network import Call, Conference, Participant, Reporting
from callcenter.carrier.numbers import new_number
from callcenter.carrier.twiml import BadTwiML, Document, Verb

_END_ONLY = frozenset({"completed"})


def place_call(carrier: Carrier, *, from_: str, to: str) -> Call:
    """Somebody dials a number: a registered phone rings, any other number is the product's."""
    if to in carrier.network.phones:
        call = new_call(carrier, from_=from_, to=to, direction="inbound")
        call.status = "ringing"
        dial = Verb("Dial", {"timeout": str(carrier.settings.ring_timeout)}, to)
        _begin(call, run_document(carrier, call, Document("", (dial,))))
        return call
    owned = carrier.network.numbers.get(to) or new_number(to, "", settings=carrier.settings, at=carrier.clock.now())
    told = (owned.status_callback, owned.status_callback_method)
    reporting = Reporting(*told, _END_ONLY) if owned.status_callback else None
    call = new_call(carrier, from_=from_, to=to, direction="inbound", reporting=reporting)
    call.status = "ringing"
    fallback = Fallback(owned.voice_fallback_url, owned.voice_fallback_method) if owned.voice_fallback_url else None
    _begin(call, run_call(carrier, call, owned.voice_url, method=owned.voice_method, fallback=fallback))
    return call


def call_out(
    carrier: Carrier,
    *,
    from_: str,
    to: str,
    seconds: float,
    url: str = "",
    method: str = "POST",
    twiml: str = "",
    digits: str = "",
    reporting: Reporting | None = None,
) -> Call:
    """The product asks for a call; once answered it follows the document given or fetched.

    ``digits`` are what a switchboard at the other end hears first: the keys of an extension.
    """
    call = new_call(carrier, from_=from_, to=to, direction="outbound-api", reporting=reporting)

    async def talk() -> None:
        if digits:
            conferences.note(carrier, call, f"keys {digits}")
        if twiml:
            await _run_twiml(carrier, call, twiml)
        else:
            await run_call(carrier, call, url, method=method)

    _begin(call, ring(carrier, call, seconds=seconds, then=talk))
    return call


def invite(
    carrier: Carrier,
    conference: Conference,
    *,
    from_: str,
    to: str,
    label: str,
    seconds: float,
    reporting: Reporting | None,
    conference_reporting: Reporting | None,
    prepare: Callable[[Participant], None],
) -> Call:
    """Rings somebody and, once answered, brings them into a conference."""
    call = new_call(carrier, from_=from_, to=to, direction="outbound-api", reporting=reporting, label=label)
    call.invited_to = conference

    async def talk() -> None:
        # The room may have been closed while the phone rang; Twilio then opens one of the same name.
        room = conference
        if room.status == "completed":
            room = conferences.conference_named(carrier, conference.friendly_name)
        participant = conferences.new_participant(carrier, room, call)
        prepare(participant)
        conferences.join(carrier, room, call, participant, conference_reporting)
        await stay(carrier, call)

    _begin(call, ring(carrier, call, seconds=seconds, then=talk))
    return call


def redirect(carrier: Carrier, call: Call, *, url: str = "", method: str = "POST", twiml: str = "") -> None:
    """Takes a live call away from what it does and gives it another document."""
    if call.task is not None:
        call.task.cancel()
    # Its Dial is over without its action: the new document replaces the old one whole.
    call.on_end.clear()
    if call.participant is not None:
        conferences.leave(carrier, call.participant, reason=conferences.LEFT_BY_API)
    call.bridge = None
    for leg in [leg for leg in carrier.network.live_calls.values() if leg.parent_sid == call.sid]:
        hang_up(carrier, leg)
    _begin(call, _run_twiml(carrier, call, twiml) if twiml else run_call(carrier, call, url, method=method))


def press(carrier: Carrier, call: Call, digits: str) -> None:
    """Presses keys on the telephone of a leg."""
    for digit in digits:
        call.digits.put_nowait(digit)
    conferences.note(carrier, call, f"keys {digits}")
    carrier.network.changed()


def pick_up(call: Call, *, accept: bool) -> bool:
    """Answers or declines a ringing telephone; False when it does not ring."""
    if call.pick_up is None or call.pick_up.done() or call.is_over:
        return False
    call.pick_up.set_result(accept)
    return True


async def _run_twiml(carrier: Carrier, call: Call, twiml: str) -> None:
    try:
        document = read(carrier, call, twiml, carrier.settings.voice_url)
    except BadTwiML:
        hang_up(carrier, call, status="completed" if call.answered_at else "failed")
        return
    await run_document(carrier, call, document)


def _begin(call: Call, work: Coroutine[Any, Any, None]) -> None:
    call.task = asyncio.get_running_loop().create_task(work)
