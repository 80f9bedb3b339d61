"""How Twilio's API is asked and answers: credentials, forms, errors, pages."""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.network import Reporting

PATH = "/2010-04-01/Accounts/{account_sid}"


class ApiError(Exception):
    """An error in Twilio's shape; `code` is Twilio's, `status` the HTTP one."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def not_found(request: Request) -> ApiError:
    return ApiError(404, 20404, f"The requested resource {request.url.path} was not found")


async def api_error_answer(_: Request, error: Exception) -> JSONResponse:
    """Twilio's error body."""
    assert isinstance(error, ApiError)
    body = {
        "code": error.code,
        "message": error.message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else None
    return JSONResponse(body, status_code=error.status, headers=headers)


def carrier_of(request: Request) -> Carrier:
    carrier: Carrier = request.app.state.carrier
    return carrier


async def account(request: Request, account_sid: str) -> Carrier:
    """The carrier, once the credentials are right (20003 otherwise)."""
    carrier = carrier_of(request)
    user, _, password = _basic(request.headers.get("authorization", "")).partition(":")
    settings = carrier.settings
    known = secrets.compare_digest(user.encode(), settings.account_sid.encode())
    right = secrets.compare_digest(password.encode(), settings.auth_token.encode())
    if not (known and right and account_sid == settings.account_sid):
        raise ApiError(401, 20003, "Authenticate")
    return carrier


class Form:
    """A form-encoded body, read the way Twilio reads it."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    async def of(cls, request: Request) -> "Form":
        form = await request.form()
        return cls([(name, value) for name, value in form.multi_items() if isinstance(value, str)])

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[-1]

    def flag(self, name: str) -> bool | None:
        """None when absent: what is not asked for stays as it is."""
        return None if name not in self._values else self.text(name).lower() == "true"

    def seconds(self, name: str, default: float) -> float:
        try:
            return float(self.text(name))
        except ValueError:
            return default

    def reporting(self, prefix: str, default: frozenset[str]) -> Reporting | None:
        """`<prefix>`, `<prefix>Method` and `<prefix>Event` (repeated, or separated by spaces)."""
        url = self.text(prefix)
        if not url:
            return None
        events = frozenset(" ".join(self._values.get(f"{prefix}Event", [])).replace(",", " ").split())
        return Reporting(url, self.text(f"{prefix}Method", "POST") or "POST", events or default)


def page(request: Request, key: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One page of a list, with Twilio's paging fields."""
    size = min(max(_integer(request.query_params.get("PageSize"), 50), 1), 1000)
    number = max(_integer(request.query_params.get("Page"), 0), 0)
    start = number * size
    shown = list(rows[start : start + size])
    more = start + size < len(rows)
    return {
        key: shown,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": _page_uri(request, number, size),
        "first_page_uri": _page_uri(request, 0, size),
        "previous_page_uri": _page_uri(request, number - 1, size) if number else None,
        "next_page_uri": _page_uri(request, number + 1, size) if more else None,
    }


def _page_uri(request: Request, number: int, size: int) -> str:
    query = {**request.query_params, "PageSize": str(size), "Page": str(number)}
    return f"{request.url.path}?{urlencode(query)}"


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _basic(header: str) -> str:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
