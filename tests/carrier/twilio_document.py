"""Every exchange of the product with the stand-in, held against Twilio's own description of its API.

Where the check and the description differ, `strict` and `complaints` say how, and nowhere else.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

DOCUMENT = Path(__file__).parent / "openapi" / "twilio_api_v2010.json"
_API = "/2010-04-01/"
_FORM = "application/x-www-form-urlencoded"
_METHODS = frozenset({"get", "post", "delete"})
_ALWAYS_THERE = frozenset({"sid", "account_sid", "call_sid", "conference_sid", "uri"})


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The description made as strict as Twilio is.

    It calls no field of an answer required and nearly each of them nullable, while Twilio always sends them all (null
    where there is nothing) and never without the identifiers of what it shows. It allows fields beside its own; of
    those the product could read only what is not there in truth. The other way round, it wants a reason of an end
    also from a conference that goes on, of which Twilio says null.
    """
    reason = document["components"]["schemas"]["conference_enum_reason_conference_ended"]
    reason["nullable"] = True
    reason["enum"] = [*reason["enum"], None]
    answers = [schema for schema in document["components"]["schemas"].values() if "properties" in schema]
    for path in document["paths"].values():
        for method in _METHODS & path.keys():
            for answer in path[method]["responses"].values():
                answers += [content["schema"] for content in answer.get("content", {}).values()]
    for schema in answers:
        if "properties" not in schema:
            continue
        schema["required"] = sorted(schema["properties"])
        schema["additionalProperties"] = False
        for name in _ALWAYS_THERE & schema["properties"].keys():
            schema["properties"][name].pop("nullable", None)
    return document


@cache
def _document() -> dict[str, Any]:
    return strict(json.loads(DOCUMENT.read_text()))


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_dict(
        _document(), config=Config(extra_format_validators={"date-time-rfc-2822": _is_date_of_twilio})
    )


def _is_date_of_twilio(value: object) -> bool:
    try:
        return not isinstance(value, str) or parsedate_to_datetime(value).tzinfo is not None
    except ValueError:
        return False


def operations() -> set[str]:
    """Every operation of the description, such as `GET /Calls/{Sid}.json`."""
    return {
        f"{method.upper()} {_short(path)}"
        for path, item in _document()["paths"].items()
        for method in _METHODS & set(item)
    }


def operation_of(method: str, path: str) -> str | None:
    """The operation that a request asks for; None when the description does not have it."""
    for template, item in _document()["paths"].items():
        if method.lower() in item and re.fullmatch(_pattern(template), path):
            return f"{method.upper()} {_short(template)}"
    return None


def _short(template: str) -> str:
    return template.removeprefix("/2010-04-01/Accounts/{AccountSid}")


@cache
def _pattern(template: str) -> str:
    return "".join(
        "[^/]+?" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template) if part
    )


def complaints(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes, status: int, answer: bytes | None
) -> list[str]:
    """What is wrong with one exchange, in the validator's words; nothing when it is as Twilio's.

    A parameter that the description does not have is refused here; Twilio passes over it in silence, which hides a
    name written wrong. Refusals (4xx, 5xx) are not described: their shape is the one the real client reads. What was
    asked need not be right where Twilio says that it is not (400), nor described where there is nothing (404). Of an
    answer that was cut off (None) nothing can be said.
    """
    given = Headers(headers)
    request = MockRequest(
        "https://api.twilio.com",
        method.lower(),
        path,
        headers=dict(given),
        args=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
        data=body,
        content_type=(given.get("content-type") or _FORM).partition(";")[0],
    )
    where = f"{method} {path} ({status})"
    operation = operation_of(method, path)
    found = []
    if status != 400 and not (status == 404 and operation is None):
        found += [f"{where} request: {told}" for told in _wrong_names(operation, query, body)]
        try:
            _openapi().validate_request(request)
        except OpenAPIError as error:
            found.append(f"{where} request: {_why(error)}")
    if answer is None:
        return found
    if status >= 400:
        return found + ([] if _is_refusal(status, answer) else [f"{where} answer: {answer[:200]!r}"])
    try:
        _openapi().validate_response(request, MockResponse(answer, status_code=status))
    except OpenAPIError as error:
        found.append(f"{where} answer: {_why(error)}")
    return found


def _wrong_names(operation: str | None, query: str, body: bytes) -> list[str]:
    if operation is None:
        return []
    method, path = operation.split(" ")
    described = _document()["paths"][f"/2010-04-01/Accounts/{{AccountSid}}{path}"][method.lower()]
    in_query = {one["name"] for one in described.get("parameters", []) if one["in"] == "query"}
    form = described.get("requestBody", {}).get("content", {}).get(_FORM, {}).get("schema", {}).get("properties", {})
    asked = {name for name, _ in parse_qsl(query, keep_blank_values=True)} - in_query
    told = {name for name, _ in parse_qsl(body.decode(), keep_blank_values=True)} - form.keys()
    return [f"no such parameter: {name}" for name in sorted(asked | told)]


def _is_refusal(status: int, answer: bytes) -> bool:
    """Twilio's error body: `code` (also when it is the HTTP status alone), `message`, `more_info`, `status`."""
    try:
        told = json.loads(answer)
    except ValueError:
        return False
    right = {"code": int, "message": str, "more_info": str, "status": int}
    return {name: type(value) for name, value in told.items()} == right and told["status"] == status


def _why(error: BaseException) -> str:
    cause = error.__cause__
    deeper = [one.message for one in getattr(cause, "schema_errors", ())] if cause is not None else []
    return "; ".join([repr(error), repr(cause), *deeper])


class Checked:
    """An application whose exchanges under Twilio's paths are kept, to be held against the description."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.complaints: list[str] = []
        self.operations: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        asked, answered = await _body(receive), bytearray()
        unread, status, is_whole = [asked], 0, False
        operation = operation_of(scope["method"], scope["path"])

        def judge(answer: bytes | None) -> None:
            if operation is not None and status < 400:
                self.operations.add(operation)
            headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
            query = scope["query_string"].decode()
            self.complaints += complaints(scope["method"], scope["path"], query, headers, asked, status, answer)

        async def listen() -> Message:
            return {"type": "http.request", "body": unread.pop()} if unread else await receive()

        async def tell(message: Message) -> None:
            nonlocal status, is_whole
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                is_whole = True
                judge(bytes(answered))
            await send(message)

        await self._app(scope, listen, tell)
        if not is_whole:
            judge(None)


async def _body(receive: Receive) -> bytes:
    """Read before the application does: it may refuse without looking at it."""
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            return bytes(body)
