"""Dial: into a conference, or to other telephones."""

import asyncio
from typing import Any
from urllib.parse import urljoin

from callcenter.carrier import conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.legs import call_params, hang_up, new_call, ring
from callcenter.carrier.network import Call, Reporting
from callcenter.carrier.twiml import Document, Verb
from callcenter.carrier.waiting import keep_company

NextStep = tuple[str, str, dict[str, str]] | None


async def dial(carrier: Carrier, call: Call, verb: Verb, document: Document) -> NextStep:
    """Joins the call to what is nested in Dial and returns the action to follow, if one was given."""
    action = urljoin(document.url, verb.get("action")) if "action" in verb.attributes else ""
    method = verb.get("method", "POST")
    reached: list[Call] = []

    def tell_action() -> None:
        # The action is asked also when the caller hung up; its answer is then of no use to anybody.
        if action:
            params = call_params(call) | _outcome(carrier, reached, "completed")
            carrier.callbacks.report(f"{call.sid}/dial", Reporting(action, method), params)

    call.on_end.append(tell_action)
    noun = next((child for child in verb.children if child.name == "Conference"), None)
    if noun is not None:
        status = await _dial_conference(carrier, call, noun, document)
    else:
        status = await _dial_phones(carrier, call, verb, document, reached)
    if call.is_over:
        return None
    call.on_end.remove(tell_action)
    return (action, method, _outcome(carrier, reached, status)) if action else None


def reporting_in(verb: Verb, base_url: str, *, default: str) -> Reporting | None:
    """The statusCallback attributes of a noun."""
    if not verb.get("statusCallback"):
        return None
    events = frozenset(verb.get("statusCallbackEvent", default).split())
    return Reporting(urljoin(base_url, verb.get("statusCallback")), verb.get("statusCallbackMethod", "POST"), events)


async def stay(carrier: Carrier, call: Call) -> None:
    """Keeps a leg in its conference until it is taken out."""
    participant = call.participant
    if participant is None:
        return
    company = asyncio.ensure_future(keep_company(carrier, participant))
    try:
        await asyncio.wait([participant.gone])
    finally:
        company.cancel()


async def _dial_conference(carrier: Carrier, call: Call, noun: Verb, document: Document) -> str:
    conference = conferences.conference_named(carrier, noun.text)
    label = noun.get("participantLabel")
    if label and conferences.label_is_taken(carrier, conference, label):
        message = f"The participant label {label} is in use by another participant."
        carrier.callbacks.note_error(16025, message, url=document.url, call_sid=call.sid)
        return "failed"
    if not conference.participants:
        conference.max_participants = int(noun.number("maxParticipants", 250))
    if len(conference.participants) >= conference.max_participants:
        carrier.callbacks.note_error(13225, f"The conference {noun.text} is full.", call_sid=call.sid)
        return "failed"
    call.label = label
    participant = conferences.new_participant(carrier, conference, call)
    participant.start_on_enter = noun.flag("startConferenceOnEnter", True)
    participant.end_on_exit = noun.flag("endConferenceOnExit", False)
    participant.muted = noun.flag("muted", False)
    participant.coached_sid = noun.get("coach")
    if "waitUrl" in noun.attributes:
        participant.wait_url = urljoin(document.url, noun.get("waitUrl")) if noun.get("waitUrl") else ""
    participant.wait_method = noun.get("waitMethod", "POST")
    reporting = reporting_in(noun, document.url, default="")
    conferences.join(carrier, conference, call, participant, reporting)
    await stay(carrier, call)
    return "answered"


async def _dial_phones(carrier: Carrier, call: Call, verb: Verb, document: Document, reached: list[Call]) -> str:
    nouns = [child for child in verb.children if child.name in {"Number", "Client"}]
    if not nouns and verb.text:
        nouns = [Verb("Number", text=verb.text)]
    if not nouns:
        return "failed"
    timeout = verb.number("timeout", 30)
    talking: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
    legs = [_ring_one(carrier, call, verb, noun, document, timeout, talking) for noun in nouns]

    def drop_legs() -> None:
        for leg in legs:
            hang_up(carrier, leg)

    call.on_end.append(drop_legs)
    all_over = asyncio.ensure_future(_all_over(legs))
    waits: list[asyncio.Future[Any]] = [talking, all_over]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if talking.done():
            reached.append(talking.result())
        for leg in legs:
            if leg not in reached:
                hang_up(carrier, leg)
        await asyncio.wait([all_over])
    finally:
        all_over.cancel()
    call.bridge = None
    call.on_end.remove(drop_legs)
    return reached[0].status if reached else legs[0].status


def _ring_one(
    carrier: Carrier,
    call: Call,
    verb: Verb,
    noun: Verb,
    document: Document,
    timeout: float,
    talking: "asyncio.Future[Call]",
) -> Call:
    identity = next((child.text for child in noun.children if child.name == "Identity"), noun.text)
    leg = new_call(
        carrier,
        from_=verb.get("callerId") or call.from_,
        to=f"client:{identity}" if noun.name == "Client" else identity,
        direction="outbound-dial",
        reporting=reporting_in(noun, document.url, default="completed"),
    )
    leg.parent_sid = call.sid

    async def talk() -> None:
        if not talking.done() and not call.is_over:  # the first who answers has the caller
            call.bridge, leg.bridge = leg, call
            talking.set_result(leg)
            await leg.ended.wait()

    leg.task = asyncio.get_running_loop().create_task(ring(carrier, leg, seconds=timeout, then=talk))
    return leg


async def _all_over(legs: list[Call]) -> None:
    for leg in legs:
        await leg.ended.wait()


def _outcome(carrier: Carrier, reached: list[Call], status: str) -> dict[str, str]:
    if not reached:
        return {"DialCallStatus": status}
    leg = reached[0]
    lasted = (leg.ended_at or carrier.clock.now()) - (leg.answered_at or carrier.clock.now())
    return {
        "DialCallStatus": status,
        "DialCallSid": leg.sid,
        "DialCallDuration": str(round(lasted.total_seconds())),
        "DialBridged": "true",
    }
