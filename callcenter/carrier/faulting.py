"""/network/faults: say what goes wrong, read what went wrong; and answers of the API that go wrong."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.faults import ANSWER_FAULTS, CALLBACK_FAULTS, MAIL_FAULTS, Fault, FaultPlan
from callcenter.carrier.rest.shapes import ApiError, api_error_answer, carrier_of

router = APIRouter(prefix="/network/faults")
_API = "/2010-04-01/"


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seed: int = 0
    chances: dict[Fault, Annotated[float, Field(ge=0, le=1)]] = {}
    delay: float = Field(default=5.0, ge=0)
    retry_after: int = Field(default=1, ge=0)
    only: list[str] = []
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _at_most_one_each(self) -> "Asked":
        for among in (CALLBACK_FAULTS, ANSWER_FAULTS, MAIL_FAULTS):
            if sum(self.chances.get(fault, 0.0) for fault in among) > 1:
                raise ValueError(f"the chances of {', '.join(among)} add up to more than 1")
        return self


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
        "plan": {**asdict(faults.plan), "only": sorted(faults.plan.only)} if faults.plan else None,
        "counts": faults.counts(),
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
        word = "".join(scope["path"].removesuffix(".json").split("/")[4:5])
        carrier, kind = self._carrier, f"{scope['method']} {word}"
        faults = carrier.network.faults
        fault = faults.strike(kind, word, f"{scope['method']} {scope['path']}", carrier.clock.now(), ANSWER_FAULTS)
        if fault is None:
            await self._app(scope, receive, send)
            return
        carrier.network.changed()
        if fault == "cut":
            await self._app(scope, receive, _half(send))
        elif fault == "slow":
            await self._app(scope, receive, _late(send, carrier))
        elif fault == "error_after":
            await self._app(scope, receive, _unheard)
            await _refuse(scope, receive, send, ApiError(500, 20500, "Internal Server Error"))
        elif fault == "too_many":
            after = str(faults.plan.retry_after if faults.plan else 1)
            await _refuse(scope, receive, send, ApiError(429, 20429, "Too Many Requests"), retry_after=after)
        else:
            await _refuse(scope, receive, send, ApiError(503, 20503, "Busy"))


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: ApiError, *, retry_after: str = "") -> None:
    answer = await api_error_answer(Request(scope), refused)
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    await answer(scope, receive, send)


async def _unheard(_message: Message) -> None:
    """Nobody hears what was answered."""


def _late(send: Send, carrier: Carrier) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            await carrier.clock.sleep(carrier.network.faults.plan.delay if carrier.network.faults.plan else 0.0)
        await send(message)

    return tell


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
