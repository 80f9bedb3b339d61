"""Gather: digits pressed, or a sentence said, on one leg."""

import asyncio
from urllib.parse import urljoin

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.clock import first_of
from callcenter.carrier.network import Call
from callcenter.carrier.playing import play
from callcenter.carrier.twiml import Document, Verb


async def gather(
    carrier: Carrier, call: Call, verb: Verb, document: Document
) -> tuple[str, str, dict[str, str]] | None:
    """Plays what is nested until somebody answers, then says where the answer goes; None when nobody did."""
    kinds = verb.get("input", "dtmf").split()
    _forget(call)
    first = asyncio.ensure_future(_first_answer(call, kinds))
    try:
        for prompt in verb.children:
            playing = asyncio.ensure_future(play(carrier, call, prompt))
            await asyncio.wait([playing, first], return_when=asyncio.FIRST_COMPLETED)
            playing.cancel()
            if first.done():
                break
        timeout = verb.number("timeout", 5)
        if not first.done() and not await first_of(carrier.clock, timeout, first):
            if not verb.flag("actionOnEmptyResult", False):
                return None
            params = {"Digits": ""}
        else:
            name, value = first.result()
            params = {name: value}
            if name == "Digits":
                params["Digits"] = await _more_digits(carrier, call, verb, value, timeout)
            else:
                params["Confidence"] = "1.0"
    finally:
        first.cancel()
    url = urljoin(document.url, verb.get("action"))
    return url, verb.get("method", "POST"), params


def _forget(call: Call) -> None:
    for queue in (call.digits, call.speech):
        while not queue.empty():
            queue.get_nowait()


async def _first_answer(call: Call, kinds: list[str]) -> tuple[str, str]:
    waits: dict[asyncio.Task[str], str] = {}
    if "dtmf" in kinds:
        waits[asyncio.ensure_future(call.digits.get())] = "Digits"
    if "speech" in kinds:
        waits[asyncio.ensure_future(call.speech.get())] = "SpeechResult"
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        answered = done.pop()
        return waits[answered], answered.result()
    finally:
        for wait in waits:
            wait.cancel()


async def _more_digits(carrier: Carrier, call: Call, verb: Verb, first: str, patience: float) -> str:
    digits, wanted, finish = "", verb.number("numDigits", 0), verb.get("finishOnKey", "#")
    pressed = first
    while True:
        if finish and pressed in finish:
            return digits
        digits += pressed
        if wanted and len(digits) >= wanted:
            return digits
        more = asyncio.ensure_future(call.digits.get())
        if not await first_of(carrier.clock, patience, more):
            more.cancel()
            return digits
        pressed = more.result()
