"""Executes TwiML on one leg, document after document, until the call ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin

import httpx

from callcenter.carrier import conferences, dialling, gathering
from callcenter.carrier.callbacks import Unreachable
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.legs import answer, call_params, hang_up
from callcenter.carrier.network import Call
from callcenter.carrier.playing import play
from callcenter.carrier.twiml import BadTwiML, Document, Verb, parse

APPLICATION_ERROR = "Une erreur d'application s'est produite. Au revoir."

# Verbs that leave the call ringing: the first other one answers it.
_BEFORE_ANSWER = frozenset({"Reject", "Pause", "Redirect", "Hangup"})


class _NoDocument(Exception):
    """There is nothing to go on with; `reached` tells a refusal from a failed connection."""

    def __init__(self, *, reached: bool) -> None:
        self.reached = reached


@dataclass(frozen=True)
class Fallback:
    """Where a document is asked for when the first address gives none."""

    url: str
    method: str


async def run_call(
    carrier: Carrier, call: Call, url: str, *, method: str = "POST", fallback: Fallback | None = None
) -> None:
    """Fetches the document that decides what happens to a call, and executes it to the end."""
    try:
        document = await _fetch(carrier, call, url, method, {}, fallback=fallback)
    except _NoDocument as failure:
        await _fail(carrier, call, reached=failure.reached)
        return
    await run_document(carrier, call, document)


async def run_document(carrier: Carrier, call: Call, document: Document) -> None:
    """Executes a document and those it leads to; hangs up at the end."""
    following: Document | None = document
    try:
        while following is not None and not call.is_over:
            following = await _execute(carrier, call, following)
    except _NoDocument as failure:
        await _fail(carrier, call, reached=failure.reached)
        return
    hang_up(carrier, call)


def read(carrier: Carrier, call: Call, content: str | bytes, url: str) -> Document:
    """Parses a document; a bad one is kept among the errors and BadTwiML raised."""
    try:
        return parse(content, url)
    except BadTwiML as error:
        carrier.callbacks.note_error(error.code, error.message, url=url, call_sid=call.sid)
        raise


async def _execute(carrier: Carrier, call: Call, document: Document) -> Document | None:
    for verb in document.verbs:
        if call.is_over:
            return None
        if verb.name == "Hangup":
            return None
        if verb.name == "Reject":
            if call.answered_at is None:
                hang_up(carrier, call, status="busy" if verb.get("reason") == "busy" else "no-answer")
            return None
        if verb.name not in _BEFORE_ANSWER:
            answer(carrier, call)
        if verb.name == "Redirect":
            return await _fetch(carrier, call, urljoin(document.url, verb.text), verb.get("method", "POST"), {})
        perform = _VERBS.get(verb.name)
        if perform is None:
            message = f"<{verb.name}> is not a verb this carrier knows; it was passed over."
            carrier.callbacks.note_error(12200, message, url=document.url, call_sid=call.sid)
            continue
        next_step = await perform(carrier, call, verb, document)
        if next_step is not None:
            url, method, params = next_step
            return await _fetch(carrier, call, url, method, params)
    return None


async def _fetch(
    carrier: Carrier, call: Call, url: str, method: str, params: dict[str, str], *, fallback: Fallback | None = None
) -> Document:
    try:
        content = await carrier.callbacks.request(url, call_params(call) | params, method=method)
        return read(carrier, call, _twiml_in(content), urldefrag(url).url)
    except Unreachable as error:
        carrier.callbacks.note_error(11200, str(error), url=url, call_sid=call.sid)
        reached, code = error.status is not None, "11200"
    except BadTwiML as error:
        reached, code = True, str(error.code)
    if fallback is None:
        raise _NoDocument(reached=reached)
    return await _fetch(carrier, call, fallback.url, fallback.method, {"ErrorCode": code, "ErrorUrl": url})


def _twiml_in(answer: httpx.Response) -> bytes | str:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    # Twilio reads a text/plain answer aloud; an empty one ends the call in silence.
    if not answer.content.strip():
        return "<Response/>"
    if kind == "text/plain":
        return f"<Response><Say><![CDATA[{answer.text.replace(']]>', '')}]]></Say></Response>"
    return answer.content


async def _fail(carrier: Carrier, call: Call, *, reached: bool) -> None:
    conferences.announce(carrier, call, "carrier", APPLICATION_ERROR)
    await carrier.clock.sleep(len(APPLICATION_ERROR) / carrier.settings.characters_per_second)
    # Nobody was reached and nothing answered the call: it failed. Otherwise it took place, badly.
    hang_up(carrier, call, status=None if call.answered_at else ("completed" if reached else "failed"))


NextStep = tuple[str, str, dict[str, str]] | None
_Perform = Callable[[Carrier, Call, Verb, Document], Awaitable[NextStep]]


async def _play(carrier: Carrier, call: Call, verb: Verb, _: Document) -> NextStep:
    await play(carrier, call, verb)
    return None


_VERBS: dict[str, _Perform] = {
    "Say": _play,
    "Play": _play,
    "Pause": _play,
    "Gather": gathering.gather,
    "Dial": dialling.dial,
}
