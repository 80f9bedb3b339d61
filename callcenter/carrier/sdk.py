"""/sdk: what a browser loads and speaks to in order to be a telephone. Any site may: the pass says who it is."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.cors import CORSMiddleware

from callcenter.carrier import calls
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.clock import machine_seconds
from callcenter.carrier.legs import hang_up
from callcenter.carrier.network import Call
from callcenter.carrier.sdk_devices import Device, News
from callcenter.carrier.sdk_token import BadToken, Pass, read_token

_LIBRARY = Path(__file__).parent / "static" / "voice-sdk.js"
_BEATS_EVERY = 15.0  # real seconds: proxies close a silent stream
_RETURNS_WITHIN = 5.0  # seconds that a browser whose line is cut may take to come back before its call is over


class Gesture(BaseModel):
    """What a browser does with a call."""

    device: str = Field(min_length=1, max_length=80)
    digits: str = Field(default="", pattern=r"^[0-9*#wW]*$")
    muted: bool = False


def create_sdk(carrier: Carrier) -> FastAPI:
    """An application of its own, since every site may ask it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    app.add_exception_handler(BadToken, _bad_token)
    leaving: set[asyncio.Task[None]] = set()

    @app.get("/voice-sdk.js")
    async def library() -> FileResponse:
        return FileResponse(_LIBRARY, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @app.get("/devices/{name}")
    async def listen(name: str, token: str = "") -> StreamingResponse:
        """Registers a browser for as long as it listens."""
        device = Device(name[:80], (granted := read_token(token, carrier.settings)).address)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

        async def events() -> AsyncIterator[str]:
            carrier.network.devices.connect(device)
            carrier.network.changed()
            try:
                async for line in _stream(device, granted):
                    yield line
            finally:
                carrier.network.devices.disconnect(device)
                carrier.network.changed()
                task = asyncio.get_running_loop().create_task(_end_calls_unless_back(carrier, device))
                leaving.add(task)
                task.add_done_callback(leaving.discard)

        return StreamingResponse(events(), media_type="text/event-stream", headers=headers)

    @app.post("/devices/{name}/leaving", status_code=204)
    async def leave(name: str, request: Request) -> None:
        """The page goes: its calls are over at once."""
        granted = _granted(request, carrier)
        for call in _calls_on(carrier, name):
            if call.to == granted.address:
                hang_up(carrier, call)

    @app.post("/calls/{sid}/{what}")
    async def act(sid: str, what: str, asked: Gesture, request: Request) -> dict[str, Any]:
        """Answers, refuses, ends, mutes a call, or presses keys in it."""
        granted = _granted(request, carrier)
        call = carrier.network.live_calls.get(sid)
        if call is None or call.to != granted.address:
            raise HTTPException(404, "This call is over.")
        _act(carrier, call, what, asked)
        return {"status": call.status, "muted": call.is_silent}

    return app


def _act(carrier: Carrier, call: Call, what: str, asked: Gesture) -> None:
    if what == "accept":
        if call.pick_up is None or call.pick_up.done():
            raise HTTPException(409, "Another browser was faster.")
        call.answered_on = asked.device
        calls.pick_up(call, accept=True)
        return
    if what == "reject":
        calls.pick_up(call, accept=False)
        return
    if call.answered_on != asked.device:
        raise HTTPException(409, "This call is on another telephone.")
    if what == "disconnect":
        hang_up(carrier, call)
    elif what == "mute":
        call.is_silent = asked.muted
        carrier.network.changed()
    elif what == "digits" and asked.digits:
        calls.press(carrier, call, asked.digits.replace("w", "").replace("W", ""))
    else:
        raise HTTPException(404, "There is no such gesture.")


async def _stream(device: Device, granted: Pass) -> AsyncIterator[str]:
    yield _line({"event": "registered"})
    while True:
        left = granted.expires_at - machine_seconds()
        if left <= 0:
            yield _line({"event": "error", "code": "20104"})
            return
        try:
            news = await asyncio.wait_for(device.news.get(), min(left, _BEATS_EVERY))
        except TimeoutError:
            yield ": still here\n\n"
            continue
        if news is None:
            return
        yield _line(news)


async def _end_calls_unless_back(carrier: Carrier, device: Device) -> None:
    if carrier.network.closing or not _calls_on(carrier, device.name):
        return
    await carrier.clock.sleep(_RETURNS_WITHIN)
    if not carrier.network.devices.is_connected(device.name):
        for call in _calls_on(carrier, device.name):
            hang_up(carrier, call)


def _calls_on(carrier: Carrier, name: str) -> list[Call]:
    return [call for call in carrier.network.live_calls.values() if call.answered_on == name]


def _granted(request: Request, carrier: Carrier) -> Pass:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return read_token(token if kind.lower() == "bearer" else "", carrier.settings)


async def _bad_token(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadToken)
    return JSONResponse({"code": error.code, "message": str(error)}, status_code=401)


def _line(news: News) -> str:
    return f"data: {json.dumps(news)}\n\n"
