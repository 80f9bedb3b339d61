"""Pages for people: the telephones, the SMS, the e-mails, an operator's headset."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.templating import Jinja2Templates

from callcenter.carrier.identifiers import is_e164
from callcenter.carrier.legs import phone_of
from callcenter.carrier.mailbox import linked
from callcenter.carrier.network import Network, TextMessage
from callcenter.carrier.rest.shapes import carrier_of
from callcenter.carrier.views import phone_view

router = APIRouter(default_response_class=HTMLResponse)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")

_STATES = {
    "queued": "en attente",
    "sent": "envoyé",
    "delivered": "remis",
    "undelivered": "non remis",
    "failed": "échec",
}

# Changes come in bursts; one redraw for each burst is enough for an eye.
_BURST = 0.08
_HEARTBEAT = 15.0


def _national(number: str) -> str:
    """A French number in pairs; any other as it is."""
    if not (number.startswith("+33") and len(number) == 12):
        return number
    digits = "0" + number[3:]
    return "\u00a0".join(digits[pair : pair + 2] for pair in range(0, 10, 2))


templates.env.filters["national"] = _national


@router.get("/")
async def telephones(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "telephones.html", {"page": "telephones"})


@router.get("/messages")
async def messages(request: Request) -> HTMLResponse:
    recipients: dict[str, list[TextMessage]] = {}
    for message in carrier_of(request).network.messages.values():
        recipients.setdefault(message.to, []).append(message)
    newest_first = sorted(recipients.items(), key=lambda one: one[1][-1].created_at, reverse=True)
    return templates.TemplateResponse(
        request, "messages.html", {"page": "messages", "recipients": newest_first, "states": _STATES}
    )


@router.get("/mails")
async def mails(request: Request) -> HTMLResponse:
    """Newest first; only addresses of the product can be followed: what others write leads nowhere."""
    carrier = carrier_of(request)
    product = urlsplit(carrier.settings.voice_url)
    origin = f"{product.scheme}://{product.netloc}" if product.scheme in {"http", "https"} else ""
    shown = [(one, linked(one.body, origin)) for one in reversed(carrier.network.mailbox.mails.values())]
    return templates.TemplateResponse(request, "mails.html", {"page": "mails", "mails": shown})


@router.get("/handsets/{identity}")
async def handset(request: Request, identity: str) -> HTMLResponse:
    """An operator's headset, made to be embedded: no header forbids it."""
    return templates.TemplateResponse(request, "handset.html", {"address": _address(identity)})


@router.get("/live")
async def live(request: Request) -> StreamingResponse:
    """Says that something changed; the page then reads what it shows."""
    network = carrier_of(request).network
    return _stream(network, lambda: "changed", repeat=True)


@router.get("/live/handsets/{identity}")
async def live_handset(request: Request, identity: str) -> StreamingResponse:
    """The headset's state, each time it changes."""
    carrier = carrier_of(request)
    address = _address(identity)

    def state() -> str:
        seen: dict[str, Any] = phone_view(carrier.network, phone_of(carrier, address))
        return json.dumps(seen["call"], ensure_ascii=False)

    return _stream(carrier.network, state)


def _stream(network: Network, read: Callable[[], str], *, repeat: bool = False) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        last: str | None = None
        with network.listening() as bell:
            while not network.closing:
                bell.clear()
                now = read()
                if repeat or now != last:
                    last = now
                    yield f"data: {now}\n\n"
                try:
                    await asyncio.wait_for(bell.wait(), _HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                await asyncio.sleep(_BURST)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


def _address(identity: str) -> str:
    return identity if is_e164(identity) or identity.startswith("client:") else f"client:{identity}"
