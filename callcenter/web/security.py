"""What every answer carries, and what every writing request must come from."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcenter.core import i18n
from callcenter.web.static_files import is_marked

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CARRIER_HOSTS = "https://*.twilio.com wss://*.twilio.com"  # signalling and quality reports of the vendored library
_CARRIER_SOUNDS = "https://sdk.twilio.com blob: mediastream:"
_CARRIER = "/twilio/"  # signed by the carrier instead


class Guard:
    """Plain ASGI, so that streams pass untouched: same-origin writes, security headers, the request's language."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        softphone_url: str,
        default_language: str,
        softphone_sdk_url: str | None = None,
    ) -> None:
        self._app = app
        self._public = urlsplit(public_url)
        self._language = default_language
        frames = _origin(softphone_url) if softphone_url else "'none'"
        script, connect, media = _telephone(softphone_sdk_url)
        self._policy = (
            f"default-src 'self'; script-src 'self'{script}; connect-src 'self'{connect}; media-src 'self'{media}; "
            "style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
            f"frame-src {frames}; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a write from another site; otherwise pass on and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in _SAFE and not scope["path"].startswith(_CARRIER) and not self._same_origin(headers):
            await PlainTextResponse("Refused: this request comes from another site.", 403)(scope, receive, send)
            return
        i18n.set_language(self._asked_language(headers))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _same_origin(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin")
        # Neither header: not a browser, so no cookie was sent against its owner's will.
        return origin is None or urlsplit(origin).netloc in {self._public.netloc, headers.get("host", "")}

    def _asked_language(self, headers: Headers) -> str:
        for part in headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "language" and value in i18n.LANGUAGES:
                return value
        return self._language

    def _add(self, headers: MutableHeaders, scope: Scope) -> None:
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers["X-Frame-Options"] = "DENY"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self)"
        if scope["path"].startswith("/static/"):
            # With its content's mark in the address a file never changes.
            marked = is_marked(scope["path"], scope["query_string"])
            headers.setdefault("Cache-Control", "public, max-age=31536000, immutable" if marked else "no-cache")
        else:
            headers.setdefault("Cache-Control", "no-store")


def _telephone(sdk_url: str | None) -> tuple[str, str, str]:
    """Where the browser's telephone is loaded from, speaks to and takes its sounds from; None: there is none."""
    if sdk_url is None:
        return "", "", ""
    if not sdk_url:  # the carrier's own, which comes with the product
        return "", f" {_CARRIER_HOSTS}", f" {_CARRIER_SOUNDS}"
    return f" {_origin(sdk_url)}", f" {_origin(sdk_url)}", ""


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
