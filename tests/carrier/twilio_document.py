"""Every exchange of the product with the stand-in, held against Twilio's own description of its API.

Where the description and Twilio differ, `strict` says how, and nowhere else.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

_DOCUMENT = Path(__file__).parent / "openapi" / "twilio_api_v2010.json"
_API = "/2010-04-01/"


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The description made as strict as Twilio is.

    It calls no field of an answer required, while Twilio always sends them all (null where there is nothing).
    The other way round, it wants a reason of an end also from a conference that goes on, of which Twilio says null.
    """
    reason = document["components"]["schemas"]["conference_enum_reason_conference_ended"]
    reason["nullable"] = True
    reason["enum"] = [*reason["enum"], None]
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["required"] = sorted(schema["properties"])
    for path in document["paths"].values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            for answer in operation.get("responses", {}).values():
                for content in answer.get("content", {}).values():
                    if "properties" in content["schema"]:
                        content["schema"]["required"] = sorted(content["schema"]["properties"])
    return document


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_dict(strict(json.loads(_DOCUMENT.read_text())))


def complaints(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes, status: int, answer: bytes
) -> list[str]:
    """What is wrong with one exchange, in the validator's words; nothing when it is as Twilio's."""
    given = Headers(headers)
    request = MockRequest(
        "https://api.twilio.com",
        method.lower(),
        path,
        headers=dict(given),
        args=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
        data=body,
        content_type=(given.get("content-type") or "application/x-www-form-urlencoded").partition(";")[0],
    )
    where = f"{method} {path} ({status})"
    if status >= 400:
        told = json.loads(answer)
        # The description has no errors: their shape is the one the real client reads.
        right = {name: type(told.get(name)) for name in ("code", "message", "more_info", "status")}
        fine = right == {"code": int, "message": str, "more_info": str, "status": int} and told["status"] == status
        return [] if fine else [f"{where}: {told}"]
    found = []
    try:
        _openapi().validate_request(request)
    except OpenAPIError as error:
        found.append(f"{where} request: {_why(error)}")
    try:
        _openapi().validate_response(request, MockResponse(answer, status_code=status))
    except OpenAPIError as error:
        found.append(f"{where} answer: {_why(error)}")
    return found


def _why(error: BaseException) -> str:
    cause = error.__cause__
    deeper = [one.message for one in getattr(cause, "schema_errors", ())] if cause is not None else []
    return "; ".join([repr(error), repr(cause), *deeper])


class Checked:
    """An application whose exchanges under Twilio's paths are kept, to be held against the description."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.complaints: list[str] = []
        self.exchanges = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()
        status = 0

        async def listen() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
                self.exchanges += 1
                self.complaints += complaints(
                    scope["method"],
                    scope["path"],
                    scope["query_string"].decode(),
                    headers,
                    bytes(asked),
                    status,
                    bytes(answered),
                )
            await send(message)

        await self._app(scope, listen, tell)
