"""/network/faults: say what goes wrong, read what went wrong; and answers of the API that go wrong."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.faults import ANSWER_FAULTS, Fault, FaultPlan
from callcenter.carrier.rest.shapes import ApiError, api_error_answer, carrier_of

router = APIRouter(prefix="/network/faults")
_API = "/2010-04-01/"


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seed: int = 0
    chances: dict[Fault, float] = {}
    delay: float = Field(default=5.0, ge=0)
    retry_after: int = Field(default=1, ge=0)
    only: list[str] = []
    at_most: int | None = Field(default=None, ge=0)


@router.put("")
async def begin(request: Request, asked: Asked) -> dict[str, Any]:
    """From now on things go wrong as asked; what went wrong before is forgotten."""
    carrier = carrier_of(request)
    carrier.network.faults.begin(FaultPlan(**asked.model_dump(exclude={"only"}), only=frozenset(asked.only)))
    carrier.network.changed()
    return _view(carrier)


@router.delete("")
async def end(request: Request) -> dict[str, Any]:
    carrier = carrier_of(request)
    carrier.network.faults.begin(None)
    carrier.network.changed()
    return _view(carrier)


@router.get("")
async def read(request: Request) -> dict[str, Any]:
    return _view(carrier_of(request))


def _view(carrier: Carrier) -> dict[str, Any]:
    faults = carrier.network.faults
    return {
        "on": faults.plan is not None,
        "seed": faults.plan.seed if faults.plan else None,
        "faults": [
            {"at": one.at.isoformat(), "fault": one.fault, "kind": one.kind, "about": one.about}
            for one in faults.happened
        ],
    }


class Faulty:
    """The API, some of whose answers go wrong: refused before anything is done, or cut off after it was done."""

    def __init__(self, app: ASGIApp, carrier: Carrier) -> None:
        self._app = app
        self._carrier = carrier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        kind = scope["path"].removesuffix(".json").split("/")[4:5]
        about = f"{scope['method']} {scope['path']}"
        faults = self._carrier.network.faults
        fault = faults.strike("".join(kind), about, self._carrier.clock.now(), ANSWER_FAULTS)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault == "cut":
            await self._app(scope, receive, _half(send))
        else:
            refused = ApiError(429, 20429, "Too Many Requests") if fault == "too_many" else ApiError(503, 20503, "Busy")
            answer = await api_error_answer(Request(scope), refused)
            if fault == "too_many":
                answer.headers["Retry-After"] = str(faults.plan.retry_after if faults.plan else 1)
            await answer(scope, receive, send)


def _half(send: Send) -> Send:
    """Sends the head and half of what it announces, and lets the server drop the connection."""

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.body":
            content = message.get("body", b"")
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            await asyncio.sleep(0)
            return
        await send(message)

    return tell
